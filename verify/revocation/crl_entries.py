"""What a CRL lists: the entry about a certificate, and whether all entries are understood.

Spec: RFC 5280 §5.3; §6.3.3 (h)-(k).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pki import der
from pki.errors.files import MalformedDERError
from verify.certificate import serial_of
from verify.compare import Comparable, comparable
from verify.errors import MalformedObjectError
from verify.guard import foreign
from verify.path.extensions import extension

_UNDERSTOOD = frozenset({x509.CRLReason.oid, x509.InvalidityDate.oid})
_CRITICAL = bytes.fromhex("0101ff")
_READ_SINGLY = 1_000_000
"""The largest lists there are have some hundred thousand entries, and are looked up in one go."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One revoked certificate."""

    revoked_at: datetime
    reason: str | None

    @property
    def lifts(self) -> bool:
        """Say whether it takes a certificate off the list a delta belongs to."""
        return self.reason == x509.ReasonFlags.remove_from_crl.value


class EntriesBudget:
    """How many entries may still be read one by one, over all lists of one judgement."""

    def __init__(self, left: int = _READ_SINGLY) -> None:
        self._left = left

    def take(self, crl: x509.CertificateRevocationList) -> None:
        """Take what reading `crl` entry by entry costs.

        Raises:
            MalformedObjectError: that is more than is left.
        """
        self._left -= len(crl)
        if self._left < 0:
            raise MalformedObjectError(what="CRL", reason="too many entries")


class Entries:
    """The entries of one CRL."""

    def __init__(self, crl: x509.CertificateRevocationList, budget: EntriesBudget) -> None:
        self._crl = crl
        self._budget = budget
        scope = extension(crl, x509.IssuingDistributionPoint)
        self._indirect = scope is not None and scope.indirect_crl
        self._indexed: dict[tuple[Comparable, int], Entry] | None = None
        self._all_understood: bool | None = None

    def about(self, certificate: x509.Certificate) -> Entry | None:
        """Return the entry about `certificate`, or None.

        Raises:
            MalformedObjectError: the list cannot be read to the end.
        """
        with foreign("CRL entries"):
            if self._indirect:
                key = (comparable(certificate.issuer), serial_of(certificate))
                return self._index().get(key)
            found = self._crl.get_revoked_certificate_by_serial_number(serial_of(certificate))
        return None if found is None else _read(found)

    def all_understood(self) -> bool:
        """Say whether no entry has a critical extension that is not understood (§5.3)."""
        if self._all_understood is None:
            try:
                with foreign("CRL entries"):
                    self._all_understood = self._look_for_critical()
            except (MalformedObjectError, MalformedDERError):
                self._all_understood = False
        return self._all_understood

    def _look_for_critical(self) -> bool:
        if _CRITICAL not in _revoked_part(self._crl):
            return True  # long lists are not read entry by entry for nothing
        self._budget.take(self._crl)
        allowed = _UNDERSTOOD | ({x509.CertificateIssuer.oid} if self._indirect else set())
        return all(
            item.oid in allowed for entry in self._crl for item in entry.extensions if item.critical
        )

    def _index(self) -> dict[tuple[Comparable, int], Entry]:
        """Return the entries of an indirect list; an issuer holds until the next is named."""
        if self._indexed is None:
            self._budget.take(self._crl)
            found: dict[tuple[Comparable, int], Entry] = {}
            issuer = comparable(self._crl.issuer)
            for entry in self._crl:
                named = extension(entry, x509.CertificateIssuer)
                for name in named or ():
                    if isinstance(name, x509.DirectoryName):
                        issuer = comparable(name.value)
                found.setdefault((issuer, entry.serial_number), _read(entry))
            self._indexed = found
        return self._indexed


def _read(entry: x509.RevokedCertificate) -> Entry:
    # An entry with an extension that cannot be read still says "revoked": that is the answer
    # that cannot make a signature look better than it is.
    try:
        with foreign("CRL entry"):
            reason = extension(entry, x509.CRLReason)
    except MalformedObjectError:
        reason = None
    return Entry(entry.revocation_date_utc, None if reason is None else reason.reason.value)


def _revoked_part(crl: x509.CertificateRevocationList) -> bytes:
    """Return the octets of revokedCertificates: the sequence after the times."""
    what = "CRL"
    inside = der.read(crl.tbs_certlist_bytes, what).content
    timed, at = False, 0
    while at < len(inside):
        tag, _, end = der.span(inside, at, what)
        if timed and tag == der.SEQUENCE:
            return inside[at:end]
        timed = timed or tag in (der.UTC_TIME, der.GENERALIZED_TIME)
        at = end
    return b""
