"""A register is backed up while it is used, and comes back whole, on either engine."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tarfile
import time
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from pki_backups import FILES, IDENTITIES, RECIPIENTS, SECRET, back_up, opened, restored
from pki_engines import Place
from pki_world import NOW, World

from pki.audit.checkpoint import TreeHead
from pki.audit.verify import recompute, verify_audit
from pki.authority.authority import Authority
from pki.authority.life import hold
from pki.clock import FixedClock
from pki.errors.audit import AuditBrokenError, AuditRewrittenError
from pki.errors.files import OutputExistsError
from pki.errors.keeping import BackupContentsError, RestoreUnfinishedError
from pki.errors.register import (
    NewerRegisterError,
    NotARegisterError,
    OlderRegisterError,
    RegisterConflictError,
    RegisterExistsError,
)
from pki.keeping.age import DecryptingFile, EncryptingFile
from pki.keeping.archive import ArchiveReader, is_safe
from pki.keeping.check import check_register
from pki.keeping.manifest import Manifest, check_version
from pki.records.certificates import CertificateQuery
from pki.register.restore import restoring
from pki.register.sql import open_register
from pki.register.tables import SCHEMA_VERSION

CLOCK = FixedClock(NOW)


@pytest.fixture
def other_place(request, tmp_path, place: Place):
    """A place of the other engine."""
    if place.engine == "postgresql":
        yield Place("sqlite", f"sqlite:///{tmp_path / 'khác.db'}")
        return
    server = request.getfixturevalue("postgres")
    url = server.new_database()
    yield Place("postgresql", url, server)
    server.drop(url)


def live(world: World) -> None:
    """Let the administration issue, revoke, hold and list."""
    certificates = [world.issue() for _ in range(4)]
    world.issuing.revoke(certificates[0].serial_number, KEY_COMPROMISE)
    hold(world.issuing, certificates[1].serial_number, requester="văn thư")
    world.issuing.issue_crl()
    world.issuing.revoke(certificates[2].serial_number, SUPERSEDED)
    world.root.issue_crl()


KEY_COMPROMISE = x509.ReasonFlags.key_compromise
SUPERSEDED = x509.ReasonFlags.superseded


def all_of(register):
    everything = [register.list_authorities(), register.find_certificates(CertificateQuery())]
    for authority in register.list_authorities():
        everything += [
            register.newest_crl(authority.name),
            register.list_revocations(authority.name),
        ]
    return [*everything, list(register.audit_entries())]


def test_a_register_comes_back_on_the_same_engine_and_on_the_other(
    placed_world: World, place: Place, other_place: Place, tmp_path
):
    live(placed_world)
    made = back_up(place.url, tmp_path / "a.backup")
    assert made.manifest.engine == place.engine
    assert made.manifest.rows["certificates"] == 6
    with restored(tmp_path / "a.backup", other_place.url) as restoration:
        checked = check_register(restoration.register, made.manifest)
    assert (checked.certificates, checked.lists) == (6, 2)
    again = open_register(other_place.url)
    assert all_of(again) == all_of(placed_world.register)
    # It goes on from there: the numbers that a database counts too.
    issuing = Authority(placed_world.issuing.issuer, again, placed_world.clock)
    issuing.issue_crl()
    placed_world.issue(authority=issuing)
    back_up(other_place.url, tmp_path / "b.backup")
    again.close()


@pytest.fixture
def backup(world: World, tmp_path) -> Path:
    """A backup of the small administration at work."""
    live(world)
    back_up(world.folder / "register.db", tmp_path / "a.backup")
    return tmp_path / "a.backup"


def test_the_files_come_back_and_only_the_owner_reads_the_backup(backup):
    with opened(backup) as found:
        for _ in found.lines():
            pass
    assert tuple(found.files) == FILES
    assert found.reader.manifest.audit.size > 0
    assert backup.stat().st_mode & 0o777 == 0o600


def test_other_programs_open_it(backup, tmp_path, peer):
    key = tmp_path / "key"
    key.write_text(SECRET + "\n", "utf-8")
    plain = subprocess.run(
        [peer("age"), "-d", "-i", key, backup], capture_output=True, check=True
    ).stdout
    said = subprocess.run([peer("tar"), "-t"], input=plain, capture_output=True, check=True)
    assert b"register/certificates/000001.jsonl.gz" in said.stdout.splitlines()
    assert said.stdout.splitlines()[-1] == b"manifest.json"


def test_nothing_is_written_over(backup, world):
    before = backup.read_bytes()
    with pytest.raises(OutputExistsError):
        back_up(world.folder / "register.db", backup)
    assert backup.read_bytes() == before


@pytest.mark.usefixtures("world")
def test_a_backup_that_cannot_be_told_of_is_not_made(tmp_path):
    def refuse(_made):
        raise RegisterExistsError(register="nhật ký")

    from pki.keeping.make import Kept, make_backup

    target = tmp_path / "a.backup"
    with pytest.raises(RegisterExistsError):
        make_backup(
            target, tmp_path / "register.db", Kept(()), recipients=RECIPIENTS, now=NOW, tell=refuse
        )
    assert not list(tmp_path.glob("*backup*")) + list(tmp_path.glob(".*part"))


def test_a_restore_that_fails_leaves_nothing(backup, place: Place):
    with pytest.raises(KeyError), restored(backup, place.url):
        raise KeyError
    with restored(backup, place.url) as restoration:
        verify_audit(restoration.register)
    with pytest.raises(RegisterExistsError), restored(backup, place.url):
        raise AssertionError


def test_a_register_that_was_not_reconciled_is_opened_by_nobody(backup, place: Place):
    with restored(backup, place.url), pytest.raises(RestoreUnfinishedError):
        open_register(place.url)
    open_register(place.url).close()


def test_without_the_missing_version_it_would_be_opened(backup, tmp_path, monkeypatch):
    """The mutant: the version is written with the rows."""
    from pki.register import restore as module

    original = module.Restoration.fill

    def fill(self, lines):
        counts = original(self, lines)
        with module._writing(self.store) as connection:
            version = {"version": SCHEMA_VERSION, "created_at": NOW}
            connection.execute(module.insert(module.SCHEMA), version)
        return counts

    monkeypatch.setattr(module.Restoration, "fill", fill)
    seen = []
    with contextlib.suppress(RegisterConflictError), restored(backup, tmp_path / "r.db"):
        open_register(tmp_path / "r.db").close()
        seen.append("opened")
    assert seen, "a register that nobody reconciled"


def test_a_log_that_is_not_the_manifests_is_noticed(backup, tmp_path):
    with restored(backup, tmp_path / "r.db") as restoration:
        with opened(backup) as found:
            for _ in found.lines():
                pass
        manifest = found.reader.manifest
        register = restoration.register
        checked = check_register(register, manifest)
        head = manifest.audit
        assert checked.entries == head.size
        other = head.model_copy(update={"root": "00" * 32})
        with pytest.raises(AuditRewrittenError):
            check_register(register, manifest.model_copy(update={"audit": other}))
        shorter = head.model_copy(update={"size": 0, "root": recompute_empty()})
        with pytest.raises(BackupContentsError, match="more entries"):
            check_register(register, manifest.model_copy(update={"audit": shorter}))
        with pytest.raises(AuditRewrittenError):
            check_register(register, manifest, [TreeHead("log", 3, bytes(32))])


def recompute_empty():
    from pki.audit.tree import EMPTY_ROOT

    return EMPTY_ROOT.hex()


SPOILT = {
    "fingerprint": "UPDATE certificates SET fingerprint = 'aa' WHERE id = 3",
    "tbs": "UPDATE certificates SET tbs_der = x'3000' WHERE id = 3",
    "not a certificate": "UPDATE certificates SET der = x'3000' WHERE id = 3",
    "another's": "UPDATE certificates SET der = (SELECT der FROM certificates WHERE id = 4),"
    " fingerprint = (SELECT fingerprint FROM certificates WHERE id = 4),"
    " tbs_der = (SELECT tbs_der FROM certificates WHERE id = 4) WHERE id = 3",
    "gone": "UPDATE certificates SET der = NULL WHERE id = 3",
    "list": "UPDATE crls SET der = x'3000' WHERE issuer = 'issuing'",
    "list of another": "UPDATE crls SET der = (SELECT der FROM crls WHERE issuer = 'root')"
    " WHERE issuer = 'issuing'",
    "unlisted": "UPDATE crls SET last_sequence = 99 WHERE issuer = 'issuing'",
}


@pytest.mark.parametrize("how", SPOILT)
def test_records_that_were_spoilt_before_the_backup_are_noticed(how, world: World, tmp_path):
    live(world)
    place = Place("sqlite", f"sqlite:///{world.folder / 'register.db'}")
    with place.raw() as run:
        place.drop_guards(run)
        run(SPOILT[how])
    made = back_up(place.url, tmp_path / "a.backup")
    with (
        restored(tmp_path / "a.backup", tmp_path / "r.db") as restoration,
        pytest.raises(BackupContentsError),
    ):
        check_register(restoration.register, made.manifest)


def test_a_log_that_was_rewritten_before_the_backup_is_noticed(world: World, tmp_path):
    place = Place("sqlite", f"sqlite:///{world.folder / 'register.db'}")
    with place.raw() as run:
        place.drop_guards(run)
        run("UPDATE audit SET content = replace(content, 'issue', 'tissu') WHERE sequence = 3")
        run("UPDATE audit SET content = CAST(content AS BLOB)")
    made = back_up(place.url, tmp_path / "a.backup")
    with (
        restored(tmp_path / "a.backup", tmp_path / "r.db") as restoration,
        pytest.raises(AuditBrokenError),
    ):
        check_register(restoration.register, made.manifest)


def test_a_value_of_another_type_stops_the_backup(world: World, tmp_path):
    place = Place("sqlite", f"sqlite:///{world.folder / 'register.db'}")
    with place.raw() as run:
        place.drop_guards(run)
        run("UPDATE certificates SET tbs_der = 'text'")
    with pytest.raises(NotARegisterError):
        back_up(place.url, tmp_path / "a.backup")
    assert not (tmp_path / "a.backup").exists()


# What somebody who has the public key alone could hand in


def rewritten(backup: Path, change) -> ArchiveReader:
    """Return a backup whose archive was changed and encrypted again."""
    file = BytesIO()
    encrypting = EncryptingFile(file, RECIPIENTS)
    with backup.open("rb") as source:
        plain = BytesIO()
        decrypting = DecryptingFile(source, IDENTITIES)
        while piece := decrypting.read(1 << 16):
            plain.write(piece)
    plain.seek(0)
    members = []
    with tarfile.open(fileobj=plain) as archive:
        for info in archive:
            members += [[info, archive.extractfile(info).read()]]
    change(members)
    with tarfile.open(fileobj=encrypting, mode="w|") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, BytesIO(data))
    encrypting.write(bytes(1 << 18))  # filling after the end, as tar allows it
    encrypting.finish()
    file.seek(0)
    return ArchiveReader(DecryptingFile(file, IDENTITIES))


def renamed(name):
    return lambda members: setattr(members[0][0], "name", name)


def with_data(place, data):
    return lambda members: members[place].__setitem__(1, data)


CHANGES = {
    "cut": lambda members: members.pop(),
    "another file": with_data(0, b"version = 2"),
    "a member less": lambda members: members.pop(1),
    "a member twice": lambda members: members.insert(1, members[0]),
    "after the manifest": lambda members: members.append(members[0]),
    "no manifest": with_data(-1, b"{}"),
    "outside": renamed("files/../../etc/passwd"),
    "root": renamed("/etc/passwd"),
    "drive": renamed("files/C:/x"),
    "unknown": renamed("other/x"),
    "long": renamed("files/" + "a/" * 400 + "b"),
    "link": lambda members: setattr(members[0][0], "type", tarfile.SYMTYPE),
    "rows": with_data(2, b"no gzip"),
    "rows cut": lambda members: members[2].__setitem__(1, members[2][1][:-5]),
    "rows and more": lambda members: members[2].__setitem__(1, members[2][1] + b"x"),
}


@pytest.mark.parametrize("how", CHANGES)
def test_an_archive_that_contradicts_itself_is_refused(how, backup):
    with pytest.raises(BackupContentsError):
        list(rewritten(backup, CHANGES[how]).members())


def test_an_archive_that_does_not_is_taken(backup):
    assert len(list(rewritten(backup, lambda _: None).members())) > 5


def test_what_is_no_archive_is_refused():
    file = BytesIO()
    encrypting = EncryptingFile(file, RECIPIENTS)
    encrypting.write(b"no archive" * 100)
    encrypting.finish()
    file.seek(0)
    with pytest.raises(BackupContentsError):
        list(ArchiveReader(DecryptingFile(file, IDENTITIES)).members())


def test_a_bomb_of_rows_is_not_unpacked(backup, monkeypatch):
    from pki.keeping import archive

    monkeypatch.setattr(archive, "MAX_ROWS", 100)
    with pytest.raises(BackupContentsError, match="unpacked"):
        list(rewritten(backup, lambda _: None).members())


def test_a_member_that_is_too_large_is_refused(backup, monkeypatch):
    from pki.keeping import archive

    monkeypatch.setattr(archive, "MAX_FILE", 3)
    with pytest.raises(BackupContentsError, match="kind or size"):
        list(rewritten(backup, lambda _: None).members())


@pytest.mark.parametrize("name", ["", "a//b", "../a", "a/..", "a\\b", "a:b", "a\nb", "a.", ".a"])
def test_names_that_leave_their_folder_are_not_safe(name):
    assert is_safe("trust/gốc mới.pem")
    assert not is_safe(name)


def rows_with(table, change):
    """Return what changes the first row of a table."""

    def apply(lines):
        for name, rows in lines:
            if name != table:
                yield name, rows
                continue
            row = json.loads(rows[0])
            change(row)
            yield name, (json.dumps(row).encode(), *rows[1:])

    return apply


BAD_ROWS = {
    "column": ("certificates", lambda row: row.update(more=1)),
    "missing": ("certificates", lambda row: row.pop("der")),
    "text": ("certificates", lambda row: row.update(subject=1)),
    "number": ("revocations", lambda row: row.update(sequence=True)),
    "too large": ("revocations", lambda row: row.update(sequence=1 << 80)),
    "octets": ("certificates", lambda row: row.update(der="!")),
    "time": ("certificates", lambda row: row.update(not_after="2026-01-01T00:00:00")),
    "state": ("certificates", lambda row: row.update(state="free")),
    "issuer": ("certificates", lambda row: row.update(issuer="nobody")),
    "null": ("certificates", lambda row: row.update(subject=None)),
}


@pytest.mark.parametrize("how", BAD_ROWS)
def test_rows_that_are_none_are_refused_and_leave_nothing(how, backup, place: Place):
    change = rows_with(*BAD_ROWS[how])
    with (
        pytest.raises(BackupContentsError),
        opened(backup) as found,
        restoring(place.url, CLOCK) as restoration,
    ):
        restoration.fill(change(found.lines()))
    with restored(backup, place.url) as restoration:
        verify_audit(restoration.register)


def test_rows_that_are_no_object_or_of_no_table_are_refused(tmp_path):
    for lines in ([("certificates", (b"[]",))], [("certificates", (b"{",))], [("other", ())]):
        with pytest.raises(BackupContentsError), restoring(tmp_path / "r.db", CLOCK) as restoration:
            restoration.fill(lines)
    assert not (tmp_path / "r.db").exists()


def test_a_backup_of_tables_of_another_version_is_refused(backup):
    with opened(backup) as found:
        for _ in found.lines():
            pass
    manifest: Manifest = found.reader.manifest
    check_version(manifest, SCHEMA_VERSION)
    with pytest.raises(OlderRegisterError):
        check_version(manifest, SCHEMA_VERSION + 1)
    with pytest.raises(NewerRegisterError):
        check_version(manifest, SCHEMA_VERSION - 1)


def test_rows_are_cut_into_members_that_fit_into_memory(world, monkeypatch, tmp_path):
    from pki.keeping import archive

    live(world)
    monkeypatch.setattr(archive, "ROWS_OCTETS", 500)
    made = back_up(world.folder / "register.db", tmp_path / "b.backup", ())
    assert "register/certificates/000006.jsonl.gz" in made.manifest.members
    with restored(tmp_path / "b.backup", tmp_path / "r.db") as restoration:
        check_register(restoration.register, made.manifest)


# Others write meanwhile, the process is killed, the disk is full


def test_a_backup_taken_while_others_write_is_one_moment(placed_world: World, place, tmp_path):
    import threading

    stop = threading.Event()
    done: list[int] = []

    def work():
        register = open_register(place.url)
        issuing = Authority(placed_world.issuing.issuer, register, placed_world.clock)
        while not stop.is_set():
            certificate = placed_world.issue(authority=issuing)
            issuing.revoke(certificate.serial_number, SUPERSEDED)
            done.append(certificate.serial_number)
        register.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        while len(done) < 4:
            time.sleep(0.01)
        made = []
        for number in range(3):
            before = len(done)
            made.append(back_up(place.url, tmp_path / f"{number}.backup"))
            assert made[-1].manifest.rows["revocations"] >= before
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    sizes = [one.manifest.audit.size for one in made]
    assert sizes == sorted(sizes)
    heads = [
        TreeHead("log", one.manifest.audit.size, bytes.fromhex(one.manifest.audit.root))
        for one in made
    ]
    recompute(placed_world.register, heads)
    for number, one in enumerate(made):
        with restored(tmp_path / f"{number}.backup", tmp_path / f"{number}.db") as restoration:
            check_register(restoration.register, one.manifest)


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from pki_backups import *
from pki.keeping import make
after = int(sys.argv[2])
class Dying(make.EncryptingFile):
    def write(self, octets):
        global after
        after -= 1
        if after == 0:
            self._target.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().write(octets)
make.EncryptingFile = Dying
back_up(Path(sys.argv[1]) / "register.db", Path(sys.argv[1]) / "a.backup")
"""


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_backup_that_is_killed_leaves_no_file_of_that_name(world: World, after, tmp_path):
    import signal as signals

    live(world)
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(after), here]
    ended = subprocess.run(command, cwd=Path(__file__).parents[3], check=False)
    assert ended.returncode == -signals.SIGKILL
    assert not (tmp_path / "a.backup").exists()
    assert verify_audit(world.register) > 0
    back_up(tmp_path / "register.db", tmp_path / "a.backup")


def test_a_full_disk_leaves_nothing(world: World, tmp_path):
    from pki.errors.files import DiskFullError
    from pki.keeping import make

    live(world)
    target = Path("/dev/full")
    if not target.exists():
        pytest.skip("no /dev/full on this system")
    written = []

    class Full(make.EncryptingFile):
        def write(self, octets):
            if written:
                with target.open("wb", buffering=0) as full:
                    full.write(octets)
            written.append(len(octets))
            return super().write(octets)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make, "EncryptingFile", Full)
        with pytest.raises(DiskFullError):
            back_up(tmp_path / "register.db", tmp_path / "a.backup")
    assert not (tmp_path / "a.backup").exists()
    assert not list(tmp_path.glob(".*part"))
    back_up(tmp_path / "register.db", tmp_path / "a.backup")


def test_a_database_that_lacks_a_table_has_our_code(world: World, tmp_path):
    live(world)
    with Place("sqlite", f"sqlite:///{tmp_path / 'register.db'}").raw() as run:
        run("DROP TABLE foreign_certificates")
    with pytest.raises(NotARegisterError):
        back_up(tmp_path / "register.db", tmp_path / "a.backup")


def test_tables_without_rows_are_none(tmp_path):
    with restoring(tmp_path / "r.db", CLOCK) as restoration:
        assert restoration.fill([("certificates", ())])["certificates"] == 0
