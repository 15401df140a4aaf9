"""Profiles: what a kind of certificate holds, read from TOML and checked when it is read.

A profile that contradicts itself, or the law, is refused before anything is issued under it. The
profiles that come with Antin are data of `pki.profiles`; a path names a file of one's own.

Spec: RFC 5280 §4.2; Decree 68/2024/ND-CP Art. 9 (lifetimes; not checked against the official
text).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator
from pydantic_core import ErrorDetails

from pki.contradictions import contradictions
from pki.errors.requests import ProfileInvalidError, ProfileNotFoundError, ProfileViolationError
from pki.errors.tree import Phrase, phrase
from pki.identifiers import organization_kind, serial_number_kind, uid_kind
from pki.profile_tables import (
    AUDIT_LOG,
    DEFAULT_POLICY_ARC,
    EXTENDED_USAGES,
    TIME_STAMPING,
    Contradiction,
    Lifetime,
    ProfileTables,
)
from pki.subject import Subject

__all__ = (
    "AUDIT_LOG",
    "BUILT_IN",
    "DEFAULT_POLICY_ARC",
    "TIME_STAMPING",
    "Lifetime",
    "Profile",
    "load_profile",
    "parse_profile",
)

BUILT_IN = (
    "root",
    "subordinate",
    "issuing",
    "cross",
    "official",
    "agency",
    "device",
    "tls-server",
    "ocsp",
    "timestamp",
    "audit",
)


class Profile(ProfileTables):
    """One kind of certificate, checked. Made by `load_profile`."""

    @property
    def is_authority(self) -> bool:
        """Whether certificates of this profile may sign certificates."""
        return self.authority is not None

    @property
    def extended_oids(self) -> tuple[str, ...]:
        """Object identifiers of the extended key usages."""
        return tuple(EXTENDED_USAGES[usage] for usage in self.extended_key_usage)

    def check_subject(self, subject: Subject) -> None:
        """Refuse a subject that the profile does not allow.

        Raises:
            ProfileViolationError: it lacks something, has too much, or has what is not for it.
        """
        reason = self.unfit_subject(subject)
        if reason is not None:
            raise ProfileViolationError(profile=self.name, reason=reason)

    def unfit_subject(self, subject: Subject) -> Phrase | None:
        """Return what speaks against the subject; None where nothing does."""
        present = subject.shorts()
        missing = tuple(short for short in self.subject.required if short not in present)
        extra = tuple(sorted(present - self.subject.allowed))
        if missing:
            return phrase("pki.profile.lacks", attributes=missing)
        if extra:
            return phrase("pki.profile.may_not_have", attributes=extra)
        if ("SN" in present) != ("GN" in present):
            return phrase("pki.profile.half_a_name")
        return self._unfit_numbers(subject) or self._unfit_hosts(subject)

    def _unfit_numbers(self, subject: Subject) -> Phrase | None:
        found = {_KINDS[short](value) for short, value in subject.attributes if short in _KINDS}
        allowed = self.subject.identifiers
        if allowed is None or found <= set(allowed):
            return None
        return phrase("pki.profile.other_numbers", allowed=allowed)

    def _unfit_hosts(self, subject: Subject) -> Phrase | None:
        if not self.subject.wildcards and any(name.startswith("*") for name in subject.dns):
            return phrase("pki.profile.no_wildcards")
        if "serverAuth" not in self.extended_key_usage:
            return None
        hosts = {*subject.values("DNS"), *subject.values("IP")}
        return None if hosts & {*subject.values("CN")} else phrase("pki.profile.common_name_host")

    @model_validator(mode="after")
    def _check(self) -> Self:
        for found in contradictions(self):
            raise found
        return self


_KINDS: dict[str, Callable[[str], str | None]] = {
    "UID": uid_kind,
    "serialNumber": serial_number_kind,
    "organizationIdentifier": organization_kind,
}


def load_profile(name_or_path: str | Path, *, policy_arc: str = DEFAULT_POLICY_ARC) -> Profile:
    """Read a profile by the name of one that comes with Antin, or from a TOML file.

    Raises:
        ProfileNotFoundError: no such profile, no such file.
        ProfileInvalidError: malformed, or in contradiction to itself or to the law.
    """
    name = str(name_or_path)
    try:
        if name in BUILT_IN:
            text = (files("pki.profiles") / f"{name}.toml").read_text(encoding="utf-8")
        else:
            text = Path(name_or_path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ProfileNotFoundError(profile=name) from error
    return parse_profile(text, name, policy_arc=policy_arc)


def parse_profile(text: str, name: str, *, policy_arc: str = DEFAULT_POLICY_ARC) -> Profile:
    """Read a profile from TOML text; `name` is what errors call it.

    Raises:
        ProfileInvalidError: malformed, or in contradiction to itself or to the law.
    """
    try:
        return Profile.model_validate({"policy_arc": policy_arc, **tomllib.loads(text)})
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line ([0-9]+), column ([0-9]+)", str(error))
        place = f"{at[1]}:{at[2]}" if at else "-"
        reason = phrase("pki.profile.not_toml")
        raise ProfileInvalidError(profile=name, place=place, reason=reason) from error
    except ValidationError as error:
        place, reason = _told(error.errors(include_url=False, include_input=False)[0])
        raise ProfileInvalidError(profile=name, place=place, reason=reason) from error


def _told(error: ErrorDetails) -> tuple[str, Phrase]:
    """Return the place of what pydantic found, and words for it."""
    place = ".".join(str(part) for part in error["loc"])
    context = error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, Contradiction):
        return place or cause.place, cause.reason
    match error["type"]:
        case "missing":
            return place, phrase("pki.profile.missing")
        case "extra_forbidden":
            return place, phrase("pki.profile.unknown")
        case "enum" | "literal_error":
            return place, phrase("pki.profile.not_one_of", allowed=context["expected"])
        case _:
            return place, phrase("pki.profile.value")
