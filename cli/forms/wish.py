"""What `antin form` was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from pki.errors.forms import FormNeedsError, FormOptionError
from pki.forms.form import About, Form

if TYPE_CHECKING:
    from cli.requests.signing import Actor

MOST = 10_000
"""Lines of a form."""
_TAKES: dict[About, tuple[str, ...]] = {
    About.PERSON: ("--person", "--post", "--agency", "--request"),
    About.AGENCY: ("--agency", "--request"),
    About.SERVICE: ("--name", "--request"),
    About.CERTIFICATE: ("SERIAL", "--request", "--reason", "--service"),
    About.DEVICE: ("SERIAL", "--request"),
    About.HANDOVER: ("SERIAL", "--person", "--agency"),
}
"""Options that say something for a form, by what it is about."""
_SUBJECTS = ("SERIAL", "--person", "--agency", "--name", "--request")
"""Of these one must be said."""


@dataclass(frozen=True, slots=True)
class FormWish:
    """The options of one run, as they were given."""

    output: Path
    serials: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    post: str | None = None
    agencies: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    reason: str | None = None
    service: str | None = None
    sender: str | None = None
    signer: str | None = None
    receiver: str | None = None
    symbol: str | None = None
    day: date | None = None
    place: str | None = None
    who: Actor | None = None
    """Who wants personal numbers on it; None leaves them out."""
    overwrite: bool = False

    def _given(self) -> dict[str, object]:
        return {
            "SERIAL": self.serials,
            "--person": self.people,
            "--post": self.post,
            "--agency": self.agencies,
            "--name": self.names,
            "--request": self.requests,
            "--reason": self.reason,
            "--service": self.service,
        }

    def check(self, form: Form) -> None:
        """Refuse what says nothing for a form, and a form about nothing.

        Raises:
            FormOptionError: an option is another form's.
            FormNeedsError: none says whom or what it is about.
        """
        takes = _TAKES[form.about]
        if form.about is About.CERTIFICATE:
            other = "--service" if form.reasons else "--reason"
            takes = tuple(each for each in takes if each != other)
        given = [option for option, value in self._given().items() if value]
        for option in given:
            if option not in takes or (option == "--post" and len(self.people) != 1):
                raise FormOptionError(form=form.number, option=option, options=takes)
        subjects = tuple(option for option in _SUBJECTS if option in takes)
        if not any(option in subjects for option in given):
            raise FormNeedsError(form=form.number, options=subjects)
