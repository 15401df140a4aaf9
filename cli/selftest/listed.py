"""What a verifier would take from lists, and where certificates say that theirs is."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cryptography import x509

from pki.authority.crl_der import encode_entries
from pki.authority.crl_reader import ReadCRL, read_entry, walk
from pki.records.lists import Listed


def union(full: x509.CertificateRevocationList, delta: x509.CertificateRevocationList) -> set[int]:
    """Return the serials that a full list and a delta to it say are not good (RFC 5280 §5.2.4)."""
    found = {entry.serial_number for entry in full}
    for entry in delta:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        if reason is x509.ReasonFlags.remove_from_crl:
            found.discard(entry.serial_number)
        else:
            found.add(entry.serial_number)
    return found


def retold(read: ReadCRL, rows: Callable[[], Iterable[Listed]]) -> tuple[str, ...]:
    """Return the serials whose date or reason is another in a list than in the rows behind it."""
    if read.der[read.start : read.end] == encode_entries(rows()):
        return ()
    places = zip(read.serials(), walk(read.der, read.start, read.end), strict=True)
    told = {serial: read.der[start:end] for serial, (start, end, *_) in places}
    return tuple(
        row[0]
        for row in rows()
        if row[0] in told and read_entry(told[row[0]]) != read_entry(bytes(encode_entries([row])))
    )


def check_points(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return every address that a certificate names for its list, in order."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    except x509.ExtensionNotFound:
        return ()
    return tuple(name.value for point in extension.value for name in point.full_name or ())
