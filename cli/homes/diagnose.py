"""Looks at the tokens of a home and of this machine: for `antin token doctor`, `antin doctor`."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509

from cli.homes.found_modules import discover_of, module_uses
from cli.homes.home import Home
from cli.session import Session
from hsm.doctor.diagnosis import Diagnosis, diagnose
from hsm.doctor.finding import Finding
from hsm.doctor.look import EmbeddedStore, Wishes, look_at
from hsm.embedded import EmbeddedTokens
from pki.errors.tree import PKIError
from pki.words import say
from signing.check import check_algorithm, check_usage
from verify.policy_file import load_policy


def diagnose_home(session: Session, home: Home, *, search: bool) -> Diagnosis:
    """Return what is right and wrong with the tokens; nobody logs in.

    Args:
        session: its clock says which certificates are in force.
        home: whose modules, and whose policy says what is for signing.
        search: look for modules on the system, whether the home uses them or not.

    Raises:
        PKIError: the home's policy cannot be read.
    """
    tokens = home.settings.tokens
    embedded = _open_store(home) if tokens.embedded else None
    wishes = Wishes(_fits(home), session.clock.now(), module_uses(home), searches=tokens.searches)
    return diagnose(look_at(discover_of(home, search=search), wishes, embedded))


def sentence(finding: Finding, session: Session) -> str:
    """Return what was found, in the run's language."""
    return say(finding.code, finding.facts, session.language)


def advice(finding: Finding, session: Session) -> str:
    """Return what to do about it."""
    return say(f"{finding.code}.hint", finding.facts, session.language)


def _open_store(home: Home) -> EmbeddedStore:
    try:
        module = EmbeddedTokens(home.tokens).module()
    except PKIError as error:
        return EmbeddedStore(home.tokens, None, error)
    return EmbeddedStore(module.path, module)


def _fits(home: Home) -> Callable[[x509.Certificate], bool]:
    policy = load_policy(home.settings.verify.policy)

    def fits(certificate: x509.Certificate) -> bool:
        check_usage(certificate, policy)
        check_algorithm(certificate, policy)
        return True

    return fits
