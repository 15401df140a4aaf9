"""Documents as offices write them before they have a number, and who signs them."""

from __future__ import annotations

from datetime import date
from functools import cache
from io import BytesIO

from cryptography import x509
from cryptography.x509.oid import NameOID
from fpdf import FPDF
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from unit.signing.signing_pages import handwriting, seal
from unit.signing.signing_world import (
    AGENCY as AGENCY_POLICY,
)
from unit.signing.signing_world import (
    BASE,
    NOW,
    SIGNER_NAME,
    World,
    duty,
    key_usage,
    make_key,
    pointers,
)

from signing.display.fonts import find_font
from signing.display.placement import Placement
from signing.display.png import parse_image
from signing.display.profile import load_display
from signing.options import SigningOptions
from signing.outgoing.number import NumberedDocument, Numbering, number_document
from signing.outgoing.prepare import OutgoingPlaces, prepare_document
from signing.sign import SignedDocument, sign_document
from verify.policy import default_policy

WORLD = World()
LEADER = Placement(name=SIGNER_NAME, title="Chủ tịch")
PLACES = OutgoingPlaces(LEADER)
DAY = date(2026, 11, 2)
WISH = Numbering("15", DAY)
NUMBER = "Số:              /QĐ-UBND"
DATE = "Hòa Bình, ngày        tháng        năm 2026"
KY = parse_image(handwriting(), "ky.png")
DAU = parse_image(seal(), "dau.png")


def issue_agency(world: World) -> x509.Certificate:
    """Return the certificate of an organisation: nobody's name in it, a tax code."""
    parts = {
        NameOID.ORGANIZATION_NAME: "Ủy ban nhân dân xã Hòa Bình",
        NameOID.COMMON_NAME: "Ủy ban nhân dân xã Hòa Bình",
        NameOID.USER_ID: "MST:0100109106",
    }
    return world.ca.issue(
        x509.Name([x509.NameAttribute(oid, value) for oid, value in parts.items()]),
        make_key(world.kind),
        (key_usage("digital_signature", "content_commitment"), True),
        *pointers(f"{BASE}/crl/ca.crl", f"{BASE}/ocsp"),
        (duty(AGENCY_POLICY), False),
    )


AGENCY = issue_agency(WORLD)


@cache
def draft(
    number: str = NUMBER, day: str = DATE, *, rotate: int = 0, pdfa: str | None = None
) -> bytes:
    """Return a decision of one page, in PDF/A where a part is named ("2B").

    Turned pages look upright, as a scanner's do.
    """
    pdf = FPDF(format="A4", enforce_compliance=f"PDF/A-{pdfa}" if pdfa else None)
    pdf.set_creation_date(NOW)
    pdf.set_title("Quyết định")
    pdf.set_lang("vi")
    pdf.add_font("serif", fname=str(find_font()))
    pdf.add_page()
    pdf.set_font("serif", size=13)
    texts = [
        (25, 20, "ỦY BAN NHÂN DÂN"),
        (25, 27, "XÃ HÒA BÌNH"),
        (95, 20, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        (25, 36, number),
        (100, 36, day),
        (30, 60, "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020;"),
        (130, 200, "CHỦ TỊCH"),
        (125, 236, SIGNER_NAME),
    ]
    for x, y, text in texts:
        pdf.set_xy(x, y)
        pdf.cell(text=text, h=6)
    data = bytes(pdf.output())
    return turned(data, rotate) if rotate else data


def turned(data: bytes, rotate: int) -> bytes:
    """Return the page drawn turned and shown upright again by /Rotate."""
    writer = IncrementalPdfFileWriter(BytesIO(data))
    page = writer.find_page_for_modification(0)[0].get_object()
    wide, high = 595.28, 841.89
    matrix = {
        90: f"0 1 -1 0 {high} 0",
        180: f"-1 0 0 -1 {wide} {high}",
        270: f"0 -1 1 0 0 {wide}",
    }[rotate]
    box = (0, 0, high, wide) if rotate in (90, 270) else (0, 0, wide, high)
    page[pdf_name("/MediaBox")] = generic.ArrayObject(map(generic.FloatObject, box))
    page[pdf_name("/Rotate")] = generic.NumberObject(rotate)
    before = writer.add_object(generic.StreamObject(stream_data=f"q {matrix} cm\n".encode()))
    after = writer.add_object(generic.StreamObject(stream_data=b"\nQ"))
    drawn = page.raw_get("/Contents")
    page[pdf_name("/Contents")] = generic.ArrayObject([before, drawn, after])
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@cache
def prepared(**more: object) -> bytes:
    return prepare_document(
        draft(**more), PLACES, name="qd.pdf", limits=default_policy().limits
    ).data


def by_leader(data: bytes, **options: object) -> SignedDocument:
    return _sign(data, None, {"display": load_display("person"), "image": KY, **options})


def by_agency(data: bytes, **options: object) -> SignedDocument:
    return _sign(data, AGENCY, {"display": load_display("agency"), "image": DAU, **options})


def _sign(
    data: bytes, certificate: x509.Certificate | None, options: dict[str, object]
) -> SignedDocument:
    return sign_document(
        data,
        signer=WORLD.signer(certificate),
        options=SigningOptions(**options),
        services=WORLD.services(),
    )


def numbered(data: bytes, wish: Numbering = WISH) -> NumberedDocument:
    return number_document(data, wish, services=WORLD.services(), name="qd.pdf")
