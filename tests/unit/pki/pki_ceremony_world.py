"""A ceremony with keys in software: its plan, its actions, its transcript, and ways to forge it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pki_world import NOW

from pki.audit.stored import read_edge
from pki.audit.tree import Edge
from pki.authority.authority import Authority
from pki.authority.create import NewAuthority, create_issuing, create_root
from pki.ceremony.plan import parse_plan
from pki.ceremony.profiles import read_texts
from pki.ceremony.run import Beginning, begin, go_on
from pki.ceremony.transcript import Transcript, line_of, parse_transcript, varies
from pki.clock import Clock, FixedClock
from pki.keys import PrivateKey
from pki.profile import DEFAULT_POLICY_ARC, load_profile
from pki.register.sql import SQLRegister
from pki.subject import parse_subject
from pki.urls import AuthorityURLs

PAGE = Path(__file__).parents[3] / "docs" / "ceremony.md"
CURVES = {"ec-p256": ec.SECP256R1(), "ec-p384": ec.SECP384R1()}
Entries = list[dict[str, Any]]


def sample() -> str:
    """Return the file that the documentation shows."""
    found = re.search(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


def profile_text(name: str) -> str:
    return (files("pki.profiles") / f"{name}.toml").read_text(encoding="utf-8")


@dataclass
class Acting:
    """Does what the steps ask for, in software."""

    register: SQLRegister
    clock: Clock
    plan: Any
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    authorities: dict[str, Authority] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    acted: list[tuple[str, bool]] = field(default_factory=list)

    def confirm(self, number: int, step: Any) -> None:
        del step
        self.asked.append(number)

    def log_edge(self) -> Edge:
        last = self.register.last_audit_entry()
        return read_edge(last.sequence if last else 0, self.register.find_audit_entries)

    def act(self, step: Any, *, again: bool) -> dict[str, Any]:
        self.acted.append((step.do, again))
        result: dict[str, Any] = getattr(self, step.do)(step)
        return result

    def token(self, step: Any) -> dict[str, Any]:
        return {"label": step.token, "initialised": True, "serial": varies("00aa")}

    def key(self, step: Any) -> dict[str, Any]:
        made = self.keys[step.key] = ec.generate_private_key(CURVES[step.key_type])
        spki = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        wanted = dict.fromkeys(self.plan.key_attributes, True) | {"extractable": False}
        return {**artefact("public_key", spki), "attributes": wanted}

    def authority(self, step: Any) -> dict[str, Any]:
        new = NewAuthority(
            name=step.authority,
            subject=parse_subject(step.subject),
            key=self.keys[step.key],
            key_uri=f"file:{step.key}",
            profile=load_profile(step.profile),
            urls=AuthorityURLs.under(self.plan.public_url, step.authority),
            requester="chủ trì",
        )
        if step.parent is None:
            made = create_root(new, self.register, self.clock)
        else:
            made = create_issuing(self.authorities[step.parent], new)
        self.authorities[step.authority] = made
        der = made.issuer.certificate.public_bytes(Encoding.DER)
        self.files[f"{step.authority}.cer"] = der
        return {"subject": step.subject, **artefact("certificate", der)}

    def crl(self, step: Any) -> dict[str, Any]:
        der = self.authorities[step.authority].issue_crl().public_bytes(Encoding.DER)
        self.files[f"{step.authority}.crl"] = der
        return artefact("crl", der)

    def log(self, step: Any) -> dict[str, Any]:
        certificate = self.authorities[step.authority].issue(
            self.keys[step.key].public_key(),
            load_profile("audit"),
            parse_subject(step.subject),
            requester="chủ trì",
        )
        der = certificate.public_bytes(Encoding.DER)
        self.files["audit.cer"] = der
        return artefact("certificate", der)

    def export(self, step: Any) -> dict[str, Any]:
        del step
        hashes = {name: hashlib.sha256(der).hexdigest() for name, der in self.files.items()}
        return {"files": [{"name": name, "sha256": varies(one)} for name, one in hashes.items()]}


def artefact(name: str, der: bytes) -> dict[str, Any]:
    text = base64.b64encode(der).decode("ascii")
    return {name: varies(text), "sha256": varies(hashlib.sha256(der).hexdigest())}


def beginning(text: str | None = None, **changes: Any) -> Beginning:
    text = text or sample()
    values = {
        "plan_text": text,
        "texts": read_texts(parse_plan(text), profile_text),
        "policy_arc": DEFAULT_POLICY_ARC,
        "version": "0.1.0",
        "rehearsal": False,
        **changes,
    }
    return Beginning(**values)


def run_all(
    register: SQLRegister,
    clock: Clock | None = None,
    *,
    text: str | None = None,
    rehearsal: bool = False,
) -> Transcript:
    clock = clock or FixedClock(NOW)
    text = text or sample()
    acting = Acting(register, clock, parse_plan(text))
    start = begin(beginning(text, rehearsal=rehearsal), acting, clock)
    return go_on(start, acting, clock, keep=lambda _: None)


def forged(transcript: Transcript, change: Callable[[Entries], object]) -> Transcript:
    """Return the transcript changed, and chained anew by somebody who knows how."""
    entries = deepcopy([dict(entry) for entry in transcript.entries])
    change(entries)
    lines: list[bytes] = []
    for number, entry in enumerate(entries):
        entry.pop("previous", None)
        if number:
            entry["previous"] = varies(hashlib.sha256(lines[-1]).hexdigest())
        lines.append(line_of(entry))
    return parse_transcript(b"".join(line + b"\n" for line in lines))
