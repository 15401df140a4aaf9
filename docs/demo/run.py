"""`make demo`: the main job, on this machine, told in plain words and checked at every step.

Runs the installed `antin` as a document system would (a child process, `--json`) and asks `pdfsig`,
`pdftotext` and `openssl` beside it. Ends non-zero as soon as one step is not as told.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cong_van import SAMPLE, SIGNATURE_BOX_MM, write_letter
from words import word

from signing.display.fonts import find_font

REPOSITORY = Path(__file__).resolve().parents[2]
MARKER = ".made-by-antin-demo"
READY_WITHIN_SECONDS = 30.0
PLACE = "1," + ",".join(f"{value:g}" for value in SIGNATURE_BOX_MM)
"""On the letter: the first page, in the room between the signer's title and name."""
OTHERS = ("dss-pades/sample.pdf", "dss-pades/testdoc.pdf", "dss-pades/doc.pdf")
"""PDFs that nobody here made; the first two that are there are signed."""


class NotAsToldError(Exception):
    """One step of the demonstration did not do what it says."""


def check(condition: object, problem: str) -> None:
    """Stop the demonstration unless `condition` holds."""
    if not condition:
        raise NotAsToldError(problem)


@dataclass
class Demo:
    """One run: where its files lie, and the tools it asks."""

    output: Path
    language: str
    step: int = 0
    made: list[Path] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """The demonstration's own home."""
        return self.output / "home"

    def begin(self, message: str) -> None:
        """Announce the next step."""
        self.step += 1
        print(f"\n{self.step}. {word(message, self.language)}", flush=True)

    def tell(self, message: str, **facts: str) -> None:
        """Say what was seen."""
        print(f"   {word(message, self.language, **facts)}", flush=True)

    def command(self, *arguments: str | Path) -> list[str]:
        """Return the command line of `antin` in this home."""
        program = Path(sys.executable).with_name("antin")
        return [
            str(program),
            "--home",
            str(self.home),
            "--lang",
            self.language,
            *map(str, arguments),
        ]

    def antin(self, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
        """Run `antin … --json`, expect its exit status, return its JSON."""
        answer: dict[str, Any] = json.loads(self._said(*arguments, "--json", status=status))
        return answer

    def antin_lines(self, *arguments: str | Path) -> list[dict[str, Any]]:
        """Run `antin … --json-lines` over many documents; return an object for each."""
        said = self._said(*arguments, "--json-lines", status=0)
        return [json.loads(line) for line in said.splitlines()]

    def _said(self, *arguments: str | Path, status: int) -> str:
        done = run(self.command(*arguments))
        ended = f"antin {arguments[0]} ended with {done.returncode}, {status} was expected"
        check(done.returncode == status, f"{ended}\n{done.stdout}{done.stderr}")
        return done.stdout

    def keep(self, path: Path) -> Path:
        """Note a file that was made."""
        check(path.is_file(), f"{path} was not made")
        self.made.append(path)
        return path


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it said."""
    return subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=120
    )


def peer(program: str, *arguments: str | Path) -> str:
    """Return everything another program says; it has to be there."""
    check(shutil.which(program), f"{program} is not installed")
    done = run([program, *map(str, arguments)])
    return done.stdout + done.stderr


@contextmanager
def serving(demo: Demo) -> Iterator[str]:
    """Run `antin serve` beside the demonstration; yield its address."""
    process = subprocess.Popen(
        demo.command("serve"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield _ready_address(process)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _ready_address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None  # noqa: S101  it was opened as a pipe
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    line = process.stdout.readline()
    check(line.startswith("ready http://"), f"antin serve did not start: {line!r}")
    check(time.monotonic() < deadline, "antin serve took too long")
    return line.split()[1]


def make_home(demo: Demo) -> dict[str, Any]:
    """Step 1: a home with authorities, services and one official."""
    demo.begin("step.home")
    made = demo.antin("init", "--demo")
    official: dict[str, Any] = made["official"]
    check((demo.home / "antin.toml").is_file(), "no antin.toml")
    check({"root", "issuing"} <= {ca["name"] for ca in made["authorities"]}, "authorities missing")
    demo.tell("told.home", name=official["common_name"], serial=official["serial"])
    return official


def make_documents(demo: Demo) -> list[Path]:
    """Step 3: our own letter, and PDFs others made."""
    demo.begin("step.document")
    letter = demo.output / "cong-van.pdf"
    regular = find_font()
    write_letter(letter, SAMPLE, regular=regular, bold=bold_of(regular))
    check(SAMPLE.signer in peer("pdftotext", letter, "-"), "the letter's text cannot be selected")
    demo.tell("told.document", file=str(demo.keep(letter)))
    corpora = Path(os.environ.get("ANTIN_CORPORA", REPOSITORY.parent / "shared" / "corpora"))
    others = [corpora / name for name in OTHERS if (corpora / name).is_file()][:2]
    if others:
        demo.tell("told.others", count=str(len(others)))
    else:
        demo.tell("told.no_others")
    return [letter, *others]


def bold_of(regular: Path) -> Path:
    """Return the bold face beside a regular one, or the regular one where there is none."""
    names = (regular.name.replace("-Regular", "-Bold"), f"{regular.stem}bd{regular.suffix}")
    return next((path for path in map(regular.with_name, names) if path.is_file()), regular)


def sign_all(demo: Demo, documents: list[Path], name: str) -> list[Path]:
    """Step 4: B-LTA with a visible signature, read back by other programs."""
    demo.begin("step.sign")
    options = ("--level", "B-LTA", "--place", PLACE, "-o", demo.output)
    *answers, end = demo.antin_lines("sign", *documents, *options)
    check(len(answers) == len(documents), f"{len(answers)} of {len(documents)} told")
    check(end["summary"]["signed"] == len(documents), f"{end['summary']['signed']} signed")
    signed = [_check_signed(demo, answer, name) for answer in answers]
    before, after = (peer("pdftotext", file, "-").count(name) for file in (documents[0], signed[0]))
    check(after == before + 1, f"“{name}” is not once more on the page: {before}, {after}")
    demo.tell("told.name", name=name)
    return signed


def _check_signed(demo: Demo, answer: dict[str, Any], name: str) -> Path:
    check(answer["level"] == "B-LTA", f"signed at {answer['level']}")
    check(not answer["warnings"], f"warnings: {answer['warnings']}")
    target = demo.keep(Path(answer["output"]))
    signatures = peer("pdfsig", "-nocert", target)
    check("Signature is Valid" in signatures, f"pdfsig: {signatures}")
    check(f"Signer Certificate Common Name: {name}" in signatures, f"pdfsig: {signatures}")
    demo.tell("told.sign", file=target.name)
    return target


def verify_all(demo: Demo, signed: list[Path]) -> None:
    """Step 5: the verdict, and a report a person can read."""
    demo.begin("step.verify")
    pages = demo.output / "reports"
    pages.mkdir()
    answers = demo.antin_lines("verify", *signed, "--report", f"html={pages}")
    check(len(answers) == len(signed), f"{len(answers)} of {len(signed)} judged")
    for document, answer in zip(signed, answers, strict=True):
        check(answer["indication"] == "TOTAL-PASSED", json.dumps(answer, indent=1))
        levels = {found["level"] for found in answer["signatures"] if found["kind"] != "timestamp"}
        check(levels == {"B-LTA"}, f"levels {levels}")
        report = demo.keep(pages / f"{document.stem}.html")
        check("TOTAL-PASSED" in report.read_text("utf-8"), "the page lacks the verdict")
        demo.tell("told.verify", file=document.name, level="B-LTA", report=report.name)


def change_one_byte(demo: Demo, signed: Path) -> None:
    """Step 6: a changed copy fails, and its untouched twin has just passed."""
    demo.begin("step.change")
    data = bytearray(signed.read_bytes())
    at = data.index(b"stream") + 40
    data[at] ^= 0x01
    changed = demo.output / "cong-van-changed.pdf"
    changed.write_bytes(data)
    demo.keep(changed)
    report = changed.with_suffix(".html")
    answer = demo.antin("verify", changed, "--report", f"html={report}", status=10)
    check(answer["indication"] == "TOTAL-FAILED", answer["indication"])
    findings = [
        finding
        for found in answer["signatures"]
        for finding in found["findings"]
        if finding["code"].startswith("integrity.") and finding["severity"] == "error"
    ]
    check(findings, "no finding says what changed")
    check(findings[0]["message"][:20] in demo.keep(report).read_text("utf-8"), "not in the report")
    check("Signature is Valid" not in peer("pdfsig", "-nocert", changed), "pdfsig saw no change")
    subs = next(found["sub_indication"] for found in answer["signatures"])
    demo.tell("told.change", sub=str(subs), finding=findings[0]["message"])


def revoke(demo: Demo, official: dict[str, Any], url: str, documents: list[Path]) -> None:
    """Step 7: status at once, new signatures refused, old ones keep their proof."""
    demo.begin("step.revoke")
    # Instants in certificates and time-stamps are whole seconds: revoke in a later one.
    time.sleep(1.1)
    serial = official["serial"]
    demo.antin("cert", "revoke", serial, "--reason", "keyCompromise", "--yes")
    crl = demo.output / "issuing.crl"
    with urllib.request.urlopen(f"{url}/crl/issuing.crl", timeout=10) as answer:  # noqa: S310  loopback, ours
        crl.write_bytes(answer.read())
    listed = peer("openssl", "crl", "-inform", "DER", "-in", demo.keep(crl), "-noout", "-text")
    check(f"Serial Number: {serial.upper()}" in listed, f"not on the CRL: {listed}")
    demo.tell("told.crl", serial=serial)
    check(f"{serial}: revoked" in _ocsp(demo, serial, url), "OCSP does not say revoked")
    demo.tell("told.ocsp")
    _refused(demo, documents[0])
    still = demo.antin("verify", demo.output / "cong-van-signed.pdf")
    check(still["indication"] == "TOTAL-PASSED", json.dumps(still, indent=1))
    demo.tell("told.still")


def _ocsp(demo: Demo, serial: str, url: str) -> str:
    root, issuing = (demo.home / "authorities" / f"{name}.pem" for name in ("root", "issuing"))
    asked = ("-serial", f"0x{serial}", "-url", f"{url}/ocsp", "-CAfile", root)
    return peer("openssl", "ocsp", "-issuer", issuing, *asked).replace(f"0x{serial}", serial)


def _refused(demo: Demo, document: Path) -> None:
    # Were the PIN asked for, this source would fail with another error.
    nowhere = f"file:{demo.output / 'no-such-pin'}"
    target = demo.output / "never.pdf"
    answer = demo.antin("sign", document, "-o", target, "--pin-source", nowhere, status=3)
    code = answer["error"]["code"]
    check(code == "signing.certificate_revoked", f"refused for another reason: {code}")
    check(not target.exists(), "a refused signature left a file")
    demo.tell("told.refused", code=code)


def clean(output: Path) -> None:
    """Make an empty output folder; only one that an earlier run made is ever removed."""
    if output.exists():
        check((output / MARKER).exists(), f"{output} was not made by this demonstration")
        shutil.rmtree(output)
    output.mkdir(parents=True)
    (output / MARKER).touch()


def finish(demo: Demo) -> None:
    """Name the files and the next commands."""
    print(f"\n{word('end', demo.language)}\n\n{word('files', demo.language)}")
    for path in demo.made:
        print(f"   {path}")
    signed, home = demo.output / "cong-van-signed.pdf", demo.home
    print(f"\n{word('next', demo.language)}")
    for line in (
        f"verify {signed}",
        "cert list",
        "doctor",
    ):
        print(f"   .venv/bin/antin --home {home} {line}")


def main(arguments: Sequence[str], after_init: Callable[[Path], None] | None = None) -> int:
    """Run the demonstration; return the exit status.

    Args:
        arguments: the command line.
        after_init: called with the home once it is made (a test breaks a service here).
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lang", choices=("vi", "en"), default=os.environ.get("ANTIN_LANG", "vi"))
    parser.add_argument("--output", type=Path, default=REPOSITORY / "demo-output")
    options = parser.parse_args(arguments)
    demo = Demo(options.output.absolute(), options.lang)
    print(word("title", demo.language))
    try:
        clean(demo.output)
        official = make_home(demo)
        if after_init is not None:
            after_init(demo.home)
        demo.begin("step.serve")
        with serving(demo) as url:
            demo.tell("told.serve", url=url)
            documents = make_documents(demo)
            signed = sign_all(demo, documents, official["common_name"])
            verify_all(demo, signed)
            change_one_byte(demo, signed[0])
            revoke(demo, official, url, documents)
    except NotAsToldError as error:
        print(f"\n{word('failed', demo.language, problem=str(error))}", file=sys.stderr)
        return 1
    finish(demo)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
