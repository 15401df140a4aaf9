"""Makes an authority as an administrator asks for it on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from cli.actor import actor
from cli.errors import BadOptionError
from cli.homes.keys import open_modules
from cli.homes.office import Office
from hsm.generate import generate_key, import_certificate
from hsm.module import Module
from hsm.pin import Pin
from hsm.search import find_token
from hsm.tokens import TokenInfo
from hsm.uri import KeyURI
from pki.atomic import write_atomically
from pki.authority.authority import Authority
from pki.authority.create import NewAuthority, create_issuing, create_root
from pki.keys import KeyType
from pki.subject import parse_subject
from pki.urls import AuthorityURLs


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin ca create`."""

    name: str
    profile: str
    subject: str
    parent: str | None
    key: str | None
    key_type: KeyType | None
    token: str | None


def create_authority(office: Office, wanted: Wanted) -> Authority:
    """Make the authority; its key is made on a token first, unless one is named.

    Raises:
        BadOptionError: neither a key nor a token to make one on.
        PKIError: any refusal of the authority above or of the token.
    """
    url = office.public_url()
    subject = parse_subject(wanted.subject)
    profile = office.profile(wanted.profile)
    parent = office.authority(wanted.parent) if wanted.parent else None
    place = None if wanted.key else _make_key(office, wanted)
    uri = wanted.key or str(place.uri if place else "")
    new = NewAuthority(
        name=wanted.name,
        subject=subject,
        key=office.open_key(uri),
        key_uri=uri,
        profile=profile,
        urls=AuthorityURLs.under(url, wanted.name),
        requester=actor(),
    )
    if parent is None:
        authority = create_root(new, office.register, office.session.clock)
        _write(office.home.directory / "trust", authority)
    else:
        authority = create_issuing(parent, new)
    if place is not None:
        certificate = authority.issuer.certificate
        import_certificate(place.module, place.token.label, place.pin, place.uri, certificate)
    _write(office.home.authorities, authority)
    authority.issue_crl(requester=actor())
    return authority


@dataclass(frozen=True, slots=True)
class _MadeKey:
    module: Module
    token: TokenInfo
    pin: Pin
    uri: KeyURI


def _make_key(office: Office, wanted: Wanted) -> _MadeKey:
    if wanted.token is None or wanted.key_type is None:
        form = "--key URI | --token LABEL --key-type TYPE"
        raise BadOptionError(option="--key", value="-", form=form)
    module, token = find_token(
        open_modules(office.home, session=office.session), KeyURI(token=wanted.token)
    )
    pin = office.pins.ask(token)
    uri = generate_key(module, token.label, pin, label=wanted.name, key_type=wanted.key_type)
    return _MadeKey(module, token, pin, uri)


def _write(folder: Path, authority: Authority) -> None:
    pem = authority.issuer.certificate.public_bytes(Encoding.PEM)
    write_atomically(folder / f"{authority.issuer.name}.pem", pem, overwrite=False)
