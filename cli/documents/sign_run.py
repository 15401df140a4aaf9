"""One run of `antin sign`: puts together who makes the signatures, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from cli.documents.sign_batch import SignJob, folder_of
from cli.documents.sign_wishes import SignWishes
from cli.documents.signed_text import Teller
from cli.documents.signer import LocatedSigner
from cli.homes.keys import PINs
from cli.session import Session
from signing.batch.made import make_document
from signing.batch.makers import Here, Maker
from signing.files import Existing
from signing.later import Later
from signing.sign import Signatory


@dataclass(frozen=True, slots=True)
class SignRun:
    """Who signs and how."""

    session: Session
    located: LocatedSigner
    signatory: Signatory
    wishes: SignWishes
    later: Later | None
    existing: Existing
    pins: PINs

    def maker(self, workers: int, outputs: Mapping[Path, Path], *, many: bool) -> Maker:
        """Return what makes the documents.

        Args:
            workers: how many processes.
            outputs: the documents, and where they go.
            many: there may be more than one document.

        Raises:
            BadOptionError: several workers and a key in a file.
        """
        if workers == 1:
            return self._several() if many else Here(partial(make_document, **self._how()))
        from cli.documents.sign_worker import order_of, workers_for  # loads a pool of processes

        order = order_of(
            self.session,
            self.wishes,
            self.located.signer,
            existing=self.existing,
            noted=many and folder_of(outputs) is not None,
        )
        return workers_for(
            self.located, self.pins, order, signatory=self.signatory, workers=workers
        )

    def _several(self) -> Maker:
        """Return what works on the next documents while services or the token do on others."""
        from signing.batch.ahead import Ahead
        from signing.batch.begun import asks_services, prepare_begin, prepare_document
        from signing.batch.overlap import Overlapped

        if asks_services(self.signatory, self.later):
            # What threads need of pyHanko is loaded before there are any: see `late_packages`.
            import_module("signing.extend")
            import_module("signing.longterm")
            return Overlapped(partial(prepare_begin, **self._how()))
        if self.later is None and self.located.uri is not None:  # software leaves no time
            return Ahead(
                partial(prepare_document, signatory=self.signatory, existing=self.existing)
            )
        return Here(partial(make_document, **self._how()))

    def _how(self) -> dict[str, Any]:
        return {"signatory": self.signatory, "later": self.later, "existing": self.existing}

    def job(self, maker: Maker, outputs: Mapping[Path, Path]) -> SignJob:
        """Return what is to be done with the documents."""
        raised_to = self.later.level.value if self.later else None
        teller = Teller(self.session, self.located.signer.certificate, raised_to)
        return SignJob(self.session, outputs, maker, teller, self.existing, self.later, self.pins)
