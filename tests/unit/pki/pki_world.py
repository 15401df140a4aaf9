"""A small administration: root, issuing authority, register on disk, a clock that stands still."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from pki.authority.authority import Authority
from pki.authority.create import NewAuthority, create_issuing, create_root
from pki.clock import Clock, FixedClock
from pki.keys import PrivateKey, key_type_of
from pki.ocsp import OCSPResponder, OCSPSigner
from pki.profile import Profile, load_profile
from pki.register.sql import SQLRegister, create_register
from pki.subject import Subject, build_subject
from pki.timestamp import TimestampAuthority
from pki.urls import AuthorityURLs

NOW = datetime(2026, 3, 2, 7, 30, 15, 250_000, tzinfo=UTC)
PUBLIC_URL = "http://127.0.0.1:8000"
ONE_SIZE = ("ed25519", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87")
KINDS = ("p256", "p384", "p521", "a", *ONE_SIZE)
"""Every kind of key of `new_key`; "a" is an RSA-2048 key."""
_people = itertools.count(1)


def new_key(kind: str = "p256") -> PrivateKey:
    """Return a fresh key in software; RSA ones are few, they take long to make."""
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    return _CLASSES[kind].generate() if kind in _CLASSES else rsa_key(kind)


_CURVES = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
_CLASSES: dict[str, Any] = {
    "ed25519": ed25519.Ed25519PrivateKey,
    "ml-dsa-44": mldsa.MLDSA44PrivateKey,
    "ml-dsa-65": mldsa.MLDSA65PrivateKey,
    "ml-dsa-87": mldsa.MLDSA87PrivateKey,
}


@cache
def rsa_key(name: str = "a") -> rsa.RSAPrivateKey:
    """Return the RSA-2048 key of that name, made once a run."""
    del name
    return rsa.generate_private_key(65537, 2048)


def profile_for(name: str, key: PrivateKey) -> Profile:
    """Return a built-in profile, widened as an administration's own file may be.

    Ed25519 and ML-DSA are in none of the built-in ones.
    """
    profile = load_profile(name)
    kind = key_type_of(key)
    if kind not in ONE_SIZE:
        return profile
    return profile.model_copy(update={"key_types": (*profile.key_types, kind)})


def someone(**more: str) -> Subject:
    """Return an official nobody else is."""
    pairs = {"C": "VN", "O": "Sở Nội vụ", "CN": f"Nguyễn Văn A {next(_people)}", **more}
    return build_subject(pairs.items())


def new_authority(
    name: str,
    profile: str,
    *,
    key: PrivateKey | None = None,
    delta_hours: int | None = None,
    pss: bool = False,
    **changes: object,
) -> NewAuthority:
    key = key or new_key()
    loaded = profile_for(profile, key)
    if delta_hours is not None or pss:
        assert loaded.authority
        table = loaded.authority.model_copy(update={"delta_hours": delta_hours, "rsa_pss": pss})
        loaded = loaded.model_copy(update={"authority": table})
    values: dict[str, object] = {
        "name": name,
        "subject": build_subject([("C", "VN"), ("O", "UBND tỉnh"), ("CN", f"Antin {name}"[:64])]),
        "key": key,
        "key_uri": f"file:{name}.key",
        "profile": loaded,
        "urls": AuthorityURLs.under(PUBLIC_URL, name),
        "requester": "quản trị",
        **changes,
    }
    return NewAuthority(**values)  # type: ignore[arg-type]


@dataclass(frozen=True)
class World:
    """What a test of the authority stands on."""

    folder: Path
    clock: Clock
    register: SQLRegister
    root: Authority
    issuing: Authority

    def issue(
        self,
        profile: str | Profile = "official",
        *,
        key: PrivateKey | None = None,
        subject: Subject | None = None,
        authority: Authority | None = None,
    ) -> x509.Certificate:
        key = key or new_key()
        loaded = profile_for(profile, key) if isinstance(profile, str) else profile
        return (authority or self.issuing).issue(
            key.public_key(), loaded, subject or someone(), requester="văn thư"
        )

    def responder(self, authority: Authority | None = None, kind: str = "p256") -> OCSPResponder:
        return OCSPResponder(self.register, [self.ocsp_signer(authority, kind)], clock=self.clock)

    def ocsp_signer(self, authority: Authority | None = None, kind: str = "p256") -> OCSPSigner:
        authority = authority or self.issuing
        key = new_key(kind)
        certificate = self.issue("ocsp", key=key, authority=authority)
        return OCSPSigner(authority.issuer.name, authority.issuer.certificate, certificate, key)

    def timestamp(self, kind: str = "p256") -> TimestampAuthority:
        key = new_key(kind)
        profile = load_profile("timestamp")
        certificate = self.issue("timestamp", key=key)
        assert profile.policy_oid
        return TimestampAuthority(
            certificate,
            key,
            chain=[self.issuing.issuer.certificate],
            clock=self.clock,
            policy_oid=profile.policy_oid,
        )

    def write(self, name: str, *items: x509.Certificate | x509.CertificateRevocationList) -> Path:
        path = self.folder / name
        path.write_bytes(b"".join(item.public_bytes(Encoding.PEM) for item in items))
        return path


def make_world(
    folder: Path,
    clock: Clock | None = None,
    *,
    root_kind: str = "p384",
    issuing_kind: str = "p256",
    public_url: str = PUBLIC_URL,
    place: str | None = None,
    delta_hours: int | None = None,
    pss: bool = False,
) -> World:
    """Make a register, in `folder` or at `place`, with a root and an issuing authority.

    The issuing authority makes delta lists where it is told how long one lasts.
    """
    clock = clock or FixedClock(NOW)
    register = create_register(place or folder / "register.db", clock)

    def urls(name: str) -> AuthorityURLs:
        return AuthorityURLs.under(public_url, name)

    root = create_root(
        new_authority("root", "root", key=new_key(root_kind), urls=urls("root"), pss=pss),
        register,
        clock,
    )
    new = new_authority(
        "issuing",
        "issuing",
        key=new_key(issuing_kind),
        delta_hours=delta_hours,
        pss=pss,
        urls=urls("issuing"),
    )
    issuing = create_issuing(root, new)
    return World(folder, clock, register, root, issuing)


def run(program: Path, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a peer and return what it said; where it must succeed, its words stand in the failure."""
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


Finder = Callable[[str], Path]
