"""Agencies, people, posts, devices. No name, no number of a person: codes alone."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class EntryCodeError(InvalidInputError):
    """A code that is none: 1 to 32 of A-Z, a-z, 0-9, `.`, `_`, `-` (facts: `field`)."""

    code = "pki.entry_code"


class EntryCodeNumberError(InvalidInputError):
    """A person's number of the state's stands where a code should be (facts: `field`)."""

    code = "pki.entry_code_number"


class EntryMissingError(InvalidInputError):
    """Something that must be said is not (facts: `field`)."""

    code = "pki.entry_missing"


class EntryTextError(InvalidInputError):
    """A text that is too long, or has a character that none may have (facts: `field`, `found`)."""

    code = "pki.entry_text"


class EntryWordError(InvalidInputError):
    """Not one of the words there are (facts: `field`, `words`)."""

    code = "pki.entry_word"


class EntryDayError(InvalidInputError):
    """No day, or one out of all measure (facts: `field`)."""

    code = "pki.entry_day"


class EntryDayTurnedError(InvalidInputError):
    """A day as a spreadsheet turned it: day and month may have changed places (facts: `field`)."""

    code = "pki.entry_day_turned"


class EntryLeapDayError(InvalidInputError):
    """29 February of a year that has none (facts: `field`, `year`)."""

    code = "pki.entry_leap_day"


class CitizenNumberError(InvalidInputError):
    """Not a citizen's number; which one is not told."""

    code = "pki.citizen_number"


class CitizenNumberSpoiltError(InvalidInputError):
    """A citizen's number as a spreadsheet spoilt it: zeros lost, or in scientific notation."""

    code = "pki.citizen_number_spoilt"


class TaxCodeError(InvalidInputError):
    """Not a tax code (facts: `field`)."""

    code = "pki.tax_code"


class EmailError(InvalidInputError):
    """Not an e-mail address; which one is not told."""

    code = "pki.email"


class NamePartsError(InvalidInputError):
    """Surname and given name do not make up the name (facts: `person`)."""

    code = "pki.name_parts"


class UnknownAgencyError(RefusedError):
    """No agency of that code (facts: `agency`)."""

    code = "pki.agency_unknown"


class UnknownPersonError(RefusedError):
    """No person of that code (facts: `person`)."""

    code = "pki.person_unknown"


class UnknownPostError(RefusedError):
    """No post of that code (facts: `post`)."""

    code = "pki.post_unknown"


class UnknownDeviceError(RefusedError):
    """No device of that serial (facts: `device`)."""

    code = "pki.device_unknown"


class EntryExistsError(RefusedError):
    """Something is to be added that is there (facts: `key`)."""

    code = "pki.entry_exists"


class EntryBackwardsError(RefusedError):
    """It would hold from before the day of what it follows (facts: `key`, `day`, `last`)."""

    code = "pki.entry_backwards"


class EntrySinceError(RefusedError):
    """The first day and what began on it do not change together (facts: `key`)."""

    code = "pki.entry_since"


class EntrySpanError(RefusedError):
    """The last day is before the first (facts: `key`)."""

    code = "pki.entry_span"


class AgencyCycleError(RefusedError):
    """An agency would stand above itself (facts: `agency`)."""

    code = "pki.agency_cycle"


class AgencyOutlivesError(RefusedError):
    """An agency would outlive the one above it (facts: `agency`, `parent`)."""

    code = "pki.agency_outlives"


class AgencyInUseError(RefusedError):
    """Posts or agencies would outlive the agency (facts: `agency`, `count`, `first`)."""

    code = "pki.agency_in_use"


class SuccessorError(RefusedError):
    """An agency that goes on has a successor, or is its own (facts: `agency`)."""

    code = "pki.agency_successor"


class PersonMoveError(RefusedError):
    """No such change of a person's state (facts: `person`, `before`, `after`)."""

    code = "pki.person_move"


class PersonTwiceError(RefusedError):
    """Another person has that citizen's number (facts: `person`, `other`)."""

    code = "pki.person_twice"


class PersonGoneError(RefusedError):
    """A person who does not serve would hold a post or get a device (facts: `key`, `person`)."""

    code = "pki.person_gone"


class PostOutsideError(RefusedError):
    """A post before or after its agency (facts: `post`, `agency`)."""

    code = "pki.post_outside"


class PostOverlapsError(RefusedError):
    """The same post of the same person at the same time (facts: `post`, `other`)."""

    code = "pki.post_overlaps"


class PostMovedError(RefusedError):
    """A post keeps its person and its agency (facts: `post`)."""

    code = "pki.post_moved"


class DeviceMoveError(RefusedError):
    """No such change of a device's state (facts: `device`, `before`, `after`)."""

    code = "pki.device_move"


class DeviceHolderError(RefusedError):
    """A device gets another holder and was not returned (facts: `device`, `state`)."""

    code = "pki.device_holder"


class OneHolderError(RefusedError):
    """Not exactly one holder, a person or an agency (facts: `key`)."""

    code = "pki.one_holder"
