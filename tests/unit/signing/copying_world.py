"""An original that leader and agency have signed, and an agency that copies it."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from fpdf import FPDF
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NumberObject,
    PdfObject,
    StreamObject,
    pdf_name,
    pdf_string,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.signing.outgoing_world import (
    AGENCY,
    DAU,
    KY,
    WORLD,
    by_agency,
    by_leader,
    numbered,
    prepared,
)
from unit.signing.signing_pages import letter
from unit.signing.signing_world import NOW, World

from signing.copying.copyist import Copyist, MadeCopy
from signing.copying.draft import CopyWish
from signing.display.profile import load_display
from signing.options import FieldLock, LockAction, Permission, SigningOptions
from signing.sign import sign_document
from verify.pdf.copied import CopyKind, SourceForm

SHUT = FieldLock(LockAction.ALL, (), Permission.NO_CHANGES)
SAO_Y = CopyWish(CopyKind.SAO_Y)
SAO_LUC = CopyWish(CopyKind.SAO_LUC)
PAPER = CopyWish(CopyKind.SAO_Y, SourceForm.PAPER)


def extract(*pages: tuple[int, int], **more: object) -> CopyWish:
    return CopyWish(CopyKind.TRICH_SAO, pages=pages, **more)


@cache
def original(**more: object) -> bytes:
    """Return a decision as an office sends it: signed, numbered, sealed, locked."""
    return by_agency(numbered(by_leader(prepared(**more)).data).data).data


@cache
def long_original(pages: int = 4) -> bytes:
    """Return a decision of several pages, signed on the last."""
    person = SigningOptions(display=load_display("person"), image=KY)
    seal = SigningOptions(display=load_display("agency"), image=DAU, lock=SHUT)
    signed = sign(letter(pages=pages), person)
    return sign(signed, seal, AGENCY)


def sign(data: bytes, options: SigningOptions, certificate=None, world: World = WORLD) -> bytes:
    signer = world.signer(certificate)
    return sign_document(data, signer=signer, options=options, services=world.services()).data


def copyist(kind: CopyKind = CopyKind.SAO_Y, *, world=WORLD, certificate=AGENCY, **more) -> Copyist:
    options = SigningOptions(
        **{"display": load_display(f"copy-{kind.value}"), "lock": SHUT, **more}
    )
    return Copyist(world.signer(certificate), options, world.services())


def copied(data: bytes, wish: CopyWish = SAO_Y, *, name: str = "qđ 15.pdf", **more) -> MadeCopy:
    return copyist(wish.kind, **more).copy(data, wish, name=name)


@cache
def sao_y() -> bytes:
    return copied(original()).signed.data


def reader_of(data: bytes) -> PdfFileReader:
    return PdfFileReader(BytesIO(data))


def scan(pages: int = 1) -> bytes:
    """Return pages as a scanner makes them."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(NOW)
    for _ in range(pages):
        pdf.add_page()
        pdf.rect(30, 40, 120, 60, style="F")
    return bytes(pdf.output())


def appearance(writer: IncrementalPdfFileWriter, color: str = "1 0 0", **more: PdfObject):
    """Return a drawing: a filled box in a colour."""
    box = ArrayObject(map(FloatObject, (0, 0, 10, 10)))
    found = {pdf_name("/BBox"): box, pdf_name("/Subtype"): pdf_name("/Form")}
    drawn = StreamObject(
        {**found, **{pdf_name(f"/{key}"): value for key, value in more.items()}},
        stream_data=f"{color} rg 0 0 10 10 re f".encode(),
    )
    return writer.add_object(drawn)


def annotated(data: bytes, *annotations: dict[str, object], page: int = 0, **root) -> bytes:
    """Return a document with annotations on a page, and entries in its catalogue.

    A `look` in an annotation is the colour of its drawing.
    """
    writer = IncrementalPdfFileWriter(BytesIO(data))
    holder = writer.find_page_for_modification(page)[0].get_object()
    listed = holder["/Annots"] if "/Annots" in holder else ArrayObject()
    for given in annotations:
        found = {"Type": pdf_name("/Annot"), "Rect": boxed(50, 500, 150, 600), **given}
        if (color := found.pop("look", None)) is not None:
            matrix = {"Matrix": found.pop("matrix")} if "matrix" in found else {}
            look = appearance(writer, str(color), **matrix)
            found["AP"] = DictionaryObject({pdf_name("/N"): look})
        entries = {pdf_name(f"/{key}"): value for key, value in found.items()}
        listed.append(writer.add_object(DictionaryObject(entries)))
    holder[pdf_name("/Annots")] = listed
    writer.update_container(holder)
    for key, value in root.items():
        writer.root[pdf_name(f"/{key}")] = value
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def boxed(*numbers: float) -> ArrayObject:
    return ArrayObject(map(FloatObject, numbers))


def named(**entries: object) -> DictionaryObject:
    """Return a dictionary; words that begin with a slash are names, others texts."""
    return DictionaryObject({pdf_name(f"/{key}"): as_pdf(value) for key, value in entries.items()})


def as_pdf(value: object) -> PdfObject:
    if isinstance(value, PdfObject):
        return value
    if isinstance(value, str):
        return pdf_name(value) if value.startswith("/") else pdf_string(value)
    return NumberObject(value)
