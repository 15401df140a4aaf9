"""Events: what is wrong with one, and when nothing can be done for it. Codes alone."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class EventFieldError(InvalidInputError):
    """Something this kind of event needs, or has no place for (facts: `field`, `kind`)."""

    code = "pki.event_field"


class EventUnknownError(InvalidInputError):
    """No event of that id (facts: `event`)."""

    code = "pki.event_unknown"


class EventChangedError(RefusedError):
    """Something else was recorded under this id (facts: `event`)."""

    code = "pki.event_changed"


class EventBeforePostError(RefusedError):
    """It would have befallen before the post began (facts: `post`, `since`, `day`)."""

    code = "pki.event_before_post"


class PostOverError(RefusedError):
    """The post was over by then (facts: `post`, `until`)."""

    code = "pki.post_over"


class EventNotYetError(RefusedError):
    """Its day has not come: nothing is handed in for it yet (facts: `event`, `day`)."""

    code = "pki.event_not_yet"
