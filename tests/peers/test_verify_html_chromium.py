"""The HTML report in Chromium: on a phone, on paper, in both schemes of colour, with hostile names.

A page of the test holds the report in a frame as wide as a phone's screen, measures it, and writes
what it measured into its own text, which Chromium prints. The report itself runs no script.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from unit.verify.test_verify_report import CASES, HOSTILE, WORLD, passed
from unit.verify.verify_pki import Signing, judge, make_pdf, name, official, sign

from pki.words import Language
from verify.pdf.geometry import POINTS_PER_MM
from verify.render.html import render_html

pytestmark = pytest.mark.long
PHONE, DESKTOP = 360, 1280
LIGHT, DARK = 1, 0
CONTRAST = 4.5
"""WCAG 2.1, 1.4.3, level AA."""
SMALLEST = 9
"""Pixels of letters on a phone."""
RUNS = (
    "<script>parent.document.title='owned';document.title='owned'</script>"
    "<img src=x onerror=parent.owned=1><svg onload=parent.owned=1>"
)
MEASURES = """
const measure = page => {
  const out = {};
  const root = page.documentElement, view = page.defaultView;
  out.wide = root.scrollWidth; out.view = view.innerWidth;
  out.beyond = [...page.querySelectorAll('body *')].filter(each => !each.closest('.scroll')
    && each.getBoundingClientRect().right > view.innerWidth + 0.5).length;
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const over = (top, below) => [0, 1, 2].map(
    i => top[i] * (top[3] ?? 1) + below[i] * (1 - (top[3] ?? 1)));
  const light = colour => { const [r, g, b] = colour.slice(0, 3).map(each => {
    const c = each / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = each => { const found = [];
    for (let at = each; at; at = at.parentElement)
      found.push(channels(view.getComputedStyle(at).backgroundColor));
    return found.reverse().reduce((below, top) => over(top, below), [255, 255, 255]); };
  out.contrast = 99; out.letters = 99; out.text = '';
  for (const each of page.querySelectorAll('details')) each.open = true;
  for (const each of page.querySelectorAll('body *')) {
    const own = [...each.childNodes].filter(one => one.nodeType === 3 && one.data.trim());
    if (!own.length || each.tagName === 'title') continue;
    const style = view.getComputedStyle(each), inSvg = !!each.ownerSVGElement;
    const a = light(channels(inSvg ? style.fill : style.color)), b = light(ground(each));
    out.contrast = Math.min(out.contrast, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
    const scale = inSvg ? each.getScreenCTM().a : 1;
    out.letters = Math.min(out.letters, parseFloat(style.fontSize) * scale);
  }
  out.background = channels(view.getComputedStyle(page.body).backgroundColor);
  out.words = page.body.innerText;
  out.elements = [...new Set([...page.querySelectorAll('*')].map(each => each.tagName))];
  out.title = document.title; out.owned = window.owned ?? null;
  return out;
};
addEventListener('load', () => {
  const frames = [...document.querySelectorAll('iframe')];
  document.getElementById('out').textContent =
    JSON.stringify(frames.map(each => measure(each.contentDocument)));
});
"""


def hostile():
    party = official(WORLD.issuing, subject=name(RUNS[:60], organization=HOSTILE[:60]))
    report = judge(sign(make_pdf(), Signing(party=party, field=RUNS)))
    return replace(report, name=f"{RUNS}{HOSTILE}{'W' * 200}")


def long_names():
    subject = name("Nguyễn Phúc Tôn Nữ " * 2, organization="Ủy ban nhân dân tỉnh Thừa Thiên Huế")
    data = sign(make_pdf(), Signing(party=official(WORLD.issuing, subject=subject)))
    return replace(judge(data), name=f"{'cong-van-khong-co-dau-cach' * 9}.pdf")


def all_reports():
    cases = (*CASES, hostile, long_names)
    return {(make.__name__, language): render_html(make(), language)
            for make in cases for language in Language}  # fmt: skip


Chromium = Callable[..., str]


@pytest.fixture
def chromium(peer: Callable[[str], Path], tmp_path: Path) -> Chromium:
    """Return what runs Chromium without a window, in a profile of its own."""
    program = peer("chromium")

    def run(*arguments: str, page: str) -> str:
        path = tmp_path / "page.html"
        path.write_text(page, "utf-8")
        done = subprocess.run(
            [str(program), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             f"--user-data-dir={tmp_path / 'profile'}", "--disable-background-networking",
             *arguments, path.as_uri()],
            capture_output=True, check=True, timeout=120,
        )  # fmt: skip
        return done.stdout.decode()

    return run


def measured(
    chromium: Chromium, reports: Iterable[str], *, width: int = PHONE, scheme: int = LIGHT
) -> list[dict]:
    """Return what a page with each report in a frame of that width says of them."""
    frames = "".join(
        f'<iframe srcdoc="{html.escape(each)}" style="width:{width}px;height:740px;border:0">'
        "</iframe>"
        for each in reports
    )
    page = f"<!doctype html><title>mine</title>{frames}<pre id=out></pre>"
    dom = chromium(
        "--dump-dom", f"--blink-settings=preferredColorScheme={scheme}",
        page=f"{page}<script>{MEASURES}</script>",
    )  # fmt: skip
    found = re.search(r'<pre id="out">(.*?)</pre>', dom, re.DOTALL)
    assert found is not None
    return json.loads(html.unescape(found[1]))


def test_every_report_is_read_on_a_phone(chromium):
    reports = all_reports()
    for case, found in zip(reports, measured(chromium, reports.values()), strict=True):
        assert found["view"] == PHONE, case
        assert found["wide"] <= PHONE, f"{case}: the page must be moved sideways"
        assert found["beyond"] == 0, case
        assert found["letters"] >= SMALLEST, case
        assert found["contrast"] >= CONTRAST, case


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["by day", "by night"])
def test_every_report_is_read(chromium, scheme):
    reports = all_reports()
    told = measured(chromium, reports.values(), width=DESKTOP, scheme=scheme)
    for case, found in zip(reports, told, strict=True):
        assert found["contrast"] >= CONTRAST, case
        assert (sum(found["background"]) > 3 * 128) is (scheme == LIGHT), case


def test_what_is_too_wide_too_pale_or_too_small_is_measured_as_such(chromium):
    """The twin: the same page with a fault is found to have it."""
    report = render_html(passed())
    faults = (
        ("overflow-wrap: anywhere", "white-space: nowrap"),
        ("--soft: #55606e", "--soft: #ccc"),
        ("svg { min-width: 36rem; }", ""),
    )
    assert all(old in report for old, _ in faults)
    wide, pale, small = measured(chromium, [report.replace(*each) for each in faults])
    assert wide["wide"] > PHONE
    assert pale["contrast"] < CONTRAST
    assert small["letters"] < SMALLEST


def test_names_of_others_stay_text(chromium):
    for language in Language:
        (found,) = measured(chromium, [render_html(hostile(), language)])
        assert found["title"] == "mine"
        assert found["owned"] is None
        assert not {"SCRIPT", "IMG"} & set(found["elements"])
        assert "<script>" in found["words"]
        assert "onerror=" in found["words"]
    # The twin: what is not escaped, and has no policy of its own, does run.
    (bare,) = measured(chromium, [f"<!doctype html><p>{RUNS}"])
    assert bare["title"] == "owned"


def boxes(path: Path, tool: Path) -> list[tuple[float, float, float, float, str]]:
    done = subprocess.run([str(tool), "-bbox", str(path), "-"], capture_output=True, check=True)
    number = r"([\d.-]+)"
    pattern = rf'<word xMin="{number}" yMin="{number}" xMax="{number}" yMax="{number}">(.*?)</word>'
    return [(*map(float, each[:4]), html.unescape(each[4]))
            for each in re.findall(pattern, done.stdout.decode())]  # fmt: skip


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize(("make", "pages"), [(passed, 3), (hostile, 4), (long_names, 3)])
def test_a_report_is_printed_whole(chromium, peer, tmp_path, make, pages):
    report = render_html(make())
    out = tmp_path / "report.pdf"
    chromium(f"--print-to-pdf={out}", "--no-pdf-header-footer", page=report)
    info = subprocess.run([str(peer("pdfinfo")), str(out)], capture_output=True, check=True)
    told = dict(re.findall(r"^([^:]+):\s+(.*)$", info.stdout.decode(), re.MULTILINE))
    assert 1 <= int(told["Pages"]) <= pages
    width, height = map(float, re.findall(r"[\d.]+", told["Page size"])[:2])
    words = boxes(out, peer("pdftotext"))
    edge = 5 * POINTS_PER_MM
    for left, top, right, bottom, word in words:
        assert edge <= left < right <= width - edge, word
        assert edge <= top < bottom <= height - edge, word
    printed = squeezed("".join(word for *_, word in words))
    (shown,) = measured(chromium, [report])
    lines = [squeezed(line) for line in shown["words"].splitlines()]
    for line in filter(None, lines):
        assert line[:12] in printed, line
        assert set(line) <= set(printed), line
