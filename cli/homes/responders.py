"""Gives an authority that is new in a home its OCSP signer, and names it in `antin.toml`.

The signer is the home's own once more: the key that answers for the authority before, or else for
another one, is certified by the new authority under the same name. So no PIN of the services is
needed, and what runs takes it up without one. A key of its own is made by hand.

1. The certificate is issued, or found, where an interruption came after it.
2. Its file is written, beside that of the other.
3. `antin.toml` names both: from here on the services answer.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.actor import actor
from cli.errors import ServiceFaultyError
from cli.files import read_small
from cli.homes.change_settings import add_table
from cli.homes.home import get_home
from cli.homes.office import Office
from cli.homes.own_signers import OwnSigner, lacks_responder
from cli.homes.settings import Responder
from pki.atomic import write_atomically
from pki.authority.authority import Authority
from pki.authority.succession import successor_of
from pki.errors.files import OutputExistsError
from pki.errors.tree import PKIError
from pki.upkeep.due import find_issuers
from pki.upkeep.signer import delegate_answers

_PROFILE = "ocsp"


def reread(office: Office) -> Office:
    """Return the office with the OCSP signers that `antin.toml` names now; all else stays.

    Raises:
        NoHomeError: `antin.toml` is gone.
        PKIError: it cannot be read, or is not valid.
    """
    home = office.home
    found = get_home(home.directory, office.session.configuration).settings.responders
    if found == home.settings.responders:
        return office
    settings = home.settings.model_copy(update={"responders": found})
    return replace(office, home=replace(home, settings=settings))


def make_responder(office: Office, authority: Authority) -> Responder | None:
    """Make the OCSP signer of an authority that has none.

    Args:
        office: the home, which is held for changing it.
        authority: for whom, with its key.

    Returns:
        What `antin.toml` names now; None where none is wanted: a root, one that has its signer, a
        home that answers for nobody.

    Raises:
        ServiceFaultyError: no signer of the home is in force.
        OutputExistsError: a file that is not this signer's has its name.
        PKIError: any refusal of `pki.authority.issuance`; `antin.toml` cannot be changed.
    """
    office = reread(office)
    name = authority.issuer.name
    if not lacks_responder(office.home, office.register, name):
        return None
    like, certificate = _model(office, name)
    issuers = find_issuers(office.register, certificate)
    profile = office.profile(issuers.profile if issuers else _PROFILE)
    made = delegate_answers(authority, certificate, profile, requester=actor())
    file = like.certificate.with_name(f"ocsp-{name}.pem")
    _write(office.home.path(file), made)
    told = {"authority": name, "certificate": file.as_posix(), "key": like.key}
    add_table(configuration_of(office), "[[responders]]", told)
    return Responder(authority=name, certificate=file, key=like.key)


def configuration_of(office: Office) -> Path:
    """Return where the configuration lies."""
    return office.session.configuration or office.home.directory / "antin.toml"


def tell_responder(office: Office, authority: Authority) -> str | None:
    """Make the signer, tell what came of it on stderr, and return its file's name.

    A refusal undoes nothing of what was done before: upkeep tries again, and an alarm tells of it.
    """
    session, name = office.session, authority.issuer.name
    try:
        made = make_responder(office, authority)
    except PKIError as error:
        reason = f"{session.word(error.code, **error.facts)} [{error.code}]"
        session.tell("cli.ca.responder_failed", name=name, reason=reason)
        return None
    if made is None:
        return None
    file = made.certificate.as_posix()
    session.tell("cli.ca.responder_made", name=name, file=file)
    return file


def _model(office: Office, name: str) -> tuple[Responder, x509.Certificate]:
    """Return a signer in force: that of whom the authority follows, else another."""
    home, register = office.home, office.register
    responders = home.settings.responders
    following = sorted(responders, key=lambda one: successor_of(register, one.authority) != name)
    for one in following:
        try:
            certificate = OwnSigner(home.path(one.certificate)).certificate()
        except PKIError:
            continue  # an alarm tells of it
        issuers = find_issuers(register, certificate)
        serial = certificate.serial_number
        if issuers is None or register.find_revocation(issuers.by, serial) is None:
            return one, certificate
    raise ServiceFaultyError(what=following[0].certificate.name)


def _write(path: Path, certificate: x509.Certificate) -> None:
    """Write a new file; one that holds just this was left by an interruption."""
    pem = certificate.public_bytes(Encoding.PEM)
    if path.exists():
        if read_small(path) == pem:
            return
        raise OutputExistsError(path=path)
    write_atomically(path, pem, overwrite=False)
