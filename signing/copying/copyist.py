"""Copies documents for one agency: judged, drafted, signed, and the evidence kept.

1. the certificate is an agency's: nobody else's signature makes a copy;
2. the document is judged, and is what this kind of copy is made of;
3. a new document is made of its pages;
4. the agency signs it, with the words of the copy at the top right of the first page.

Spec: Decree 30/2020/ND-CP Art. 25, Art. 33.2, Annex I (not checked against the official text).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pki.names import common_name
from signing.copying.draft import CopyDraft, CopyWish, check_pages_wish, draft_copy
from signing.copying.source import JudgedSource, judge_source
from signing.display.look import prepare_look
from signing.display.placement import Placement, Rectangle, in_corner
from signing.display.tables import CornerPlace
from signing.errors.copying import CopyNeedsAgencyError, CopyNoRoomError
from signing.judged import keep_judged
from signing.key import SigningKey
from signing.options import SigningOptions
from signing.services import SigningServices
from signing.sign import Signatory, SignedDocument
from verify.finding import Finding, warning
from verify.pdf.document import open_pdf
from verify.purpose import is_seal

ARTICLE = "Decree 30/2020/ND-CP Art. 25, 33.2"
GAP_MM = 2.0
"""Between the words of a copy and what stands in their place already."""


@dataclass(frozen=True, slots=True)
class MadeCopy:
    """A copy that the agency has signed."""

    signed: SignedDocument
    source: JudgedSource
    draft: CopyDraft

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What whoever copies should know."""
        found = list(self.signed.warnings)
        if self.draft.opened is not None:
            found.append(warning("signing.copy_open", name=self.draft.opened))
        if self.source.undecided:
            fields = ", ".join(self.source.undecided)
            found.append(warning("signing.copy_status_unknown", fields=fields))
        if self.draft.left_out:
            pages = ", ".join(map(str, self.draft.left_out))
            found.append(warning("signing.copy_leaves_out", pages=pages))
        return tuple(found)


class Copyist:
    """One agency's key and one set of wishes, for any number of documents."""

    def __init__(
        self, signer: SigningKey, options: SigningOptions, services: SigningServices
    ) -> None:
        """Take the key and how the copies shall be signed.

        Raises:
            CopyNeedsAgencyError: the certificate is no agency's.
            PKIError: see `check_wishes`.
        """
        if not is_seal(signer.certificate, services.policy):
            raise CopyNeedsAgencyError(
                subject=common_name(signer.certificate.subject), article=ARTICLE
            )
        self.signer = signer
        self.services = services
        self._options = options
        self._signatories: dict[Placement, Signatory] = {}
        self._signatory(options.placement)

    def copy(self, data: bytes, wish: CopyWish, *, name: str = "document.pdf") -> MadeCopy:
        """Return a copy of a document.

        Args:
            data: a PDF document.
            wish: what copy.
            name: what to call the document in messages, and in the copy.

        Raises:
            CopyPagesNeededError, CopyWholeError: the wish is none.
            PKIError: see `judge_source`, `draft_copy`, `Signatory.sign`.
            CopyNoRoomError: something else stands where the words of the copy go.
        """
        check_pages_wish(wish)
        services = self.services
        limits = services.policy.limits
        pdf = open_pdf(data, name=name, limits=limits, password=services.password)
        source = judge_source(
            pdf, wish.kind, wish.said, services=services, accept_unknown=wish.accept_unknown
        )
        draft = draft_copy(pdf, wish, source, at=services.clock.now())
        placement = self._placement(draft)
        if services.records is not None and source.report is not None:
            keep_judged(services.records, pdf, source.report, source.evidence, limits)
        signed = self._signatory(placement).sign(draft.data, name=name)
        return MadeCopy(signed, source, draft)

    def _signatory(self, placement: Placement) -> Signatory:
        if placement not in self._signatories:
            options = replace(self._options, placement=placement)
            self._signatories[placement] = Signatory(self.signer, options, self.services)
        return self._signatories[placement]

    def _placement(self, draft: CopyDraft) -> Placement:
        """Return where the words go: in the corner, or beside what lies there already."""
        options = self._options
        place, asked = options.display.place, options.placement
        if asked != Placement() or not isinstance(place, CornerPlace) or place.page != 1:
            return asked
        look = prepare_look(
            options.display,
            self.signer.certificate,
            self.services.clock.now(),
            image=options.image,
            number=options.number,
        )
        size = (look.natural.width_mm, look.natural.height_mm)
        corner = in_corner(place, size, draft.geometry)
        free = _beside(corner, draft.marks, to_left=place.corner.endswith("right"))
        if free == corner:
            return asked
        if free.left_mm < 0 or free.right_mm > draft.geometry.width_mm:
            raise CopyNoRoomError(width_mm=f"{corner.width_mm:.0f}")
        return Placement(page=1, corner_mm=(round(free.left_mm, 2), round(free.top_mm, 2)))


def _beside(wanted: Rectangle, marks: tuple[Rectangle, ...], *, to_left: bool) -> Rectangle:
    """Return the rectangle moved aside until no mark lies under it."""
    for mark in sorted(marks, key=lambda each: each.left_mm, reverse=to_left):
        across = wanted.left_mm < mark.right_mm and mark.left_mm < wanted.right_mm
        if across and wanted.top_mm < mark.bottom_mm and mark.top_mm < wanted.bottom_mm:
            left = mark.left_mm - GAP_MM - wanted.width_mm if to_left else mark.right_mm + GAP_MM
            wanted = replace(wanted, left_mm=left)
    return wanted
