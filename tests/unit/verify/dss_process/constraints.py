"""Reads a constraint policy of EU DSS and says it as a policy of Antin.

What a constraint asks of a certificate or of an attribute is looked up by the adapter, because
facts about purposes are gathered by the policy's rules; what weighs in the process itself becomes
a `Policy`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from verify.policy import (
    Acceptance,
    Algorithms,
    Demands,
    KeySize,
    Level,
    Policy,
    Revocation,
    Time,
    default_policy,
)

SCHEMES = {
    "RSA": "rsassa-pkcs1v15",
    "RSASSA-PSS": "rsassa-pss",
    "DSA": "dsa",
    "ECDSA": "ecdsa",
    "PLAIN-ECDSA": "plain-ecdsa",
    "EdDSA": "ed25519",
}
DIGESTS = (
    *("md2", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"),
    *("sha3_224", "sha3_256", "sha3_384", "sha3_512", "ripemd160", "whirlpool"),
)
UNITS = {
    "MILLISECONDS": 0.001,
    "SECONDS": 1,
    "MINUTES": 60,
    "HOURS": 3600,
    "DAYS": 86400,
}
_MERGED = (
    "AcceptableEncryptionAlgo",
    "MiniPublicKeySize",
    "AcceptableDigestAlgo",
    "AlgoExpirationDate",
)


def digest_name(name: str) -> str:
    return name.lower().replace("-", "_")


@dataclass(frozen=True)
class Constraints:
    """One policy file."""

    root: ET.Element

    def find(self, path: str) -> ET.Element | None:
        return self.root.find("/".join(f"{{*}}{step}" for step in path.split("/")))

    def level(self, path: str) -> str:
        """Return the level of a constraint; one that is absent asks nothing."""
        found = self.find(path)
        return "IGNORE" if found is None else found.get("Level", "FAIL")

    def fails(self, path: str) -> bool:
        return self.level(path) == "FAIL"

    def values(self, path: str) -> tuple[str, ...]:
        found = self.find(path)
        return () if found is None else tuple(item.text or "" for item in found.iterfind("{*}Id"))

    def skipped(self, path: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return extensions and certificate policies that make evidence unnecessary."""
        found = self.find(path)
        if found is None:
            return frozenset(), frozenset()
        extensions = found.iterfind("{*}CertificateExtensions/{*}Id")
        policies = found.iterfind("{*}CertificatePolicies/{*}Id")
        return (
            frozenset(item.text or "" for item in extensions),
            frozenset(item.text or "" for item in policies),
        )

    def weighed(self, path: str) -> Level:
        return Level.FAIL if self.fails(path) else Level.WARN


def read(path: Path) -> ET.Element:
    """Read an XML file of the corpus."""
    return ET.parse(path).getroot()  # noqa: S314  the corpus is ours, not a stranger's


def read_constraints(path: Path) -> Constraints:
    """Read a policy file."""
    return Constraints(read(path))


def to_policy(constraints: Constraints) -> Policy:
    """Say a policy of EU DSS as one of Antin."""
    base = "BasicSignatureConstraints"
    uses = {
        "signature": f"SignatureConstraints/{base}",
        "timestamp": f"Timestamp/{base}",
        "evidence": f"Revocation/{base}",
    }
    algorithms = {}
    for use, path in uses.items():
        for subject, place in (
            (use, path),
            (f"{use}.signer", f"{path}/SigningCertificate"),
            (f"{use}.authority", f"{path}/CACertificate"),
        ):
            algorithms[subject] = _algorithms(
                constraints, constraints.find(f"{place}/Cryptographic")
            )
    return default_policy().model_copy(
        update={
            "name": "dss",
            "algorithms": _algorithms(constraints, None),
            "algorithms_for": algorithms,
            "revocation": Revocation(
                proved_at_signing=False,
                missing_can_come=False,
                max_age_seconds=_age(constraints, uses["signature"]),
            ),
            "time": Time(skew_seconds=0, order=constraints.weighed("Timestamp/Coherence")),
            "levels": {"signature.certificate_not_named": Level.WARN},
            **{use: _demands(constraints, path) for use, path in uses.items()},
        }
    )


def _age(constraints: Constraints, path: str) -> int | None:
    found = constraints.find(f"{path}/SigningCertificate/RevocationFreshness")
    if found is None or found.get("Level") != "FAIL":
        return None
    return int(float(found.get("Value", "0")) * UNITS[found.get("Unit", "DAYS")])


def _demands(constraints: Constraints, path: str) -> Demands:
    return Demands(
        signer_evidence=constraints.weighed(f"{path}/SigningCertificate/RevocationDataAvailable"),
        authority_evidence=constraints.weighed(f"{path}/CACertificate/RevocationDataAvailable"),
        evidence_signer_in_time=constraints.weighed(
            f"{path}/SigningCertificate/RevocationIssuerNotExpired"
        ),
    )


def _algorithms(constraints: Constraints, own: ET.Element | None) -> Algorithms:
    """Return what is accepted: what a place does not say itself, the whole policy says."""
    whole = constraints.find("Cryptographic")
    parts: dict[str, ET.Element | None] = {}
    for name in _MERGED:
        parts[name] = None
        for place in (whole, own):
            found = None if place is None else place.find(f"{{*}}{name}")
            parts[name] = parts[name] if found is None else found
    level = "IGNORE" if whole is None else whole.get("Level", "FAIL")
    if own is not None:
        level = own.get("Level", level)
    return Algorithms(
        rsa_min_bits=1024,
        ec_min_bits=160,
        schemes=_schemes(parts["AcceptableEncryptionAlgo"]),
        digests=_digests(parts["AcceptableDigestAlgo"], parts["AlgoExpirationDate"]),
        key_sizes=_key_sizes(parts["MiniPublicKeySize"], parts["AlgoExpirationDate"]),
        level=Level.FAIL if level == "FAIL" else Level.WARN,
    )


def _algos(part: ET.Element | None) -> list[ET.Element]:
    return [] if part is None else list(part.iterfind("{*}Algo"))


def _schemes(part: ET.Element | None) -> tuple[str, ...]:
    if part is None:
        return tuple(SCHEMES.values())
    return tuple(SCHEMES[algo.text or ""] for algo in _algos(part) if algo.text in SCHEMES)


def _until(algo: ET.Element, dates: ET.Element) -> datetime | None:
    """Return the end of an algorithm; an end after the policy was made only warns."""
    date = algo.get("Date")
    if date is None or dates.get("Level", "FAIL") != "FAIL":
        return None
    update = dates.get("UpdateDate")
    later = update is not None and date > update
    if later and dates.get("LevelAfterUpdate", "WARN") != "FAIL":
        return None
    return datetime.fromisoformat(date).replace(tzinfo=UTC)


def _digests(part: ET.Element | None, dates: ET.Element | None) -> dict[str, Acceptance]:
    names = DIGESTS if part is None else [digest_name(algo.text or "") for algo in _algos(part)]
    found = {name: Acceptance() for name in names}
    if dates is not None:
        for algo in _algos(dates):
            name = digest_name(algo.text or "")
            if name in found and algo.get("Size") is None:
                found[name] = Acceptance(until=_until(algo, dates))
    return found


def _key_sizes(part: ET.Element | None, dates: ET.Element | None) -> dict[str, tuple[KeySize, ...]]:
    least = {
        SCHEMES[a.text or ""]: int(a.get("Size", "1")) for a in _algos(part) if a.text in SCHEMES
    }
    found = {scheme: (KeySize(bits=1),) for scheme in SCHEMES.values()}
    found |= {scheme: (KeySize(bits=bits),) for scheme, bits in least.items()}
    if dates is None:
        return found
    dated: dict[str, list[KeySize]] = {}
    for algo in _algos(dates):
        scheme = SCHEMES.get(algo.text or "")
        if scheme is not None:
            bits = max(1, int(algo.get("Size", "1")))
            dated.setdefault(scheme, []).append(KeySize(bits=bits, until=_until(algo, dates)))
    for scheme, sizes in dated.items():
        floor = least.get(scheme, 0)
        kept = [size for size in sizes if size.bits >= floor]
        found[scheme] = tuple(kept or found[scheme])
    return found
