"""Readers of other authorities' files, on good input, on damaged input, and on any input."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given
from hypothesis import strategies as st
from pki_import_world import BEGIN, OldAuthority, codes, index_line, name_of, pem, plan_of
from pki_world import NOW, World, new_key

from pki import der
from pki.errors.importing import ImportAuthorityError, ImportSourceError
from pki.importing import encoded, sources
from pki.importing.encoded import take_octets
from pki.importing.foreign import ForeignWish, bring_foreign
from pki.importing.gather import Gathered
from pki.importing.index_txt import read_lines
from pki.importing.material import Material
from pki.importing.sources import Shape, read_source
from pki.importing.xca import MAGIC, read_database

REASONS = x509.ReasonFlags
OLD = OldAuthority()
DER = Encoding.DER


def found(material: Material) -> list[str]:
    return [one.words.id.removeprefix("pki.importing.") for one in material.findings]


def index(text: str) -> Material:
    material = Material()
    read_lines(text.encode("utf-8", "surrogateescape"), "index.txt", material)
    return material


@pytest.mark.parametrize(
    ("told", "reason", "at", "since"),
    [
        ("240101000000Z", REASONS.unspecified, datetime(2024, 1, 1, tzinfo=UTC), None),
        ("20240101000000Z", REASONS.unspecified, datetime(2024, 1, 1, tzinfo=UTC), None),
        ("2401010000Z", REASONS.unspecified, datetime(2024, 1, 1, tzinfo=UTC), None),
        ("240101000000Z,CACompromise", REASONS.ca_compromise, None, None),
        ("240101000000Z,KEYCOMPROMISE", REASONS.key_compromise, None, None),
        ("240101000000Z,keyTime,20230101000000Z", REASONS.key_compromise, None, 2023),
        ("240101000000Z,CAkeyTime,20220101000000Z", REASONS.ca_compromise, None, 2022),
        ("240101000000Z,holdInstruction,x", REASONS.certificate_hold, None, None),
        ("240101000000Z,removeFromCRL", REASONS.unspecified, None, None),
        ("530101000000Z", REASONS.unspecified, datetime(1953, 1, 1, tzinfo=UTC), None),
    ],
)
def test_revocations_as_openssl_writes_them(told, reason, at, since):
    material = index(index_line(0xABC, told))
    (claim,) = material.claims
    assert (claim.serial, claim.reason, claim.place) == (0xABC, reason, "index.txt:1")
    assert at is None or claim.at == at
    assert (claim.invalidity_date.year if claim.invalidity_date else None) == since
    assert material.findings == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("R\t1\n", "index_fields"),
        (index_line(1, "", "X"), "index_status"),
        (index_line(1, "240101000000Z", "R").replace("\t01\t", "\t0g\t"), "index_serial"),
        (index_line(1, "240101000000Z", "R").replace("\t01\t", "\t-01\t"), "serial_unusable"),
        (index_line(1 << 600, "240101000000Z"), "serial_unusable"),
        (index_line(1, "", "R"), "index_time"),
        (index_line(1, "249901000000Z"), "index_time"),
        (index_line(1, "240101000000Z,keyTime"), "index_time"),
    ],
)
def test_a_line_that_may_hide_a_revocation_stops(line, code):
    material = index(f"# said by openssl\n\n{line}")
    assert found(material) == [code]
    assert material.findings[0].severity.value == "error"
    assert material.findings[0].place == "index.txt:3"


def test_what_is_odd_is_told_and_kept():
    material = index(
        index_line(1, "240101000000Z,because")
        + index_line(2, "240101000000Z", "V")
        + index_line(0xF00, "", "E").replace("/CN=", "/CN=a\\\tb")
    )
    assert found(material) == ["index_reason", "index_contradicts"]
    assert [claim.serial for claim in material.claims] == [1, 2]
    assert [one.serial for one in material.known] == [0xF00]


@given(text=st.text() | st.text("RVE\t0123456789ABCDEFZ,\n\\"))
def test_no_index_breaks_the_reader(text):
    """Every line is a claim, a serial that is known, or a finding."""
    material = index(text)
    lines = [
        one
        for one in text.encode("utf-8", "surrogateescape").replace(b"\r\n", b"\n").split(b"\n")
        if one.strip() and not one.startswith(b"#")
    ]
    told = {one.place for one in (*material.claims, *material.known, *material.findings)}
    assert len(told) == len(lines)


@given(data=st.binary(max_size=300), cut=st.integers(0, 2000), at=st.integers(0, 2000))
def test_no_octets_break_the_reader(data, cut, at):
    good = pem(OLD.certificate) + pem(OLD.list((5, BEGIN, None)))
    for octets in (data, good[:cut], good[:at] + data + good[at:]):
        take_octets(octets, "here", Material())
    good = OLD.list((5, BEGIN, REASONS.superseded)).public_bytes(DER)
    take_octets(good[:at] + data[:1] + good[at + 1 :], "here", Material())


def test_every_wrapping_is_taken():
    leaf, crl = OLD.issue(7), OLD.list((7, BEGIN, None))
    bag = pkcs7.serialize_certificates([leaf], DER)
    for octets in (pem(leaf), leaf.public_bytes(DER), bag):
        material = Material()
        take_octets(octets, "here", material)
        assert [one.serial for one in material.certificates] == [7]
        assert material.findings == []
    for octets in (pem(crl), crl.public_bytes(DER)):
        material = Material()
        take_octets(octets, "here", material, is_list=True)
        assert material.lists[0].number == 1


def test_a_list_in_a_bag_is_not_lost():
    parts = (
        der.integer(1),
        der.encode(der.SET, b""),
        der.sequence((bytes.fromhex("06092a864886f70d010701"),)),
        der.encode(0xA0, OLD.issue(7).public_bytes(DER) + der.integer(1)),
        der.encode(0xA1, OLD.list((7, BEGIN, None)).public_bytes(DER) + der.integer(1)),
    )
    signed = bytes.fromhex("06092a864886f70d010702")
    bag = der.sequence((signed, der.encode(0xA0, der.sequence(parts))))
    material = Material()
    text = b64encode(bag)
    take_octets(b"-----BEGIN PKCS7-----\n" + text + b"\n-----END PKCS7-----\n", "here", material)
    assert [one.claims[0].serial for one in material.lists] == [7]
    assert found(material) == ["certificate_unread", "list_unread"]


@pytest.mark.parametrize(
    ("label", "body", "codes_"),
    [
        ("CERTIFICATE", "AAAA", ["certificate_unread"]),
        ("X509 CRL", "AAAA", ["list_unread"]),
        ("X509 CRL", "A", ["list_unread"]),
        ("PKCS7", "AAAA", ["bag_unread"]),
        ("PKCS7", "MAYGAQEGAQE=", ["bag_unread"]),
        ("PRIVATE KEY", "AAAA", []),
    ],
)
def test_damaged_blocks(label, body, codes_):
    material = Material()
    take_octets(f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode(), "x", material)
    assert found(material) == codes_


def test_a_block_that_is_cut_off_stops():
    material = Material()
    take_octets(pem(OLD.list((5, BEGIN, None)))[:-30], "here", material)
    assert found(material) == ["broken_pem"]


def test_entries_of_lists():
    def read(crl: x509.CertificateRevocationList) -> Material:
        material = Material()
        take_octets(crl.public_bytes(DER), "here", material)
        return material

    since = x509.InvalidityDate((BEGIN - timedelta(days=9)).replace(tzinfo=None))
    told = read(OLD.list((5, BEGIN, REASONS.superseded), entry_extensions=[since]))
    (claim,) = told.lists[0].claims
    assert claim.invalidity_date == BEGIN - timedelta(days=9)
    removed = read(OLD.list((5, BEGIN, REASONS.remove_from_crl), extensions=[_DELTA]))
    assert removed.lists[0].claims == ()
    assert found(removed) == ["delta"]
    named = x509.CertificateIssuer([x509.DirectoryName(name_of("Khác"))])
    assert found(read(OLD.list((5, BEGIN, None), entry_extensions=[named]))) == ["indirect"]
    good = OLD.list((5, BEGIN, REASONS.superseded), (1 << 150, BEGIN, None)).public_bytes(DER)
    reason = bytes.fromhex("0603551d1504030a0104")
    odd = read_octets(good.replace(reason, reason[:-1] + b"\x63"))
    assert found(odd) == ["entry_unread"]
    assert [one.serial for one in odd.lists[0].claims] == [5, 1 << 150]


_DELTA = x509.DeltaCRLIndicator(1)


def read_octets(data: bytes) -> Material:
    material = Material()
    take_octets(data, "here", material)
    return material


def test_a_negative_serial_stops():
    """X.509 forbids it, and some authority made one all the same."""
    leaf = OLD.issue(0x55).public_bytes(DER)
    wrong = leaf.replace(b"\x02\x01\x55", b"\x02\x01\x85")
    assert found(read_octets(wrong)) == ["serial_unusable"]
    crl = OLD.list((0x55, BEGIN, None)).public_bytes(DER)
    assert found(read_octets(crl.replace(b"\x02\x01\x55", b"\x02\x01\x85"))) == ["serial_unusable"]
    assert read_octets(leaf.replace(b"\x02\x01\x55", b"\x02\x01\x00")).certificates[0].serial == 0


def test_files_that_are_too_large_or_too_many(tmp_path, monkeypatch):
    (tmp_path / "one.crl").write_bytes(pem(OLD.list()))
    (tmp_path / "two.pem").write_bytes(pem(OLD.certificate))
    monkeypatch.setattr(encoded, "MAX_FILE", 10)
    assert found(read_source(tmp_path)[1]) == ["too_large", "too_large"]
    monkeypatch.setattr(sources, "MAX_FILES", 1)
    assert found(read_source(tmp_path)[1])[-1] == "too_many"


def test_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "gone.crl").symlink_to(tmp_path / "nowhere")
    (tmp_path / "other.pem").write_text("nothing", "utf-8")
    (tmp_path / "other.crl").write_text("nothing", "utf-8")
    material = read_source(tmp_path)[1]
    assert found(material) == ["unreadable", "unknown_content", "unknown_content"]
    assert [one.severity.value for one in material.findings] == ["error", "error", "warning"]


@pytest.mark.parametrize(
    ("text", "code", "number"),
    [
        ("1F\n", [], 0x1E),
        ("00", [], 0),
        ("so", ["crl_number_unread"], 0),
        ("F" * 32, ["crl_number_large"], 0),
    ],
)
def test_the_number_that_was_to_come(tmp_path, text, code, number):
    (tmp_path / "index.txt").touch()
    (tmp_path / "crlnumber").write_text(text, "utf-8")
    material = read_source(tmp_path)[1]
    assert (found(material), material.last_crl_number) == (code, number)


@pytest.mark.parametrize("shape", Shape)
def test_what_is_not_there(tmp_path, shape):
    with pytest.raises(ImportSourceError):
        read_source(tmp_path / "nowhere", shape)
    if shape is not Shape.FOLDER:
        with pytest.raises(ImportSourceError):
            read_source(tmp_path, shape)


TABLES = """
CREATE TABLE certs (item INTEGER, cert VARCHAR);
CREATE TABLE crls (item INTEGER, crl VARCHAR);
CREATE TABLE revocations (caId INTEGER, serial VARCHAR, date CHAR, invaldate CHAR,
 crlNo INTEGER, reasonBit INTEGER);
"""


def database(path: Path, script: str = TABLES, **rows: list[tuple[object, ...]]) -> Material:
    made = sqlite3.connect(path)
    made.executescript(script)
    for table, values in rows.items():
        for row in values:
            made.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
    made.commit()
    made.close()
    material = Material()
    read_database(path, material)
    return material


def test_rows_of_xcas_database(tmp_path):
    """What a row says is taken, or told."""
    own = b64encode(OLD.certificate.public_bytes(DER)).decode()
    at, never = "20250101000000Z", "99991231235959Z"
    material = database(
        tmp_path / "a.xdb",
        TABLES + "CREATE TABLE authority (item INTEGER, crlNo INTEGER);",
        certs=[(1, own), (2, "?"), (3, None)],
        crls=[(4, "AAAA"), (5, None)],
        authority=[(1, 12)],
        revocations=[
            (1, "0A", at, at, 1, 1),
            (1, "0B", at, never, 1, 0),
            (1, "0C", at, None, None, None),
            (1, "0D", at, never, 1, 77),
            (1, "0E", at, never, 1, "x"),
            (1, "zz", at, never, 1, 0),
            (1, "0F", "20259901000000Z", never, 1, 0),
            (9, "10", at, never, 1, 0),
        ],
    )
    assert [claim.serial for claim in material.claims] == [0xA, 0xB, 0xC, 0xD, 0xE]
    assert material.claims[0].reason is REASONS.key_compromise
    assert material.last_crl_number == 12
    assert found(material) == [
        *("certificate_unread", "certificate_unread", "list_unread", "list_unread"),
        *("index_reason", "index_reason", "database_row", "database_row", "database_row"),
    ]
    assert len(plan_of(material, Empty(), authority=OLD.certificate).revocations) == 5  # type: ignore[arg-type]


class Empty:
    """A register with nothing in it."""

    def list_authorities(self):
        return ()

    def find_certificates(self, _query):
        return ()


def test_no_database_breaks_the_reader(tmp_path):
    assert found(database(tmp_path / "b.xdb", "CREATE TABLE other (x);")) == ["database_other"]
    damaged = tmp_path / "c.xdb"
    damaged.write_bytes(MAGIC + b"\x10" * 4000)
    shape, material = read_source(damaged)
    assert (shape, found(material)) == (Shape.XCA, ["database_unread"])
    assert not sources.is_database(tmp_path)
    views = TABLES.replace("CREATE TABLE certs (item INTEGER, cert VARCHAR);", "")
    views += "CREATE VIEW certs AS SELECT 1 AS item, 'x' AS cert;"
    assert found(database(tmp_path / "d.xdb", views)) == ["database_other"]
    endless = TABLES.replace("crl VARCHAR", "crl VARCHAR, n INTEGER")
    assert found(database(tmp_path / "e.xdb", endless)) == []


def material_of(*items: x509.Certificate | x509.CertificateRevocationList) -> Material:
    material = Material()
    for number, item in enumerate(items):
        take_octets(pem(item), f"file{number}", material)
    return material


def test_contradictions_are_told(world: World):
    """Each that the plan knows, and what is made of it."""
    stranger = OldAuthority(name_of("Khác"))
    ahead = OLD.list(at=NOW + timedelta(days=1), number=2**63)
    material = material_of(
        OLD.certificate,
        OLD.issue(1),
        OLD.issue(1, "hai"),
        OLD.issue(2, signed_by=new_key()),
        stranger.issue(3),
        OLD.list((1, BEGIN, None)),
        OLD.list((9, BEGIN, None), signed_by=new_key()),
        stranger.list((3, BEGIN, None)),
        ahead,
    )
    read_lines(
        (index_line(1) + index_line(4) + index_line(5, "250101000000Z")).encode(), "i", material
    )
    plan = plan_of(material, world.register, authority=OLD.certificate)
    assert set(codes(plan)) >= {
        *("two_certificates", "not_signed", "list_of_another", "list_unverified"),
        *("crl_number_large", "list_ahead", "listed_not_indexed", "indexed_not_listed"),
        *("known_without", "revoked_without"),
    }
    assert {one.serial for one in plan.revocations} == {1, 5, 9}
    assert (plan.counts.others, plan.counts.unverified) == (1, 1)


def test_the_authority_is_found_or_asked_for(world: World):
    other = OldAuthority(name_of("Khác"))
    register = world.register
    assert (
        plan_of(material_of(OLD.certificate, OLD.issue(1), other.certificate), register).certificate
        == OLD.certificate
    )
    assert plan_of(material_of(OLD.certificate), register).certificate == OLD.certificate
    for items in ((OLD.certificate, other.certificate), (OLD.issue(1),)):
        with pytest.raises(ImportAuthorityError):
            plan_of(material_of(*items), register)


@pytest.mark.parametrize(
    ("faulty", "code"),
    [
        ({"is_authority": False}, "authority_none"),
        ({"key_identifier": False}, "authority_key_identifier"),
        ({"usage": False}, "authority_usage"),
    ],
)
def test_an_authority_that_could_issue_no_list(world: World, faulty, code):
    wrong = OldAuthority(**faulty)
    plan = plan_of(Material(), world.register, authority=wrong.certificate)
    assert [one.words.id for one in plan.blocked] == [f"pki.importing.{code}"]


def test_an_authority_that_has_expired(world: World):
    late = NOW + timedelta(days=9999)
    plan = plan_of(Material(), world.register, now=late, authority=OLD.certificate)
    assert codes(plan) == ["authority_expired"]


def test_an_authority_below_one_of_the_register(world: World):
    """Its own certificate is its parent's."""
    plan = plan_of(Material(), world.register, authority=world.issuing.issuer.certificate)
    assert plan.parent == "root"
    assert plan.own is not None
    assert plan.own.issuer == "root"
    stranger = world.issuing.issuer.certificate
    assert plan_of(Material(), Empty(), authority=stranger).parent is None  # type: ignore[arg-type]


def test_foreign_certificates_are_sorted(world: World):
    own, leaf = world.issue(), OLD.issue(1)
    found = material_of(own, leaf, leaf, OLD.issue(1, "hai")).certificates
    wish = ForeignWish("văn thư", record=False)
    tally = bring_foreign(map(Gathered, found), world.register, world.clock, wish)
    assert (tally.new, tally.own, tally.present, len(tally.conflicts)) == (1, 1, 1, 1)
