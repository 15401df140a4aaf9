"""What came of each line, and the wrong ones as a file to be mended."""

from __future__ import annotations

import csv
import io
import tempfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pki.batches.checking import Findings
from pki.batches.earlier import Stands
from pki.batches.faults import head_of_faults, line_of_faults
from pki.batches.issuing import Ended, Ending
from pki.batches.lines import Batch
from pki.batches.report import COLUMNS, Report
from pki.errors.batches import BatchFileError, BatchKeyTwiceError
from pki.requests.content import Concerned

AGENCIES = ("", "X1", "X2")


def rows(lines) -> list[dict[str, str]]:
    text = b"".join(lines).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


@given(
    st.dictionaries(st.integers(2, 40), st.sampled_from(AGENCIES), max_size=20),
    st.sets(st.integers(2, 40), max_size=5),
    st.randoms(use_true_random=False),
)
def test_every_line_is_told_once_in_its_order_however_they_end(ends, left, random):
    states = bytearray(42)
    for line in (*ends, *left):
        states[line] = Stands.NEW
    order = list(ends)
    random.shuffle(order)
    with tempfile.TemporaryFile() as spool:
        report = Report(Findings(states=states), spool)
        for line in order:
            one = Concerned(f"NV-{line}")
            report.add(Ended(line, Ending.ISSUED, one, ends[line], line, b"x"))
        report.close()
        whole = rows(report.whole())
        assert [int(row["line"]) for row in whole] == sorted({*ends, *left})
        for row in whole:
            line = int(row["line"])
            if line in ends:
                assert row["outcome"] == "issued"
                assert (row["person"], row["agency"]) == (f"NV-{line}", ends[line])
                assert int(row["serial"], 16) == line
            else:
                assert row["outcome"] == "left"
        assert report.counts[Ending.ISSUED] == len(ends)
        assert report.counts[Ending.LEFT] == len(left - ends.keys())
        assert set(report.agencies) == set(ends.values()) - {""}
        for agency in report.agencies:
            assert rows(report.of_agency(agency)) == [
                row for row in whole if row["agency"] == agency
            ]
        assert list(report.of_agency("X9")) == [",".join(COLUMNS).encode() + b"\r\n"]


def test_what_went_wrong_is_told_by_its_code():
    states = bytearray((0, 0, Stands.BAD, Stands.NEW))
    with tempfile.TemporaryFile() as spool:
        report = Report(Findings(states=states), spool)
        report.add(Ended(2, Ending.FAULT, Concerned(), "", error=BatchFileError()))
        report.add(Ended(3, Ending.ISSUED, Concerned(), "", 5, b"x"), BatchKeyTwiceError(first=1))
        assert [row["code"] for row in rows(report.whole())] == [
            "pki.batch_file",
            "pki.batch_key_twice",
        ]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x00"), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5), st.booleans())
def test_wrong_lines_can_be_handed_in_again_as_they_were(tmp_path, cells, again):
    path, mended = tmp_path / "a.csv", tmp_path / "sai.csv"
    text = io.StringIO()
    writer = csv.writer(text)
    head = ("csr", "cn", "fault") if again else ("csr", "cn")
    writer.writerow(head)
    for pair in cells:
        writer.writerow((*pair, "=1") if again else pair)
    path.write_text(text.getvalue() + '"open\n', encoding="utf-8", newline="")
    batch = Batch(path)
    lines = [one.line for one in batch.read()]
    wrong = [line_of_faults(batch.columns, line, (BatchFileError(),) * 2) for line in lines]
    mended.write_bytes(head_of_faults(batch.columns) + b"".join(wrong))
    found = [one.line for one in Batch(mended).read()]
    assert len(found) == len(lines)
    for before, after in zip(lines, found, strict=True):
        kept = {name: value for name, value in before.told.items() if name != "fault"}
        told = {name: value for name, value in after.told.items() if name in kept}
        assert told == kept
        assert after.told["fault"].startswith(f"{before.number}: pki.batch_file")
    assert found[-1].told["fault"].endswith('"open')
