"""Opens an encrypted document: with the password given, else as everybody may.

Spec: ISO 32000-2 §7.6.4 (standard security handler), table 22 (permissions).
"""

from __future__ import annotations

from dataclasses import dataclass

from pyhanko.pdf_utils.crypt import AuthResult, AuthStatus, StandardSecurityHandler
from pyhanko.pdf_utils.crypt.api import PdfMacStatus, SecurityHandlerVersion
from pyhanko.pdf_utils.crypt.permissions import StandardPermissions
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.reader import PdfFileReader

from verify.errors import (
    BrokenPDFError,
    EncryptedForCertificatesError,
    EncryptedPDFError,
    UnsupportedEncryptionError,
    WrongPasswordError,
)
from verify.password import NO_PASSWORD, Password

_AES_128 = 16
"""Octets."""
_FIRST_REVISION = 2
"""Of the handler: in its time filling in was not told from commenting."""


@dataclass(frozen=True, slots=True)
class Access:
    """What an encrypted document permits whoever opened it."""

    owner: bool
    """Opened with the owner's password, which permits everything."""
    may_fill: bool
    """Fill in fields that are there, signature fields too."""
    may_create: bool
    """Add fields, signature fields too."""
    may_extract: bool
    """Take texts and pages out of it."""
    has_mac: bool
    """An integrity code goes with the encryption (ISO/TS 32004)."""


def unlock(reader: PdfFileReader, *, name: str, password: Password | None) -> Access | None:
    """Have the reader decrypt what it reads; None for a document that is not encrypted.

    Args:
        reader: has read nothing but the cross-references.
        name: the document's, for messages.
        password: the user's or the owner's; not used where the document does not need it.

    Raises:
        EncryptedPDFError: it needs a password, and none was given.
        WrongPasswordError: the one given is neither.
        EncryptedForCertificatesError: it is encrypted for holders of certificates.
        UnsupportedEncryptionError: it is encrypted in a way that is not read: revision 5, which
            its maker gave up.
        BrokenPDFError: its integrity code is wrong.
    """
    if not reader.encrypted:
        return None
    handler = reader.security_handler
    if not isinstance(handler, StandardSecurityHandler):
        raise EncryptedForCertificatesError(name=name)
    given = reader.encrypt_dict or DictionaryObject()
    if handler.version.value is None or handler.revision.value is None:
        raise UnsupportedEncryptionError(name=name, revision=str(given["/R"])[:20])
    if handler.version is SecurityHandlerVersion.RC4_OR_AES128 and "/Length" not in given:
        handler.keylen = _AES_128  # it stands in the filter alone; pyHanko 0.38 takes 40 bits
    tried = NO_PASSWORD if password is None else password
    result = _try(reader, tried, name)
    if result.status is AuthStatus.FAILED and password is not None:
        result = _try(reader, NO_PASSWORD, name)
    if result.status is AuthStatus.FAILED:
        raise EncryptedPDFError(name=name) if password is None else WrongPasswordError(name=name)
    owner = result.status is AuthStatus.OWNER
    return Access(
        owner=owner,
        may_fill=owner or _may_fill(handler),
        may_create=owner or _may_create(handler),
        may_extract=owner or StandardPermissions.ALLOW_CONTENT_EXTRACTION in handler.perms,
        has_mac=bool(handler.pdf_mac_enabled),
    )


def _try(reader: PdfFileReader, password: Password, name: str) -> AuthResult:
    result = reader.decrypt(password.reveal())
    if result.mac_status is PdfMacStatus.FAILED:
        raise BrokenPDFError(name=name, reason=f"MAC: {result.mac_failure_reason}"[:200])
    return result


def _may_fill(handler: StandardSecurityHandler) -> bool:
    filling = StandardPermissions.ALLOW_ANNOTS_FORM_FILLING
    if handler.revision.value > _FIRST_REVISION:
        filling |= StandardPermissions.ALLOW_FORM_FILLING
    return bool(handler.perms & filling)


def _may_create(handler: StandardSecurityHandler) -> bool:
    both = (
        StandardPermissions.ALLOW_MODIFICATION_GENERIC
        | StandardPermissions.ALLOW_ANNOTS_FORM_FILLING
    )
    return handler.perms & both == both
