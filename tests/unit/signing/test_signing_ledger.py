"""Evidence about each signature: kept before the document is had, chained, erasable."""

from __future__ import annotations

import base64
import concurrent.futures
import hashlib
import io
import json
import os
import signal
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from unit.signing.signing_world import DAY, NOW, TSA_URL, World, make_pdf

from signing import chain
from signing import ledger as ledger_module
from signing.chain import MAX_LINE, Line, parse_line
from signing.display.profile import load_display
from signing.errors.ledger import (
    EvidenceBusyError,
    EvidenceErasedError,
    EvidenceNotFoundError,
    EvidenceUnreadableError,
    EvidenceUnwritableError,
)
from signing.ledger import Ledger
from signing.ledger_check import Fault, check_ledger
from signing.ledger_export import export_records
from signing.options import Level, SigningOptions
from signing.records import Occasion, Record, Status, record_of
from signing.sign import sign_document
from signing.signers import signers_of
from verify.collect import Collector, verify_online
from verify.evidence import NONE
from verify.pdf.document import open_pdf
from verify.revocation.crl_list import read_crl
from verify.revocation.ocsp import read_response

OPTIONS = SigningOptions(display=load_display("none"), tsa_url=TSA_URL)
SIGNER = "Nguyễn Văn Đức"


class Office:
    """A world whose signatures leave records."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.ledger = Ledger(folder / "evidence", self.world.clock)

    def sign(self, level: Level = Level.B_B) -> bytes:
        services = replace(self.world.services(), records=self.ledger)
        done = sign_document(
            make_pdf(),
            signer=self.world.signer(),
            options=replace(OPTIONS, level=level),
            services=services,
        )
        return done.data

    @property
    def ids(self) -> list[str]:
        return [line.id for line in self.ledger.lines() if line.digest is not None]

    def faults(self) -> list[tuple[Fault, str]]:
        return [(each.fault, each.what) for each in check_ledger(self.ledger).problems]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def small(number: int = 0, **changed: object) -> Record:
    given = Record(
        occasion=Occasion.SIGNED,
        at=NOW,
        document_sha256=f"{number:064x}",
        field="Signature1",
        level="B-B",
        indication="TOTAL-PASSED",
        sub_indication=None,
        claimed_at=None,
        best_time=None,
        signer=b"certificate",
        statuses=(),
        warnings={},
    )
    return replace(given, **changed)


# What is kept


@pytest.mark.parametrize("level", list(Level))
def test_each_signature_leaves_what_the_circular_names(office, level):
    data = office.sign(level)
    (record_id,) = office.ids
    found = office.ledger.read(record_id)
    assert (found["occasion"], found["level"]) == ("signed", level.value)
    assert found["indication"] == "TOTAL-PASSED"
    assert found["document_sha256"] == hashlib.sha256(data).hexdigest()
    assert found["at"] == NOW.isoformat()
    signer = x509.load_der_x509_certificate(base64.b64decode(found["signer"]))
    assert signer == office.world.certificate
    standings = {each["name"]: each["standing"] for each in found["statuses"]}
    assert standings == {
        SIGNER: "good",
        "Antin test authority": "good",
        "Antin test root": "trusted",
    }
    serials = {
        answer.serial
        for text in found["ocsp_responses"]
        for answer in read_response(base64.b64decode(text)).answers
    }
    assert office.world.certificate.serial_number in serials, "the answer about the signer"
    lists = [read_crl(base64.b64decode(each["der"])) for each in found["crls"]]
    assert lists, "the root's list, about the issuing authority"
    assert office.faults() == []


def test_what_could_not_be_checked_is_kept_too(office):
    office.world.broken.update({"ocsp", "crl"})
    office.sign()
    found = office.ledger.read(office.ids[0])
    assert set(found["warnings"]) == {SIGNER, "Antin test authority"}
    assert {each["standing"] for each in found["statuses"]} == {"missing", "trusted"}
    assert found["ocsp_responses"] == found["crls"] == []


def test_nothing_is_given_out_that_is_not_kept(office, tmp_path):
    office.ledger.folder.parent.mkdir(exist_ok=True)
    (tmp_path / "evidence").write_bytes(b"a file")
    with pytest.raises(EvidenceUnwritableError):
        office.sign()


def test_a_signature_that_was_judged_is_kept_with_what_was_asked(office):
    services = office.world.services()
    done = sign_document(
        make_pdf(), signer=office.world.signer(), options=OPTIONS, services=services
    )
    collector = Collector(office.world, office.world.clock)
    report = verify_online(
        done.data, policy=services.policy, trust=services.trust, collector=collector
    )
    signers = signers_of(
        open_pdf(done.data, name="a.pdf", limits=services.policy.limits), NONE, limit=100
    )
    assert signers == {"Signature1": office.world.certificate}
    record = record_of(
        report,
        report.signatures[0],
        signers["Signature1"],
        occasion=Occasion.JUDGED,
        evidence=collector.evidence,
    )
    found = office.ledger.read(office.ledger.keep(record))
    assert (found["occasion"], len(found["ocsp_responses"])) == ("judged", 1)
    assert found["signer"] == base64.b64encode(record.signer).decode()


def test_signatures_that_cannot_be_read_have_no_signer(office):
    data = bytearray(office.sign())
    position = data.index(b"/Contents <") + 11
    data[position : position + 4] = b"ffff"
    limits = office.world.policy.limits
    assert signers_of(open_pdf(bytes(data), name="a.pdf", limits=limits), NONE, limit=100) == {}
    data[position + 4] = ord("x")
    assert signers_of(open_pdf(bytes(data), name="a.pdf", limits=limits), NONE, limit=100) == {}


def test_a_long_list_is_kept_once_for_all(office):
    long_list = bytes(range(256)) * 40
    ids = [office.ledger.keep(small(number, crls=(long_list,))) for number in range(3)]
    assert len(list((office.ledger.folder / "lists").iterdir())) == 1
    assert office.faults() == []
    (office.ledger.folder / "lists").joinpath(
        f"{hashlib.sha256(long_list).hexdigest()}.crl"
    ).write_bytes(b"other")
    assert office.faults() == [(Fault.CHANGED, one) for one in ids]
    next((office.ledger.folder / "lists").iterdir()).unlink()
    assert office.faults() == [(Fault.LIST, one) for one in ids]
    with pytest.raises(EvidenceUnreadableError):
        export_records(office.ledger, ids)


# The chain


@given(
    st.integers(min_value=1),
    st.text(max_size=40),
    st.one_of(st.none(), st.text("0123456789abcdef", min_size=64, max_size=64)),
)
def test_a_line_is_read_as_it_was_written(number, words, digest):
    reason = None if digest else words
    line = Line(number, NOW, "0" * 64, "id", digest, reason)
    assert parse_line(line.encode()) == line


@given(st.binary(max_size=200))
def test_whatever_is_no_line_is_none(text):
    assert parse_line(text) is None


@given(st.data())
def test_any_byte_that_is_changed_is_found(data):
    line = Line(3, NOW, "ab" * 32, "cd" * 16, "ef" * 32).encode()
    position = data.draw(st.integers(0, len(line) - 1))
    changed = bytearray(line)
    changed[position] ^= data.draw(st.integers(1, 255))
    assert parse_line(bytes(changed)) != parse_line(line)


@pytest.mark.parametrize("victim", range(4))
def test_a_record_that_is_changed_or_taken_away_is_found(office, victim):
    ids = [office.ledger.keep(small(number)) for number in range(4)]
    report = check_ledger(office.ledger)
    assert (report.kept, report.erased, report.problems) == (4, 0, ())
    path = office.ledger.file(ids[victim])
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"TOTAL-PASSED", b"TOTAL-FAILED"))
    assert office.faults() == [(Fault.CHANGED, ids[victim])]
    with pytest.raises(EvidenceUnreadableError):
        office.ledger.read(ids[victim])
    path.unlink()
    assert office.faults() == [(Fault.MISSING, ids[victim])]
    path.write_bytes(whole)
    assert office.faults() == []


@pytest.mark.parametrize("victim", range(4))
def test_a_line_that_is_taken_out_is_found(office, victim):
    ids = [office.ledger.keep(small(number)) for number in range(4)]
    noted = check_ledger(office.ledger).head
    lines = office.ledger.chain.read_bytes().splitlines(keepends=True)
    office.ledger.chain.write_bytes(b"".join(lines[:victim] + lines[victim + 1 :]))
    faults = office.faults()
    assert (Fault.UNLISTED, ids[victim]) in faults
    assert (Fault.LINE, str(victim + 1)) in faults or victim == 3
    cut_off = noted not in check_ledger(office.ledger).heads
    assert cut_off is (victim == 3), "the head that was noted tells of the end alone"


def test_lines_in_another_order_are_found(office):
    for number in range(3):
        office.ledger.keep(small(number))
    first, second, third = office.ledger.chain.read_bytes().splitlines(keepends=True)
    office.ledger.chain.write_bytes(second + first + third)
    assert {fault for fault, _ in office.faults()} == {Fault.LINE}


def test_a_line_too_long_is_found_and_read_in_pieces(office):
    office.ledger.keep(small())
    with office.ledger.chain.open("ab") as file:
        file.write(b"x" * (3 * MAX_LINE) + b"\n")
    assert {fault for fault, _ in office.faults()} == {Fault.LINE}
    with pytest.raises(EvidenceUnwritableError):
        office.ledger.keep(small(1))


def test_the_chain_goes_on_after_lines_that_end_exactly_at_the_bound(office):
    for number in range(40):
        office.ledger.keep(small(number))
    assert check_ledger(office.ledger).kept == 40
    assert office.faults() == []


def test_records_kept_at_once_are_all_in_the_chain(office):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(office.ledger.keep, [small(number) for number in range(40)]))
    assert sorted(ids) == sorted(office.ids)
    assert office.faults() == []


def test_another_process_that_holds_it_for_too_long(office, monkeypatch):
    office.ledger.keep(small())
    monkeypatch.setattr(ledger_module, "LOCK_SECONDS", 0.05)
    with FileLock(office.ledger.folder / "lock"), pytest.raises(EvidenceBusyError):
        office.ledger.keep(small(1))
    office.ledger.keep(small(1))


def _die_at(point: str, *, after: bool) -> None:
    real = getattr(ledger_module, point)

    def die(*args: object, **more: object) -> None:
        if after:
            real(*args, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(ledger_module, point, die)


@pytest.mark.parametrize("point", ["write_atomically", "append"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_while_a_record_is_kept(office, point, after):
    office.ledger.keep(small())
    child = os.fork()
    if child == 0:
        try:  # whatever happens, this process goes no further
            _die_at(point, after=after)
            office.ledger.keep(small(1))
        finally:
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    kept = 2 if (point, after) == ("append", True) else 1
    assert check_ledger(office.ledger).kept == kept
    left_over = (point, after) in {("write_atomically", True), ("append", False)}
    assert [fault for fault, _ in office.faults()] == [Fault.UNLISTED] * left_over
    office.ledger.keep(small(2))
    assert check_ledger(office.ledger).kept == kept + 1
    for fault, record_id in office.faults():
        assert fault is Fault.UNLISTED
        office.ledger.erase(record_id, "interrupted")
    assert office.faults() == []


@pytest.mark.parametrize("length", [1, 50, 200])
def test_a_line_that_was_half_written_is_cut_off(office, length):
    office.ledger.keep(small())
    whole = office.ledger.chain.read_bytes()
    with office.ledger.chain.open("ab") as file:
        file.write(whole[:length].rstrip(b"\n"))
    assert office.faults() == [], "it was never acknowledged"
    office.ledger.keep(small(1))
    assert office.ledger.chain.read_bytes().startswith(whole)
    assert (check_ledger(office.ledger).kept, office.faults()) == (2, [])


# Erasure


def test_what_is_erased_is_gone_and_the_chain_still_verifies(office):
    office.sign()
    office.world.clock.advance(DAY)
    office.sign()
    first, second = office.ids
    office.ledger.erase(first, "retention")
    report = check_ledger(office.ledger)
    assert (report.kept, report.erased, report.problems) == (1, 1, ())
    with pytest.raises(EvidenceErasedError) as caught:
        office.ledger.read(first)
    assert caught.value.facts["at"] == office.world.clock.now()
    assert office.ledger.read(second)["occasion"] == "signed"
    left = b"".join(path.read_bytes() for path in office.ledger.folder.rglob("*") if path.is_file())
    certificate = office.world.certificate.public_bytes(Encoding.DER)
    office.ledger.erase(second, "retention")
    bare = b"".join(path.read_bytes() for path in office.ledger.folder.rglob("*") if path.is_file())
    for trace in (SIGNER.encode(), base64.b64encode(certificate)):
        assert trace in left, "the twin: the other record still has it"
        assert trace not in bare


def test_what_is_left_of_a_record_does_not_tell_whose_it_was(office):
    """The digest has a random number in it: the same record twice has two."""
    first, second = office.ledger.keep(small()), office.ledger.keep(small())
    assert first != second


def test_erased_twice_is_once_and_a_file_left_behind_goes(office):
    record_id = office.ledger.keep(small())
    content = office.ledger.file(record_id).read_bytes()
    office.ledger.erase(record_id, "request")
    office.ledger.file(record_id).write_bytes(content)
    assert office.faults() == [(Fault.NOT_ERASED, record_id)]
    office.ledger.erase(record_id, "request")
    assert office.faults() == []
    assert len(list(office.ledger.lines())) == 2


def test_an_erasure_that_nobody_recorded_is_a_loss(office):
    record_id = office.ledger.keep(small())
    office.ledger.file(record_id).unlink()
    assert office.faults() == [(Fault.MISSING, record_id)]


@pytest.mark.parametrize("act", ["read", "erase", "export"])
def test_what_was_never_kept(office, act):
    office.ledger.keep(small())
    acts = {
        "read": lambda: office.ledger.read("../ledger"),
        "erase": lambda: office.ledger.erase("0" * 32, "x"),
        "export": lambda: export_records(office.ledger, ["0" * 32]),
    }
    with pytest.raises(EvidenceNotFoundError):
        acts[act]()


def test_an_empty_ledger_is_sound(office):
    report = check_ledger(office.ledger)
    assert (report.kept, report.head, report.problems) == (0, chain.START, ())
    with pytest.raises(EvidenceNotFoundError):
        office.ledger.erase("0" * 32, "x")


# Export


def test_a_zip_holds_everything_as_files(office):
    data = office.sign()
    (record_id,) = office.ids
    with zipfile.ZipFile(io.BytesIO(export_records(office.ledger, [record_id]))) as archive:
        names = archive.namelist()
        record = json.loads(archive.read(f"{record_id}/record.json"))
        signer = x509.load_der_x509_certificate(archive.read(f"{record_id}/signer.cer"))
        for name in names:
            if name.endswith(".crl"):
                assert read_crl(archive.read(name)) is not None
            elif name.endswith(".ocsp"):
                assert read_response(archive.read(name)).answers
        lines = archive.read("ledger.jsonl")
    assert record["document_sha256"] == hashlib.sha256(data).hexdigest()
    assert signer == office.world.certificate
    assert lines == office.ledger.chain.read_bytes()
    assert {"crls/1.crl", "ocsp_responses/1.ocsp"} <= {
        name.removeprefix(f"{record_id}/") for name in names
    }
    assert export_records(office.ledger, [record_id]) == export_records(
        office.ledger, [record_id, record_id]
    )


def test_what_is_erased_is_not_exported(office):
    record_id = office.ledger.keep(small())
    office.ledger.erase(record_id, "request")
    with pytest.raises(EvidenceErasedError):
        export_records(office.ledger, [record_id])


def test_a_status_says_what_it_rests_on():
    status = Status("a", "01", "good", "ocsp", NOW, in_document=False)
    assert (status.source, status.in_document) == ("ocsp", False)


def test_a_file_that_the_system_does_not_give_away_is_said_to_be_so(office, monkeypatch):
    record_id = office.ledger.keep(small())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        with pytest.raises(EvidenceUnwritableError):
            office.ledger.erase(record_id, "request")
    assert office.faults() == [(Fault.NOT_ERASED, record_id)]
    office.ledger.erase(record_id, "request")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuse)
        with pytest.raises(EvidenceUnwritableError):
            office.ledger.keep(small(1))


def test_what_is_no_value_of_a_record_is_a_bug_and_not_kept(office):
    with pytest.raises(TypeError):
        office.ledger.keep(small(warnings={"a": object()}))
    assert office.ids == []
