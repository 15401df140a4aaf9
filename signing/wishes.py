"""Whether what is asked of a signature goes together.

Spec: ETSI EN 319 142-1 §6.3 (reason and commitment-type-indication exclude each other).
"""

from __future__ import annotations

from signing.errors.documents import FormLacksError, ReasonAndCommitmentError
from signing.options import Form, SigningOptions


def check_wishes(options: SigningOptions) -> None:
    """Check options before any document is looked at.

    Raises:
        ReasonAndCommitmentError: a reason and a commitment.
        FormLacksError: see `check_form`.
    """
    if options.reason is not None and options.commitment is not None:
        raise ReasonAndCommitmentError(reason=options.reason, commitment=options.commitment.value)
    check_form(options.form or Form.PADES, options)


def check_form(form: Form, options: SigningOptions) -> None:
    """Check that a form of signature can carry what is asked for.

    Raises:
        FormLacksError: it has no such level, or no room for roles and commitments.
    """
    if form is Form.PADES:
        return
    wishes = {
        options.level.value: options.level.needs_evidence,
        "role": options.role is not None,
        "commitment": options.commitment is not None,
    }
    for wish, asked in wishes.items():
        if asked:
            raise FormLacksError(form=form.value, wish=wish)
