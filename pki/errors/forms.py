"""Forms: what one is filled with. No name, no number of a person: codes alone."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError


class FormNeedsError(InvalidInputError):
    """Whom or what a form is about was not said (facts: `form`, `options`)."""

    code = "pki.form_needs"


class FormOptionError(InvalidInputError):
    """An option that says nothing for this form (facts: `form`, `option`, `options`)."""

    code = "pki.form_option"


class FormRequestError(RefusedError):
    """A request of another kind than the form is for (facts: `form`, `request`, `kind`)."""

    code = "pki.form_request"


class FormSenderError(RefusedError):
    """In which agency's name it goes out cannot be told (facts: `form`)."""

    code = "pki.form_sender"


class FormEmptyError(RefusedError):
    """Nobody and nothing there to write down (facts: `form`, `agency`)."""

    code = "pki.form_empty"


class FormTooLongError(RefusedError):
    """More lines than a form takes (facts: `form`, `most`)."""

    code = "pki.form_too_long"


class FormPersonGoneError(RefusedError):
    """A certificate or a token for a person who does not serve (facts: `person`)."""

    code = "pki.form_person_gone"


class FormPostError(RefusedError):
    """Which of several posts, or of none (facts: `person`, `posts`)."""

    code = "pki.form_post"


class FormNotHeldError(RefusedError):
    """A certificate that hangs on nobody in the register (facts: `certificate`)."""

    code = "pki.form_not_held"
