"""Who may have signed a CRL: the certificate's issuer, or one whom its authorities certified.

Another signer counts when it has the name that issued the list, may sign lists, and its own
certificate was signed by an authority of the path of the certificate in question, so that both
end at the same anchor. Whether it was revoked is judged with the evidence about it.

Spec: RFC 5280 §6.3.3 (f), (g).
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from verify.compare import same_name
from verify.path.build import Path, authority_key_id, subject_key_id
from verify.path.extensions import extension
from verify.path.pool import CertificatePool
from verify.path.rfc5280 import find_defects
from verify.path.signature import signed_by

_CHECKS = 400
"""Signatures tried of candidates other than the issuer: crowds of namesakes end the search."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a list."""

    certificate: x509.Certificate
    issuer: x509.Certificate | None = None
    """Who certified it; None: the issuer of the certificate asked about, or an anchor."""
    above: Path = ()
    """The path from the issuer's issuer to the anchor."""


class Signers:
    """Finds signers; each signature is verified once."""

    def __init__(self, pool: CertificatePool) -> None:
        self._pool = pool
        self._left = _CHECKS
        self._known: dict[tuple[object, x509.Certificate], bool] = {}
        self._sound: dict[tuple[x509.Certificate, Path], bool] = {}

    def find(
        self, crl: x509.CertificateRevocationList, authorities: Path, *, only_issuer: bool
    ) -> Signer | None:
        """Return who signed `crl`, or None.

        Args:
            crl: the list.
            authorities: those above the certificate in question, its issuer first.
            only_issuer: take no other.
        """
        issuer = authorities[0]
        if (
            same_name(crl.issuer, issuer.subject)
            and _may_sign(issuer)
            and self._signed(crl, issuer)
        ):
            return Signer(issuer)
        if only_issuer:
            return None
        for candidate in self._pool.named(crl.issuer):
            if candidate != issuer and _may_sign(candidate) and _is_meant(crl, candidate):
                found = self._certified(candidate, authorities)
                if found is not None and self._try(crl, candidate):
                    return found
        return None

    def _certified(self, candidate: x509.Certificate, authorities: Path) -> Signer | None:
        if candidate == authorities[-1] and candidate in self._pool.trust:
            return Signer(candidate)
        for index, authority in enumerate(authorities):
            if (
                same_name(authority.subject, candidate.issuer)
                and self._try(candidate, authority)
                and self._is_sound(candidate, authorities[index:])
            ):
                return Signer(candidate, authority, authorities[index + 1 :])
        return None

    def _is_sound(self, candidate: x509.Certificate, authorities: Path) -> bool:
        key = (candidate, authorities)
        if key not in self._sound:
            self._sound[key] = not find_defects((candidate, *authorities))[0]
        return self._sound[key]

    def _try(
        self,
        signed: x509.Certificate | x509.CertificateRevocationList,
        signer: x509.Certificate,
    ) -> bool:
        if (id(signed), signer) not in self._known:
            if self._left <= 0:
                return False
            self._left -= 1
        return self._signed(signed, signer)

    def _signed(
        self,
        signed: x509.Certificate | x509.CertificateRevocationList,
        signer: x509.Certificate,
    ) -> bool:
        key = (id(signed), signer)
        if key not in self._known:
            self._known[key] = signed_by(signed, signer)
        return self._known[key]


def _may_sign(certificate: x509.Certificate) -> bool:
    usage = extension(certificate, x509.KeyUsage)
    return usage is None or usage.crl_sign


def _is_meant(crl: x509.CertificateRevocationList, candidate: x509.Certificate) -> bool:
    wanted, own = authority_key_id(crl), subject_key_id(candidate)
    return wanted is None or own is None or wanted == own
