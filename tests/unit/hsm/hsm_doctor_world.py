"""Machines as the doctor sees them, made of plain values: one that is well, and parts to spoil."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hsm.discovery.candidates import Origin
from hsm.discovery.known import Confidence
from hsm.discovery.probe_result import ProbeState
from hsm.discovery.service import ServiceState
from hsm.doctor.seen import KeySight, Seen, SeenCertificate, SeenModule, SeenReader, SeenToken
from hsm.tokens import TokenInfo

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
YEAR = timedelta(days=365)
CERTIFICATE = SeenCertificate(
    name="Nguyễn Văn Mẫu",
    serial="540b",
    issuer="CA phục vụ các cơ quan Nhà nước",
    sha256="ab" * 32,
    not_before=NOW - YEAR,
    not_after=NOW + YEAR,
    fits=True,
    authority=False,
    key=KeySight.SEEN,
    key_sha256="cd" * 32,
)
INFO = TokenInfo(label="Thẻ ký số", serial="0123456789", manufacturer="Hãng", model="T1")
TOKEN = SeenToken(INFO, "OpenSC", used=True, certificates=(CERTIFICATE,), keys=1)
MODULE = SeenModule(
    "OpenSC", Path("/usr/lib/opensc-pkcs11.so"), Origin.KNOWN, ProbeState.USABLE, "C_Finalize"
)
READER = SeenReader("Đầu đọc A", "OpenSC", occupied=True)
WELL = Seen(NOW, ServiceState.RUNNING, (MODULE,), (READER,), (TOKEN,))
STORE = replace(MODULE, name="SoftHSM", origin=None)


def with_token(seen: Seen = WELL, **info: Any) -> Seen:
    """Return the machine with its one token saying something else of itself."""
    return replace(seen, tokens=(replace(TOKEN, token=replace(INFO, **info)),))


def with_certificates(*certificates: SeenCertificate) -> Seen:
    """Return the machine with other certificates on its token."""
    return replace(WELL, tokens=(replace(TOKEN, certificates=certificates),))


def certificate(**changes: Any) -> SeenCertificate:
    """Return the certificate with something changed."""
    return replace(CERTIFICATE, **changes)


def module(state: ProbeState, **changes: Any) -> SeenModule:
    """Return a module that came this far."""
    fields = {"name": "X", "origin": Origin.KNOWN, "confidence": Confidence.REPORTED} | changes
    return replace(MODULE, state=state, **fields)
