"""Displays on documents of others: each is prepared, or refused in our words, and in time."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
from unit.signing.signing_pages import handwriting, seal
from unit.signing.signing_world import NOW, World

from pki.errors.tree import PKIError
from signing.display.placement import Placement
from signing.display.png import parse_image
from signing.display.profile import load_display
from signing.options import SigningOptions
from signing.revision import SignatureRequest, prepare_signature
from signing.signer import KeySigner

KY, DAU = parse_image(handwriting(), "ky.png"), parse_image(seal(), "dau.png")
OPTIONS = {
    "person": {"image": KY, "placement": Placement(name="Page 1", title="")},
    "agency": {"image": DAU},
    "annex": {"number": "12/QĐ-UBND"},
}
MOST_SECONDS = 25.0
"""Reading the text is ended after 20."""


@pytest.mark.parametrize("profile", OPTIONS)
def test_whatever_others_wrote_is_prepared_or_refused_in_our_words(corpora: Path, profile: str):
    options = SigningOptions(display=load_display(profile), **OPTIONS[profile])
    signer = KeySigner(World().signer())
    outcomes: Counter[str] = Counter()
    for path in sorted(corpora.rglob("*.pdf")):
        begun = time.monotonic()
        try:
            prepare_signature(
                path.read_bytes(), SignatureRequest(signer, options, NOW, None, path.name)
            )
            outcomes["prepared"] += 1
        except PKIError as error:
            outcomes[error.code] += 1
        assert time.monotonic() - begun < MOST_SECONDS, path
    assert sum(outcomes.values()) > 500
    expected = {"person": "signing.signer_name_not_found", "agency": "signing.person_not_signed"}
    assert outcomes[expected.get(profile, "prepared")] > 100
