"""Plans: many deeds under one approval."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class PlanChangedError(RefusedError):
    """The lines of a plan are not those that its head is of (facts: `plan`)."""

    code = "pki.plan_changed"


class PlanUnknownError(InvalidInputError):
    """The request of that id is no plan (facts: `plan`)."""

    code = "pki.plan_unknown"


class PlanAloneError(RefusedError):
    """A plan is not carried out as a single request is (facts: `plan`)."""

    code = "pki.plan_alone"


class PlanFieldError(InvalidInputError):
    """Something in a plan is missing, too much or not of its form (facts: `field`)."""

    code = "pki.plan_field"


class PlanEmptyError(RefusedError):
    """A plan would have no line."""

    code = "pki.plan_empty"


class PlanFaultsError(RefusedError):
    """Something in a plan cannot be planned, and nothing was (facts: `faults`)."""

    code = "pki.plan_faults"


class PlanLineError(RefusedError):
    """What a line would do is not what its kind says (facts: `kind`, `field`)."""

    code = "pki.plan_line"


class PlanTwiceError(RefusedError):
    """Two lines of a plan are about one certificate (facts: `serial`)."""

    code = "pki.plan_twice"


class PlanTwoPlacesError(RefusedError):
    """One person would be in two agencies (facts: `person`)."""

    code = "pki.plan_two_places"
