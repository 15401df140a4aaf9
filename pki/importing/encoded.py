"""Certificates and revocation lists out of PEM, DER and PKCS #7, whatever else stands around them.

Private keys are neither decoded nor kept. What may hold a revocation and cannot be read is an
error that stops the import; what can only be a copy of a certificate is a warning.

Spec: RFC 7468; RFC 5652 §5.1.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import warnings
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from pki import der
from pki.errors.files import MalformedDERError
from pki.errors.tree import phrase
from pki.importing.material import CertificateCopy, Claim, ListCopy, Material, is_usable_serial

MAX_FILE = 256 * 1024 * 1024
"""Octets of one file; a list of 5 million entries has fewer."""
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----")
_LABELS = {
    b"CERTIFICATE": "certificate",
    b"X509 CERTIFICATE": "certificate",
    b"X509 CRL": "list",
    b"PKCS7": "bag",
    b"CMS": "bag",
}
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_CONTEXT_0, _CONTEXT_1 = 0xA0, 0xA1
_UNREADABLE = (
    ValueError,
    TypeError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_WITHOUT_REASON = x509.ReasonFlags.unspecified


def read_file(path: Path, material: Material, *, may_revoke: bool) -> bytes | None:
    """Return a file's octets; None, with a finding, where it cannot be read or is too large.

    Args:
        path: the file.
        material: takes the finding.
        may_revoke: whether a revocation may stand in it: then the finding is an error.
    """
    note = material.error if may_revoke else material.warn
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        note(str(path), phrase("pki.importing.unreadable", reason=error.strerror or ""))
        return None
    if len(data) > MAX_FILE:
        note(str(path), phrase("pki.importing.too_large", octets=MAX_FILE))
        return None
    return data


def take_file(path: Path, material: Material, *, is_list: bool = False) -> None:
    """Take every certificate and list out of a file.

    Args:
        path: PEM, DER, or PKCS #7 in one of both.
        material: takes what is found, and the findings.
        is_list: whether its name says that it is a revocation list.
    """
    data = read_file(path, material, may_revoke=is_list)
    if data is not None:
        take_octets(data, str(path), material, is_list=is_list)


def take_octets(data: bytes, place: str, material: Material, *, is_list: bool = False) -> None:
    """Take every certificate and list out of octets, as `take_file`."""
    if b"-----BEGIN " in data:
        blocks = 0
        for match in _BLOCK.finditer(data):
            blocks += 1
            kind = _LABELS.get(match[1])
            if kind is not None:
                _take_block(kind, match[2], place, material)
        if blocks != data.count(b"-----BEGIN "):
            material.error(place, phrase("pki.importing.broken_pem"))
        return
    for take in (take_certificate, take_list, _take_bag):
        if take(data, place, material):
            return
    note = material.error if is_list else material.warn
    note(place, phrase("pki.importing.unknown_content"))


def _take_block(kind: str, text: bytes, place: str, material: Material) -> None:
    take: Callable[[bytes, str, Material], bool]
    take, words = {
        "certificate": (take_certificate, phrase("pki.importing.certificate_unread")),
        "list": (take_list, phrase("pki.importing.list_unread")),
        "bag": (_take_bag, phrase("pki.importing.bag_unread")),
    }[kind]
    try:
        taken = take(b64decode(b"".join(text.split()), validate=True), place, material)
    except binascii.Error:
        taken = False
    if not taken:
        (material.warn if kind == "certificate" else material.error)(place, words)


def take_certificate(data: bytes, place: str, material: Material) -> bool:
    """Take one certificate; False where the octets are none."""
    try:
        with warnings.catch_warnings():  # of serials that are 0 or negative: judged below
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            certificate = x509.load_der_x509_certificate(data)
            serial = certificate.serial_number
        # Read to the end here: later nothing of this certificate can fail.
        _ = certificate.subject, certificate.issuer, certificate.extensions
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        spki_of(certificate)
    except (*_UNREADABLE, MalformedDERError, IndexError):
        return False
    if is_usable_serial(serial):
        material.certificates.append(CertificateCopy(place, certificate, data, serial))
    else:
        material.error(place, phrase("pki.importing.serial_unusable"))
    return True


def spki_of(certificate: x509.Certificate) -> bytes:
    """Return the DER of the certificate's SubjectPublicKeyInfo, of keys we cannot use as well.

    Raises:
        MalformedDERError: the certificate is not DER.
        IndexError: it has too few fields.
    """
    fields = der.read_all(der.read(certificate.tbs_certificate_bytes, "certificate").content, "tbs")
    return fields[6 if fields[0].tag == _CONTEXT_0 else 5].whole


def take_list(data: bytes, place: str, material: Material) -> bool:
    """Take one revocation list; False where the octets are none."""
    found = Material()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            crl = x509.load_der_x509_crl(data)
            number = _number(crl)
            claims = tuple(claim for entry in crl for claim in _claims(entry, place, found))
            _ = crl.issuer, crl.last_update_utc, crl.next_update_utc
    except _UNREADABLE:
        return False
    if _has(crl.extensions, x509.DeltaCRLIndicator):
        found.warn(place, phrase("pki.importing.delta"))
    material.lists.append(ListCopy(place, crl, hashlib.sha256(data).hexdigest(), number, claims))
    material.findings += found.findings
    return True


def _number(crl: x509.CertificateRevocationList) -> int | None:
    try:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return None


def _has(extensions: x509.Extensions, kind: type[x509.ExtensionType]) -> bool:
    return any(isinstance(one.value, kind) for one in extensions)


def _claims(entry: x509.RevokedCertificate, place: str, material: Material) -> tuple[Claim, ...]:
    serial, at = entry.serial_number, entry.revocation_date_utc
    if not is_usable_serial(serial):
        material.error(place, phrase("pki.importing.serial_unusable"))
        return ()
    reason, since, indirect = _entry_extensions(entry, place, material)
    if indirect:
        material.error(place, phrase("pki.importing.indirect"))
    if reason is x509.ReasonFlags.remove_from_crl:
        return ()
    return (Claim(serial, at, reason, place, since),)


def _entry_extensions(
    entry: x509.RevokedCertificate, place: str, material: Material
) -> tuple[x509.ReasonFlags, datetime | None, bool]:
    try:
        extensions = entry.extensions
    except _UNREADABLE:
        # What cannot be read is no reason to leave the serial out.
        material.warn(
            place, phrase("pki.importing.entry_unread", serial=f"{entry.serial_number:x}")
        )
        return _WITHOUT_REASON, None, False
    reason, since, indirect = _WITHOUT_REASON, None, False
    for one in extensions:
        if isinstance(one.value, x509.CRLReason):
            reason = one.value.reason
        elif isinstance(one.value, x509.InvalidityDate):
            since = one.value.invalidity_date_utc
        elif isinstance(one.value, x509.CertificateIssuer):
            indirect = True
    return reason, since, indirect


def _take_bag(data: bytes, place: str, material: Material) -> bool:
    """Take what stands in a degenerate SignedData (`.p7b`): certificates and lists."""
    try:
        parts = _bag_parts(data)
    except (MalformedDERError, IndexError):
        return False
    for part, is_list in parts:
        if is_list and not take_list(part, place, material):
            material.error(place, phrase("pki.importing.list_unread"))
        elif not is_list and not take_certificate(part, place, material):
            material.warn(place, phrase("pki.importing.certificate_unread"))
    return True


def _bag_parts(data: bytes) -> list[tuple[bytes, bool]]:
    content = der.read_all(der.read(data, "PKCS #7").content, "PKCS #7")
    if content[0].whole != _SIGNED_DATA:
        raise MalformedDERError(what="PKCS #7", reason="no SignedData")
    signed = der.read(content[1].content, "SignedData")
    return [
        (element.whole, part.tag == _CONTEXT_1)
        for part in der.read_all(signed.content, "SignedData")
        if part.tag in {_CONTEXT_0, _CONTEXT_1}
        for element in der.read_all(part.content, "set")
    ]
