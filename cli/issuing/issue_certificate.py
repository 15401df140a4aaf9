"""Issues one certificate as an administrator asks for it on the command line."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from cli.actor import actor
from cli.errors import BadOptionError
from cli.files import read_small
from cli.homes.office import Office
from pki.authority.issuance import Order
from pki.keys import PublicKey
from pki.request import CertificateRequest, parse_request
from pki.subject import Subject, build_subject


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin cert issue`."""

    ca: str
    profile: str
    csr: Path | None
    key: str | None
    subject: Path | None
    settings: tuple[str, ...]
    request_id: str | None = None


def issue_certificate(office: Office, wanted: Wanted) -> x509.Certificate:
    """Issue the certificate; of a request that is made again, return the one issued then.

    Raises:
        BadOptionError: not exactly one of request and key, or a subject that cannot be read.
        PKIError: any refusal of the authority.
    """
    _check_one(wanted.csr, wanted.key)
    profile = office.profile(wanted.profile)
    subject = subject_of_options(wanted)
    source = key_source(office, csr=wanted.csr, key=wanted.key)
    authority = office.authority(wanted.ca)
    public_key = source.public_key if isinstance(source, CertificateRequest) else source
    return authority.certify(
        Order(public_key, profile, subject, actor(), request_id=wanted.request_id)
    )


def key_source(
    office: Office, *, csr: Path | None, key: str | None
) -> CertificateRequest | PublicKey:
    """Return what holds the public key: a request, or a key that can be opened here.

    Raises:
        BadOptionError: not exactly one of the two.
        PKIError: the request is refused, or whatever the token answers.
    """
    _check_one(csr, key)
    if csr is not None:
        return parse_request(read_small(csr))
    # Opening the key is the proof of possession: only who has the PIN can name it here.
    return office.open_key(key or "").public_key()


def _check_one(csr: Path | None, key: str | None) -> None:
    if (csr is None) == (key is None):
        raise BadOptionError(option="--csr/--key", value="-", form="--csr FILE | --key URI")


def subject_of_options(wanted: Wanted) -> Subject:
    """Return whom the options name.

    Raises:
        BadOptionError: a file that is no TOML, or a setting without a value.
        SubjectInvalidError: it is nobody who can be named in a certificate.
    """
    pairs = _from_file(wanted.subject) if wanted.subject else []
    for setting in wanted.settings:
        short, equals, value = setting.partition("=")
        if not equals:
            raise BadOptionError(option="--set", value=setting, form="KEY=VALUE")
        pairs.append((short.strip(), value))
    return build_subject(pairs)


def _from_file(path: Path) -> list[tuple[str, str]]:
    try:
        table = tomllib.loads(read_small(path).decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadOptionError(option="--subject", value=path.name, form="TOML") from error
    pairs: list[tuple[str, str]] = []
    for short, value in table.items():
        pairs += [(short, str(one)) for one in (value if isinstance(value, list) else [value])]
    return pairs
