"""The profiles of a ceremony: their texts as they were, and what those hash to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from pki.ceremony.plan import Plan
from pki.errors.ceremony import CeremonyProfileError
from pki.profile import Profile, parse_profile

Texts = Mapping[str, str]
"""Texts of profiles by name."""


def read_texts(plan: Plan, read: Callable[[str], str]) -> Texts:
    """Return the texts of the profiles that a plan uses.

    Args:
        plan: the ceremony.
        read: returns the text of a profile.

    Raises:
        CeremonyProfileError: a text is not the one that the plan expects.
        PKIError: whatever `read` raises.
    """
    texts = {name: read(name) for name in plan.profile_names}
    check_texts(plan, texts)
    return texts


def check_texts(plan: Plan, texts: Texts) -> None:
    """Refuse texts that a plan does not expect.

    Raises:
        CeremonyProfileError: a text differs, or is missing.
    """
    for name in plan.profile_names:
        found = hash_of(texts[name]) if name in texts else "-"
        if name not in texts or plan.profiles.get(name, found) != found:
            raise CeremonyProfileError(profile=name, found=found)


def hash_of(text: str) -> str:
    """Return the SHA-256 of a profile's text, as a ceremony's file states it."""
    return hashlib.sha256(text.encode()).hexdigest()


def profile_in(texts: Texts, name: str, policy_arc: str) -> Profile:
    """Return a profile of the ceremony.

    Raises:
        ProfileInvalidError: malformed, or in contradiction to itself or to the law.
    """
    return parse_profile(texts[name], name, policy_arc=policy_arc)
