"""The pictures of `docs/displays.md`: sample documents signed by the real code, and rendered.

The same on every machine but for the font, of which there are several of the same metrics: so a
picture is only written again where its ink lies elsewhere or has another size or colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

import pypdfium2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fpdf import FPDF
from PIL import Image, ImageChops, ImageDraw

from signing.display.fonts import find_font
from signing.display.png import parse_image
from signing.display.profile import load_display
from signing.key import SigningKey
from signing.options import SigningOptions
from signing.revision import SignatureRequest, prepare_signature
from signing.signer import KeySigner

DPI = 80
FINE = 4
AT = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
PERSON = "Nguyễn Văn Mẫu"
AGENCY = "Ủy ban nhân dân xã Mẫu"
NUMBER = "12/QĐ-UBND"
BLUE, RED = (20, 60, 170), (205, 20, 30)
SHOWN = {"person": "foot", "agency": "foot", "text": "end"}
"""Which part of the page is shown; of the others it is the head."""
PARTS = {"foot": (0, 175, 210, 260), "end": (0, 235, 210, 297), "head": (0, 0, 210, 62)}
"""Left, top, right, bottom in millimetres."""
NEAR_PX = 3
COARSE, MOST_DIFFERENT = 10, 35


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs in the pictures."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def sign(self, data: bytes, profile: str, image: bytes | None) -> bytes:
        """Return the document with one more signature."""
        options = SigningOptions(
            display=load_display(profile),
            image=parse_image(image, "sample.png") if image else None,
            number=NUMBER if profile == "annex" else None,
        )
        signer = KeySigner(SigningKey(self.certificate, (), lambda: self.key))
        request = SignatureRequest(signer, options, AT, None, "sample.pdf")
        return prepare_signature(data, request).complete().output.getvalue()


def picture(profile: str) -> Image.Image:
    """Return what a display looks like."""
    if profile in ("person", "agency"):
        data = person().sign(sample_page(), "person", sample_signature())
        if profile == "agency":
            data = agency().sign(data, "agency", sample_seal())
    else:
        data = (person if profile in ("text", "none") else agency)().sign(
            sample_page(), profile, None
        )
    document = pypdfium2.PdfDocument(data)
    document.init_forms()
    # PDFium gives the letters of fields coloured edges: it draws them without, and large.
    large = document[0].render(scale=FINE * DPI / 72, no_smoothtext=True).to_pil().convert("RGB")
    shown = large.resize((large.width // FINE, large.height // FINE), Image.Resampling.BOX)
    box = tuple(round(side / 25.4 * DPI) for side in PARTS[SHOWN.get(profile, "head")])
    return framed(shown.crop(box)).quantize(48)


def framed(image: Image.Image) -> Image.Image:
    """Return the picture with an edge, so that a white page is seen to be one."""
    ImageDraw.Draw(image).rectangle((0, 0, image.width - 1, image.height - 1), outline=(190,) * 3)
    return image


def shows_the_same(one: Image.Image, other: Image.Image) -> bool:
    """Say whether two pictures are of one size, with ink of each colour in the same place."""
    if one.size != other.size:
        return False
    pairs = zip(ink(one), ink(other), strict=True)
    same_boxes = all(
        (first is None) == (second is None)
        and all(abs(a - b) <= NEAR_PX for a, b in zip(first or (), second or (), strict=True))
        for first, second in pairs
    )
    differences = ImageChops.difference(coarse(one), coarse(other)).getextrema()
    return same_boxes and differences[1] <= MOST_DIFFERENT


def coarse(image: Image.Image) -> Image.Image:
    """Return how dark each part is, whatever the letters are in detail."""
    size = (image.width // COARSE, image.height // COARSE)
    return image.convert("RGB").convert("L").resize(size, Image.Resampling.BOX)


def ink(image: Image.Image) -> tuple[tuple[int, int, int, int] | None, ...]:
    """Return the boxes of what is blue, red, and dark."""
    red, green, blue = image.convert("RGB").split()
    found = (
        ImageChops.subtract(blue, red),
        ImageChops.subtract(red, blue),
        ImageChops.invert(ImageChops.lighter(ImageChops.lighter(red, green), blue)),
    )
    return tuple(band.point(lambda value: 255 if value > 90 else 0).getbbox() for band in found)


def write_picture(path: Path, image: Image.Image) -> None:
    """Write a picture, unless the one that is there shows the same."""
    if path.exists():
        with Image.open(path) as there:
            if shows_the_same(there, image):
                return
    path.parent.mkdir(exist_ok=True)
    image.save(path, "PNG", optimize=True)


@cache
def person() -> Signer:
    """Return the official of the samples."""
    title = x509.NameAttribute(x509.NameOID.TITLE, "Chủ tịch")
    body = x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, AGENCY)
    return _signer(x509.NameAttribute(x509.NameOID.COMMON_NAME, PERSON), title, body)


@cache
def agency() -> Signer:
    """Return the agency of the samples."""
    return _signer(x509.NameAttribute(x509.NameOID.COMMON_NAME, AGENCY))


def _signer(*attributes: x509.NameAttribute[str]) -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(attributes)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return Signer(certificate, key)


@cache
def sample_page() -> bytes:
    """Return a page as Decree 30/2020 has it: head, a paragraph, recipients, title and name."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(AT)
    pdf.set_auto_page_break(auto=False)
    pdf.add_font("serif", fname=str(find_font()))
    pdf.add_page()
    pdf.set_font("serif", size=13)
    for left, y, text in (
        (30, 22, "ỦY BAN NHÂN DÂN XÃ MẪU"),
        (104, 22, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        (121, 28, "Độc lập - Tự do - Hạnh phúc"),
        (40, 34, f"Số: {NUMBER}"),
        (113, 40, "Xã Mẫu, ngày 22 tháng 11 năm 2026"),
        (30, 178, "Nơi nhận:"),
        (30, 184, "- Như Điều 3;"),
        (30, 190, "- Lưu: VT."),
    ):
        pdf.set_xy(left, y)
        pdf.cell(text=text, h=6)
    for y, text in ((178, "TM. ỦY BAN NHÂN DÂN"), (184, "CHỦ TỊCH"), (224, PERSON)):
        pdf.set_xy(110, y)
        pdf.cell(w=80, h=6, text=text, align="C")
    return bytes(pdf.output())


@cache
def sample_signature() -> bytes:
    """Return a signature that is nobody's."""
    points = [(40, 300), (180, 90), (240, 330), (330, 130), (400, 310), (520, 150), (560, 290)]
    image = Image.new("RGBA", (1000, 480), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.line([*points, (700, 200), (960, 250)], BLUE, 16, joint="curve")
    draw.arc((80, 280, 940, 460), 185, 350, BLUE, 12)
    return _png(image)


@cache
def sample_seal() -> bytes:
    """Return a seal that is no agency's."""
    image = Image.new("RGBA", (1000, 1000), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((4, 4, 995, 995), outline=RED, width=30)
    draw.ellipse((240, 240, 759, 759), outline=RED, width=12)
    draw.regular_polygon((500, 500, 170), 5, fill=RED)
    for step in range(24):
        one = Image.new("RGBA", image.size, (0, 0, 0, 0))
        ImageDraw.Draw(one).rectangle((470, 90, 530, 170), fill=RED)
        image.alpha_composite(one.rotate(step * 15))
    return _png(image)


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
