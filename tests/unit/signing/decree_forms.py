"""Forms of the decree with invented people, for the tests of what is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from unit.signing.signing_world import NOW

from pki.forms.filled import Filled, Head, Line, fill
from pki.forms.form import About, Fill, load_form
from signing.forms.render import RenderedForm, render_form

FACTS: Mapping[Fill, str] = {
    Fill.NAME: "Nguyễn Văn Mẫu",
    Fill.NUMBER: "000090000001",
    Fill.EMAIL: "mau@example.vn",
    Fill.AGENCY: "Ủy ban nhân dân xã Hòa Bình",
    Fill.PROVINCE: "Tỉnh Mẫu",
    Fill.TITLE: "Phó Chủ tịch",
    Fill.TAX_CODE: "0100109106",
    Fill.CERTIFICATE: "Nguyễn Văn Mẫu",
    Fill.SERIAL: "6ce2fc298a55fd25de0dee5cff8b61f5",
    Fill.RENEWS: "×",
    Fill.DEVICE: "63C40F2A",
    Fill.MODEL: "ePass2003",
    Fill.REASON: "Thay đổi vị trí công tác, thông tin không còn phù hợp",
    Fill.SERVICE: "Cổng ký số tập trung",
    Fill.HOSTS: "ky.example.vn",
}
SIGNER: Mapping[Fill, str] = {Fill.NAME: "Nguyễn Văn Đức", Fill.TITLE: "Chủ tịch"}
AGENCY = "Ủy ban nhân dân xã Hòa Bình"
DAY = date(2026, 11, 22)


def filled(number: str, lines: int = 2, facts: Mapping[Fill, str] = FACTS, **head: Any) -> Filled:
    told = {"agency": AGENCY, "signer": SIGNER, "signer_title": "Chủ tịch", **head}
    line = Line(About.PERSON, facts)
    return fill(load_form(number), Head(**told), [line] * lines, unmasked=True)


def rendered(number: str, lines: int = 2, **more: Any) -> RenderedForm:
    return render_form(filled(number, lines, **more), made=NOW)
