"""Certificates of others out of files, folders and documents: each once, each fault by its file."""

from __future__ import annotations

from itertools import islice

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from pki_world import NOW, World
from watching_world import Partner, person

from pki.errors.files import MalformedDERError
from pki.errors.importing import ImportSourceError
from pki.importing import encoded, foreign, gather
from pki.importing.foreign import ForeignWish, bring_foreign
from pki.importing.gather import Gathered, gather_octets
from pki.importing.material import Finding
from pki.records.certificates import ForeignCertificate
from pki.records.watching import WatchedStanding

PARTNER = Partner()
WISH = ForeignWish("văn thư", record=True)
LEAF, OTHER = (PARTNER.issue(person(f"Người {n}"), 0x100 + n) for n in range(2))


class Documents:
    """Stands for what reads PDFs: its seam, not its work."""

    def __init__(self, *ders):
        self.ders = ders

    def certificates_in(self, data, *, name):
        assert name.endswith(".pdf")
        if b"broken" in data:
            raise MalformedDERError(what="PDF", reason="x")
        return self.ders


def octets(certificate):
    return certificate.public_bytes(Encoding.DER)


def codes(found):
    return [one.words.id for one in found if isinstance(one, Finding)]


def certificates(found):
    return [one.copy.serial for one in found if isinstance(one, Gathered)]


def test_a_folder_is_read_file_by_file(tmp_path):
    (tmp_path / "a.pem").write_bytes(LEAF.public_bytes(Encoding.PEM))
    (tmp_path / "b.der").write_bytes(octets(OTHER))
    bag = pkcs7.serialize_certificates([LEAF, OTHER], Encoding.DER)
    (tmp_path / "c.p7b").write_bytes(bag)
    (tmp_path / "d.cer").write_bytes(b"nothing")
    (tmp_path / "e.crl").write_bytes(b"not looked at")
    (tmp_path / "f.pdf").write_bytes(b"%PDF-1.7 signed")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "x.pem").write_bytes(LEAF.public_bytes(Encoding.PEM))
    found = list(gather.gather([tmp_path], Documents(octets(LEAF), b"0")))
    first, second, *bag, last = certificates(found)  # what is in a bag is sorted by its octets
    assert (first, second, sorted(bag), last) == (0x100, 0x101, [0x100, 0x101], 0x100)
    assert codes(found) == ["pki.importing.unknown_content", "pki.importing.certificate_unread"]
    assert [one.in_document for one in found if isinstance(one, Gathered)] == [False] * 4 + [True]


def test_faults_of_documents_are_told_by_file(tmp_path):
    for name, data in (("a.pdf", b"%PDF-1.7 broken"), ("b.pdf", b"%PDF-1.7 plain")):
        (tmp_path / name).write_bytes(data)
    found = list(gather.gather([tmp_path], Documents()))
    assert codes(found) == ["pki.malformed_der", "pki.importing.unsigned_document"]
    assert [one.place.rpartition("/")[2] for one in found] == ["a.pdf", "b.pdf"]


def test_a_source_that_is_not_there_stops_before_anything(tmp_path):
    (tmp_path / "a.pem").write_bytes(LEAF.public_bytes(Encoding.PEM))
    found = gather.gather([tmp_path / "a.pem", tmp_path / "none"], Documents())
    with pytest.raises(ImportSourceError):
        next(found)


def test_a_folder_without_end_is_left(tmp_path, monkeypatch):
    for number in range(3):
        (tmp_path / f"{number}.der").write_bytes(octets(LEAF))
    monkeypatch.setattr(gather, "MAX_FILES", 2)
    found = list(gather.gather([tmp_path], Documents()))
    assert (len(certificates(found)), codes(found)) == (2, ["pki.importing.too_many"])


def test_what_is_too_large_is_told(tmp_path, monkeypatch):
    (tmp_path / "a.pem").write_bytes(LEAF.public_bytes(Encoding.PEM))
    monkeypatch.setattr(encoded, "MAX_FILE", 10)
    found = list(gather.gather([tmp_path / "a.pem"], Documents()))
    assert (codes(found), certificates(found)) == (["pki.importing.too_large"], [])


def test_a_batch_is_a_transaction(world: World, monkeypatch):
    monkeypatch.setattr(foreign, "BATCH", 1)
    before = len(list(world.register.audit_entries()))
    found = gather_octets([octets(LEAF), octets(OTHER), octets(LEAF)], "x")
    tally = bring_foreign(found, world.register, world.clock, WISH)
    assert (tally.new, tally.present) == (2, 1)
    assert len(list(world.register.audit_entries())) == before + 2


def test_authorities_in_documents_are_left_out_unless_asked_for(world: World):
    def found(in_document):
        for one in gather_octets([octets(PARTNER.certificate), octets(LEAF)], "x"):
            assert isinstance(one, Gathered)
            yield Gathered(one.copy, in_document)

    count = ForeignWish("văn thư", record=False)
    tally = bring_foreign(found(True), world.register, world.clock, count)
    assert (tally.new, tally.left_out) == (1, 1)
    asked = ForeignWish("văn thư", record=False, authorities=True)
    tally = bring_foreign(found(True), world.register, world.clock, asked)
    assert (tally.new, tally.left_out) == (2, 0)
    tally = bring_foreign(found(False), world.register, world.clock, count)
    assert (tally.new, tally.left_out) == (2, 0)


def test_what_is_recorded_is_followed_and_unknown(placed_world: World):
    world = placed_world
    told: list[int] = []
    found = list(gather_octets([octets(LEAF), octets(OTHER)], "x")) * 300
    tally = bring_foreign(found, world.register, world.clock, WISH, tell=told.append)
    assert (tally.new, tally.present, told) == (2, 598, [500])
    one, two = world.register.watched()
    assert (one.sequence, one.serial, two.sequence, two.serial) == (1, 0x100, 2, 0x101)
    assert one.subject.name == "Người 0"
    assert one.subject.unit == "UBND tỉnh Mẫu"
    assert one.standing_at(NOW) is WatchedStanding.UNKNOWN
    assert world.register.watched(after=1) == (two,)
    assert world.register.watched(limit=1) == (one,)
    record = world.register.find_foreign(one.issuer_sha256, 0x100)
    assert isinstance(record, ForeignCertificate)
    assert record.der == octets(LEAF)


def test_findings_are_kept_in_bounds(world: World, monkeypatch):
    monkeypatch.setattr(foreign, "KEPT_FINDINGS", 2)
    monkeypatch.setattr(foreign, "SHOWN", 1)
    clash = PARTNER.issue(person("Khác"), 0x100)
    found = list(gather_octets([b"0"] * 5 + [octets(LEAF), octets(OTHER), octets(clash)], "x"))
    tally = bring_foreign(iter(found), world.register, world.clock, WISH)
    assert (len(tally.findings), tally.more_findings, len(tally.shown)) == (3, 3, 1)
    assert [one.words.id for one in tally.conflicts] == ["pki.importing.foreign_differs"]
    assert len(list(islice(world.register.watched(), 5))) == 2


def test_an_authority_here_is_not_another(world: World):
    own = world.issue()
    found = gather_octets([octets(own)], "x")
    tally = bring_foreign(found, world.register, world.clock, WISH)
    assert (tally.own, tally.new) == (1, 0)
    assert own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
