"""Who goes on in the place of an authority that is retired for issuing."""

from __future__ import annotations

from pki.errors import AuthorityRetiredError
from pki.profile import Profile
from pki.records import Register


def successor_of(register: Register, name: str) -> str:
    """Return who issues in an authority's place today; its own name while it does so itself."""
    # Ends: who is retired cannot become a successor.
    while (record := register.find_succession(name)) is not None:
        name = record.successor
    return name


def check_issues(register: Register, name: str) -> None:
    """Refuse to issue in the name of a retired authority.

    Raises:
        AuthorityRetiredError: it is retired.
    """
    record = register.find_succession(name)
    if record is not None:
        raise AuthorityRetiredError(authority=name, successor=successor_of(register, name))


def serves_the_retired(profile: Profile) -> bool:
    """Say whether a retired authority may issue this: the signers of its OCSP answers alone.

    What it issued is asked about until its end, and only the authority that issued a certificate
    can delegate the answers.

    Spec: RFC 6960 §4.2.2.2.
    """
    return profile.extended_key_usage == ("OCSPSigning",)
