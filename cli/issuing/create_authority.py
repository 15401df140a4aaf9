"""Makes an authority as an administrator asks for it on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from cli.actor import actor
from cli.errors import BadOptionError
from cli.homes.keys import open_modules
from cli.homes.office import Office
from hsm.certificates import find_place, put_certificate
from hsm.generate import make_key
from hsm.search import find_token
from hsm.uri import KeyURI
from pki.atomic import write_atomically
from pki.authority.authority import Authority
from pki.authority.create import NewAuthority, check_new, create_issuing, create_root
from pki.errors.files import OutputExistsError
from pki.errors.tree import PKIError
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
    # Before a key is made: a key that no authority came to use would be left on the token.
    check_new(wanted.name, profile, office.register, parent=parent)
    folders = [office.home.authorities] + ([office.home.directory / "trust"] if not parent else [])
    _check_free(folders, wanted.name)
    blocked = office.blocked_keys()
    uri = wanted.key or _make_key(office, wanted)

    def make() -> Authority:
        new = NewAuthority(
            name=wanted.name,
            subject=subject,
            key=office.open_key(uri),
            key_uri=uri,
            profile=profile,
            urls=AuthorityURLs.under(url, wanted.name),
            requester=actor(),
            blocked=blocked,
        )
        if parent is None:
            return create_root(new, office.register, office.session.clock)
        return create_issuing(parent, new)

    try:
        authority = make()
    except PKIError:
        if wanted.key is None:
            office.session.tell("cli.ca.key_left", key=uri, name=wanted.name)
        raise
    for folder in folders:
        _write(folder, authority)
    if wanted.key is None:
        _keep_certificate(office, uri, authority)
    authority.issue_crl(requester=actor())
    return authority


def _make_key(office: Office, wanted: Wanted) -> str:
    if wanted.token is None or wanted.key_type is None:
        form = "--key URI | --token LABEL --key-type TYPE"
        raise BadOptionError(option="--key", value="-", form=form)
    modules = open_modules(office.home, session=office.session)
    module, token = find_token(modules, KeyURI(token=wanted.token))
    name, key_type = wanted.name, wanted.key_type
    made = office.pins.retrying(
        lambda: make_key(module, token, office.pins, label=name, key_type=key_type)
    )
    return str(made.uri)


def _keep_certificate(office: Office, uri: str, authority: Authority) -> None:
    """Put the certificate beside the key; this process is logged in to that token already."""
    certificate = authority.issuer.certificate
    modules = open_modules(office.home, session=office.session)
    put_certificate(find_place(modules, KeyURI.parse(uri), certificate), certificate, office.pins)


def _check_free(folders: list[Path], name: str) -> None:
    for folder in folders:
        if _file(folder, name).exists():
            raise OutputExistsError(path=_file(folder, name))


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.pem"


def _write(folder: Path, authority: Authority) -> None:
    pem = authority.issuer.certificate.public_bytes(Encoding.PEM)
    write_atomically(_file(folder, authority.issuer.name), pem, overwrite=False)
