"""Agencies that become one, and parts that go elsewhere. Codes alone."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class RegroupAgenciesError(InvalidInputError):
    """An agency is named twice, or goes on in itself (facts: `agency`)."""

    code = "pki.regroup_agencies"


class RegroupEmptyError(RefusedError):
    """No post of that part of the agency lasts until that day (facts: `agency`, `unit`)."""

    code = "pki.regroup_empty"


class RegroupNotYetError(RefusedError):
    """The day has not come (facts: `plan`, `day`)."""

    code = "pki.regroup_not_yet"


class RegistryChangedError(RefusedError):
    """The registry would change otherwise than was approved (facts: `plan`)."""

    code = "pki.regroup_changed"


class MergedTwiceError(RefusedError):
    """A person would come from two places (facts: `person`, `first`, `second`)."""

    code = "pki.merged_twice"


class ElsewherePlannedError(RefusedError):
    """An agency is in another plan that is open (facts: `agency`, `plan`)."""

    code = "pki.regroup_elsewhere"


class CSRMissingError(RefusedError):
    """No request for a new key was found (facts: `person`, `serial`)."""

    code = "pki.csr_missing"


class CSRForSeveralError(RefusedError):
    """One request by a person's code, and several certificates (facts: `person`, `serial`)."""

    code = "pki.csr_for_several"


class MergedSubjectError(RefusedError):
    """A certificate names none of the agencies (facts: `person`, `serial`)."""

    code = "pki.merged_subject"
