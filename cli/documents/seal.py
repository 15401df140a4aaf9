"""Seals the report on paper: signs it as any other document is signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cli.documents.judge import ReportTarget
from cli.documents.sign_wishes import SignWishes
from cli.documents.signer import SignerSearch, certificates_in, find_signer
from cli.errors import BadOptionError
from cli.homes.home import Home
from cli.homes.keys import PINs
from cli.homes.outside import outside_of
from cli.session import Session
from signing.sign import Signatory

_NAME = "report.pdf"


def check_seal(key: str, target: ReportTarget | None) -> None:
    """Check that a seal goes with the report on paper about one document.

    Raises:
        BadOptionError: it goes with another one, with several, or with none.
    """
    if target is None or target.kind != "pdf" or target.folder:
        raise BadOptionError(option="--seal", value=key, form="--report pdf=FILE --seal KEY")


def find_seal(
    session: Session, home: Home, key: str, certificate: Path | None, pin_source: str | None
) -> Callable[[bytes], bytes]:
    """Return what seals a document; the PIN is asked for when it does.

    Args:
        session: whose clock, and who is asked.
        home: its level, its time-stamp services and its trust anchors.
        key: as `antin sign --key` names it.
        certificate: of a key that lies in a file.
        pin_source: where the PIN comes from.

    Raises:
        PKIError: there is no such key, or the home's settings do not let it sign.
    """
    options = SignWishes(display="none").options(home)
    # A report is no paper that a competent person signs before the agency does.
    alone = options.display.model_copy(update={"agency_alone": True})
    options = replace(options, display=alone)
    outside = outside_of(session, home)
    issuers = (*outside.trust.anchors, *certificates_in(home.authorities))
    search = SignerSearch(home, PINs(session, home, pin_source), outside.policy, issuers)
    located = find_signer(search, key, certificate)
    signatory = Signatory(located.signer, options, outside.signing(session.clock))

    def seal(data: bytes) -> bytes:
        return signatory.sign(data, name=_NAME).data

    return seal
