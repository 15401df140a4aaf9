"""Writes the demonstration's own document: a one-page *công văn* with selectable text.

The layout follows Annex I of Decree 30/2020/NĐ-CP as far as one page shows it: A4, margins of 20,
20, 30 and 20 mm, a Times New Roman-metric face, national motto on the right, agency on the left,
the signer's title and name on the right half with room for the signature between them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF

LEFT, TOP, RIGHT, BOTTOM = 30.0, 20.0, 20.0, 20.0
MIDDLE = 105.0
LINE = 6.2

SIGNATURE_BOX_MM = (118.0, 196.0, 72.0, 24.0)
"""Left, top, width, height of the room between title and name, from the page's top left corner."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What stands on the page."""

    parent: str
    agency: str
    number: str
    place_and_date: str
    subject: str
    addressee: str
    paragraphs: tuple[str, ...]
    recipients: tuple[str, ...]
    title: str
    signer: str


SAMPLE = Letter(
    parent="UBND TỈNH MẪU",
    agency="ỦY BAN NHÂN DÂN\nXÃ MẪU",
    number="Số: 01/UBND-VP",
    place_and_date="Xã Mẫu, ngày 02 tháng 11 năm 2026",
    subject="V/v thử nghiệm ký số\nvăn bản điện tử",
    addressee="Kính gửi: Các cơ quan, đơn vị trên địa bàn xã.",
    paragraphs=(
        """Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác
        văn thư; Nghị định số 68/2024/NĐ-CP ngày 25 tháng 6 năm 2024 của Chính phủ quy định về
        chữ ký số chuyên dùng công vụ;""",
        """Văn bản này là văn bản mẫu, được lập để thử nghiệm việc ký số, gắn dấu thời gian và
        kiểm tra chữ ký số trên văn bản điện tử. Nội dung văn bản không có giá trị hành chính.""",
        """Đề nghị các cơ quan, đơn vị mở tệp này bằng phần mềm đọc PDF, kiểm tra chữ ký số và
        đối chiếu với báo cáo kiểm tra kèm theo. Mọi thay đổi sau khi ký, dù chỉ một byte, đều
        phải được phát hiện.""",
        "Ủy ban nhân dân xã Mẫu trân trọng cảm ơn./.",
    ),
    recipients=("- Như trên;", "- Lưu: VT."),
    title="TM. ỦY BAN NHÂN DÂN\nCHỦ TỊCH",
    signer="Nguyễn Văn Mẫu",
)


class Page:
    """One A4 page in one face, placed in millimetres."""

    def __init__(self, regular: Path, bold: Path) -> None:
        self.pdf = FPDF(format="A4")
        self.pdf.set_creation_date(datetime(2026, 11, 2, tzinfo=UTC))
        self.pdf.add_font("serif", "", regular)
        self.pdf.add_font("serif", "B", bold)
        self.pdf.set_margins(LEFT, TOP, RIGHT)
        self.pdf.set_auto_page_break(auto=False)
        self.pdf.add_page()

    def block(self, box: tuple[float, float, float], text: str, style: str, align: str) -> float:
        """Write `text` at (left, top, width) in a style such as "13B"; return where it ends."""
        left, top, width = box
        self.pdf.set_font("serif", style.lstrip("0123456789"), float(style.rstrip("B")))
        self.pdf.set_xy(left, top)
        self.pdf.multi_cell(width, LINE, text, align=align, new_x="LMARGIN", new_y="NEXT")
        return float(self.pdf.get_y())


def write_letter(target: Path, letter: Letter, *, regular: Path, bold: Path) -> None:
    """Write the letter as a PDF of one page."""
    page = Page(regular, bold)
    page.pdf.set_title(f"{letter.number} {letter.subject}".replace("\n", " "))
    page.pdf.set_lang("vi-VN")
    left, right = (LEFT - 8, TOP, 72.0), (MIDDLE - 10, TOP, 100.0)
    page.block(left, f"{letter.parent}", "12", "C")
    under = page.block((LEFT - 8, TOP + LINE, 72.0), letter.agency, "12B", "C")
    page.block(right, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "12B", "C")
    page.block((MIDDLE - 10, TOP + LINE, 100.0), "Độc lập - Tự do - Hạnh phúc", "13B", "C")
    page.block((LEFT - 8, under + 2, 72.0), letter.number, "13", "C")
    page.block((MIDDLE - 10, under + 2, 100.0), letter.place_and_date, "13", "C")
    below = page.block((LEFT - 8, under + 2 + LINE, 72.0), letter.subject, "12", "C")
    at = page.block((LEFT, below + 8, 160.0), letter.addressee, "14", "C") + 3
    for paragraph in letter.paragraphs:
        at = page.block((LEFT, at + 2, 160.0), "        " + " ".join(paragraph.split()), "14", "J")
    box_left, box_top, box_width, box_height = SIGNATURE_BOX_MM
    page.block((LEFT, box_top - 2 * LINE, 70.0), "Nơi nhận:", "12B", "L")
    page.block((LEFT, box_top - LINE, 70.0), "\n".join(letter.recipients), "11", "L")
    page.block((box_left, box_top - 2 * LINE - 1, box_width), letter.title, "13B", "C")
    page.block((box_left, box_top + box_height + 1, box_width), letter.signer, "14B", "C")
    page.pdf.output(str(target))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: cong_van.py TARGET.pdf REGULAR.ttf BOLD.ttf")
    target_path, regular_path, bold_path = (Path(argument) for argument in sys.argv[1:])
    write_letter(target_path, SAMPLE, regular=regular_path, bold=bold_path)
