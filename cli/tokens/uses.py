"""What of this home signs with a key: its authorities, OCSP signers, its time-stamp service."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from cryptography import x509

from cli.files import read_small
from cli.homes.home import Home
from hsm.objects import certified_key
from hsm.tokens import TokenInfo
from hsm.uri import SCHEME, KeyURI
from pki.keys import PublicKey
from pki.register.sql import open_register

TIMESTAMP, AUDIT = "timestamp", "audit"


def users_of_key(
    home: Home, token: TokenInfo, key_id: bytes, public_keys: Collection[PublicKey]
) -> tuple[str, ...]:
    """Return the names of what signs with the key: `NAME`, `ocsp:AUTHORITY`, `timestamp`.

    A key is known by its address and by its public half, since either may be written otherwise.

    Raises:
        PKIError: the register or a certificate file of the home cannot be read: what is not known
            is not taken for unused.
    """
    users: list[tuple[str, str, x509.Certificate]] = []
    if home.has_register:
        register = open_register(home.register)
        try:
            users += [
                (one.name, one.key_uri, x509.load_der_x509_certificate(one.certificate_der))
                for one in register.list_authorities()
            ]
        finally:
            register.close()
    settings = home.settings
    for responder in settings.responders:
        name = f"ocsp:{responder.authority}"
        users.append((name, responder.key, _read(home.path(responder.certificate))))
    if settings.timestamp is not None:
        certificate = _read(home.path(settings.timestamp.certificate))
        users.append((TIMESTAMP, settings.timestamp.key, certificate))
    if settings.audit is not None:
        users.append((AUDIT, settings.audit.key, _read(home.path(settings.audit.certificate))))
    return tuple(
        name
        for name, uri, certificate in users
        if certified_key(certificate) in public_keys
        or _names(uri, token, key_id, is_shown=bool(public_keys))
    )


def _names(uri_text: str, token: TokenInfo, key_id: bytes, *, is_shown: bool) -> bool:
    """Say whether an address means the key; one without an id may mean a key that shows nothing."""
    if not uri_text.startswith(SCHEME):
        return False
    uri = KeyURI.parse(uri_text)
    return uri.fits(token) and (uri.id == key_id or (uri.id is None and not is_shown))


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(read_small(path))
