"""What `antin token doctor` says: in one sentence, and as JSON."""

from __future__ import annotations

from typing import Any

from cli.homes.diagnose import advice, sentence
from cli.session import Session
from hsm.doctor.diagnosis import Diagnosis
from hsm.doctor.finding import Finding
from hsm.doctor.seen import SeenCertificate, SeenModule, SeenReader, SeenToken
from pki.errors.tree import Fact


def summary(diagnosis: Diagnosis, session: Session) -> str:
    """Return in one sentence whether a document can be signed, and if not, why."""
    signers = diagnosis.seen.signers
    if signers:
        names = tuple(dict.fromkeys(f"{one.name} ({token.token.label})" for token, one in signers))
        return session.word("cli.token_doctor.able", signers=names)
    return session.word("cli.token_doctor.unable", reason=sentence(diagnosis.findings[0], session))


def diagnosis_object(diagnosis: Diagnosis, session: Session) -> dict[str, Any]:
    """Return everything as JSON; codes and keys are the same in every language."""
    seen = diagnosis.seen
    return {
        "can_sign": diagnosis.able,
        "summary": summary(diagnosis, session),
        "findings": [_finding_object(one, session) for one in diagnosis.findings],
        "tokens": [_token_object(one) for one in seen.tokens],
        "service": seen.service.value,
        "readers": [_reader_object(one) for one in seen.readers],
        "modules": [_module_object(one) for one in seen.modules],
        "looked_at": seen.now.isoformat(),
    }


def _finding_object(finding: Finding, session: Session) -> dict[str, Any]:
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "message": sentence(finding, session),
        "hint": advice(finding, session),
        "facts": {name: _plain(fact) for name, fact in finding.facts.items()},
    }


def _plain(fact: Fact) -> str | int | list[str]:
    if isinstance(fact, int | str):
        return fact
    return list(fact) if isinstance(fact, tuple) else str(fact)


def _token_object(seen: SeenToken) -> dict[str, Any]:
    token = seen.token
    return {
        "label": token.label,
        "serial": token.serial,
        "manufacturer": token.manufacturer,
        "model": token.model,
        "module": seen.module,
        "also_in": list(seen.also_in),
        "used": seen.used,
        "initialized": token.initialized,
        "pin_set": token.pin_set,
        "pin": token.pin_state.value,
        "officer_pin": token.so_pin_state.value,
        "pin_pad": token.protected_path,
        "write_protected": token.write_protected,
        "error": seen.error.code if seen.error else None,
        "certificates": [_certificate_object(one) for one in seen.certificates],
    }


def _certificate_object(one: SeenCertificate) -> dict[str, Any]:
    return {
        "common_name": one.name,
        "serial": one.serial,
        "issuer": one.issuer,
        "sha256": one.sha256,
        "not_before": one.not_before.isoformat(),
        "not_after": one.not_after.isoformat(),
        "for_signing": one.fits,
        "key": one.key.value,
    }


def _reader_object(one: SeenReader) -> dict[str, Any]:
    occupied = {"occupied": one.occupied, "trouble": one.trouble or None}
    return {"name": one.name, "module": one.module, **occupied}


def _module_object(one: SeenModule) -> dict[str, Any]:
    return {
        "name": one.name,
        "path": str(one.path),
        "origin": one.origin.value if one.origin else "embedded",
        "confidence": one.confidence.value,
        "said": one.said,
        "state": one.state.value,
        "stage": one.stage,
        "detail": one.detail,
        "version": one.version,
        "used": one.used,
        "error": one.error.code if one.error else None,
    }
