"""Documents that others signed, raised with what they carry as the only thing that is trusted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from unit.signing.signing_world import TSA_URL, World

from pki.errors.tree import PKIError
from signing.extend import extend_document
from signing.extension import ExtendedDocument, Extension
from signing.options import Level
from verify.cms.token import read_token
from verify.finding import Finding
from verify.pdf.document import open_pdf
from verify.pdf.fields import find_signature_fields
from verify.pdf.ranges import read_range
from verify.trust import TrustStore


def extend_as_trusted(world: World, data: bytes, level: Level | None) -> ExtendedDocument:
    """Extend a document as if its own topmost certificates were trusted.

    Raises:
        PKIError: it cannot be extended.
    """
    trust = TrustStore((world.root.certificate, *_topmost(world, data)))
    services = replace(world.services(), trust=trust, pause=lambda _: None)
    return extend_document(data, wish=Extension(level, tsa_url=TSA_URL), services=services)


def _topmost(world: World, data: bytes) -> list:
    pdf = open_pdf(data, name="a.pdf", limits=world.policy.limits)
    found: list = []
    for field in find_signature_fields(pdf, name="a.pdf", limit=100):
        covered = read_range(pdf, field)
        if isinstance(covered, Finding):
            continue
        try:
            found += read_token(covered.contents).certificates
        except PKIError:
            continue
    return [each for each in found if each.subject == each.issuer] or found


def documents(corpora: Path) -> list[Path]:
    """Return the documents of the corpora that are of a usual size, always in the same order."""
    found = (each for each in corpora.rglob("*.pdf") if each.stat().st_size < 3_000_000)
    return sorted(found, key=lambda each: each.relative_to(corpora).as_posix())
