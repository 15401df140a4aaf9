"""Pages of others made flat: a document that qpdf reads, or a refusal in our words."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from unit.signing.signing_world import NOW

from pki.errors.tree import PKIError
from signing.copying.draft import CopyWish, draft_copy
from signing.copying.source import JudgedSource
from verify.pdf.copied import CopyKind, SourceForm
from verify.pdf.document import open_pdf
from verify.policy import default_policy

PAPER = JudgedSource(SourceForm.PAPER, "said")
WISHES = (CopyWish(CopyKind.SAO_Y), CopyWish(CopyKind.TRICH_SAO, pages=((1, 1),)))


def drafts(paths: list[Path], qpdf: Path, folder: Path) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for path in paths:
        for wish in WISHES:
            try:
                pdf = open_pdf(path.read_bytes(), name=path.name, limits=default_policy().limits)
                made = draft_copy(pdf, wish, PAPER, at=NOW)
            except PKIError as error:
                outcomes[error.code] += 1
                continue
            outcomes["made"] += 1
            again = open_pdf(made.data, name=path.name, limits=default_policy().limits)
            assert again.strict, path
            (folder / "copy.pdf").write_bytes(made.data)
            checked = subprocess.run(
                [qpdf, "--check", folder / "copy.pdf"], capture_output=True, text=True, check=False
            )
            assert checked.returncode in (0, 3), (path, checked.stderr)
            # What was wrong with a drawing before is so in its copy; what holds it is ours.
            wrong = [each for each in checked.stderr.splitlines() if "content" not in each]
            outcomes["warned"] += bool(wrong)
    return outcomes


def every_document(corpora: Path) -> list[Path]:
    return [path for path in sorted(corpora.rglob("*.pdf")) if path.stat().st_size < 4_000_000]


def test_a_sample_of_what_others_wrote_is_copied_or_refused_in_our_words(corpora, peer, tmp_path):
    outcomes = drafts(every_document(corpora)[:: len(WISHES) * 12], peer("qpdf"), tmp_path)
    assert outcomes["made"] > outcomes.total() / 2


@pytest.mark.long
def test_whatever_others_wrote_is_copied_or_refused_in_our_words(corpora, peer, tmp_path):
    outcomes = drafts(every_document(corpora), peer("qpdf"), tmp_path)
    assert outcomes["made"] > 1000
