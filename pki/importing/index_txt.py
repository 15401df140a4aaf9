"""The index that `openssl ca` and EasyRSA keep: one line a certificate, six fields, tabs between.

    R <tab> expires <tab> revoked[,reason[,more]] <tab> serial <tab> file <tab> subject

Status is V, R or E; times are UTCTime or GeneralizedTime; the serial is hexadecimal of any length.
A tab inside a field has a backslash before it. A line that cannot be read stops the import: a
revocation may stand on it.

Spec: openssl-ca(1); OpenSSL 3.0 `crypto/txt_db/txt_db.c` and `apps/ca.c` for what is written.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from pki.errors.tree import Phrase, phrase
from pki.importing.encoded import read_file
from pki.importing.material import Claim, Known, Material, is_usable_serial

MAX_LINE = 65536
"""Octets."""
_FIELDS = 6
_TAB = re.compile(rb"(?<!\\)\t")
_SERIAL = re.compile(r"-?[0-9A-Fa-f]{1,256}")
_TIMES = ((re.compile(r"\d{14}Z"), "%Y%m%d%H%M%SZ"), (re.compile(r"\d{12}Z"), "%y%m%d%H%M%SZ"))
_SHORT_TIME = re.compile(r"\d{10}Z")
"""UTCTime without seconds, which ASN1_TIME_set_string accepts."""
_LAST_YEAR = 2049
"""Of UTCTime (RFC 5280 §4.1.2.5.1); Python sees 1969 to 2068."""

REASONS = {
    reason.value.lower(): reason
    for reason in x509.ReasonFlags  # cACompromise is CACompromise there; case does not count
}
_HOLD_INSTRUCTION = "holdinstruction"
_KEY_TIMES = {
    "keytime": x509.ReasonFlags.key_compromise,
    "cakeytime": x509.ReasonFlags.ca_compromise,
}


class _LineError(Exception):
    """A line that is none; holds the words."""

    def __init__(self, words: Phrase) -> None:
        super().__init__(words.id)
        self.words = words


def read_index(path: Path, material: Material) -> None:
    """Take all claims out of an index.

    Args:
        path: `index.txt`.
        material: takes the claims, the serials that are not revoked, and the findings.
    """
    data = read_file(path, material, may_revoke=True)
    if data is not None:
        read_lines(data, str(path), material)


def read_lines(data: bytes, name: str, material: Material) -> None:
    """Take all claims out of an index's octets, as `read_index`."""
    for number, line in enumerate(data.replace(b"\r\n", b"\n").split(b"\n"), 1):
        if line.strip() and not line.startswith(b"#"):
            place = f"{name}:{number}"
            try:
                _take(line, place, material)
            except _LineError as error:
                material.error(place, error.words)


def _take(line: bytes, place: str, material: Material) -> None:
    fields = _TAB.split(line)
    if len(fields) != _FIELDS or len(line) > MAX_LINE:
        raise _LineError(phrase("pki.importing.index_fields"))
    status, _, revoked, serial = (field.decode("ascii", "replace") for field in fields[:4])
    number = _serial(serial)
    if status not in {"V", "R", "E"}:
        raise _LineError(phrase("pki.importing.index_status"))
    if status != "R" and not revoked:
        material.known.append(Known(number, place))
        return
    if status != "R":
        material.warn(place, phrase("pki.importing.index_contradicts"))
    material.claims.append(_claim(number, revoked, place, material))


def _serial(text: str) -> int:
    if not _SERIAL.fullmatch(text):
        raise _LineError(phrase("pki.importing.index_serial"))
    number = int(text, 16)
    if not is_usable_serial(number):
        raise _LineError(phrase("pki.importing.serial_unusable"))
    return number


def _claim(serial: int, text: str, place: str, material: Material) -> Claim:
    when, _, rest = text.partition(",")
    word, _, more = rest.partition(",")
    at, since = _time(when), None
    name = word.lower()
    if name in _KEY_TIMES:
        reason, since = _KEY_TIMES[name], _time(more)
    elif name == _HOLD_INSTRUCTION:
        reason = x509.ReasonFlags.certificate_hold
    elif name in REASONS:
        reason = REASONS[name]
    else:
        reason = x509.ReasonFlags.unspecified
        if word:
            material.warn(place, phrase("pki.importing.index_reason"))
    if reason is x509.ReasonFlags.remove_from_crl:
        # It stands on the list that `openssl ca` makes: revoked, then.
        reason = x509.ReasonFlags.unspecified
    return Claim(serial, at, reason, place, since)


def _time(text: str) -> datetime:
    padded = f"{text[:-1]}00Z" if _SHORT_TIME.fullmatch(text) else text
    for form, pattern in _TIMES:
        if form.fullmatch(padded):
            try:
                at = datetime.strptime(padded, pattern).replace(tzinfo=UTC)
            except ValueError:
                break
            is_short = len(padded) == len("YYMMDDHHMMSSZ")
            return at.replace(year=at.year - 100) if is_short and at.year > _LAST_YEAR else at
    raise _LineError(phrase("pki.importing.index_time"))
