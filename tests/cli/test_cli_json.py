"""Every command answers `--json` with one object of its own schema; a new command must be here."""

from datetime import timedelta

import cli_office
import pytest
from cli_shim import OFFICER
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pki_ceremony_world import sample
from test_cli_import import write_authority
from unit.signing import outgoing_world
from unit.verify.list_writer import make_list, operator, sign_list

from cli.app import build_whole
from pki.clock import FixedClock, SystemClock
from pki.words import Language

PINS = ("--pin-source", "env:PIN")
FAR = FixedClock(SystemClock().now() + timedelta(days=11 * 366))
"""When what must be kept for years may be erased."""
WITHOUT = {"serve": "it answers over HTTP until it is stopped"}


def leaves(command, path=()):
    children = getattr(command, "commands", {})
    if not children:
        yield " ".join(path)
    for name, child in children.items():
        yield from leaves(child, (*path, name))


@pytest.fixture
def asked(antin, demo_home, monkeypatch):
    """Return what runs a command with `--json` in one home and gives its object."""
    for name, pin in {"PIN": "24681357", "NEW_PIN": "57318642", "OFFICER": OFFICER}.items():
        monkeypatch.setenv(name, pin)

    def ask(command, *arguments, home=demo_home, status=0, clock=None):
        ran = antin("--home", home, *command.split(), *arguments, "--json", clock=clock)
        assert ran.status == status, ran
        assert ran.out.count("\n") == 1, "one object, one line"
        return ran.json

    return ask


def ask_tokens(note, out, shim_home):
    """A token, a key on it, its request, its certificate; PINs, one by the officer of a token."""
    csr, pem = out / "a.csr", out / "a.pem"
    note("token list")
    note("token doctor")
    note("token init", "spare", *PINS)
    note("token show", "spare")
    key = note("token keygen", "spare", "--key-type", "ec-p256", *PINS)["key"]
    note("token csr", "--key", key, "-o", csr, *PINS)
    subject = ("--set", "C=VN", "--set", "O=UBND", "--set", "CN=Lê Thị Hai")
    issue = ("--ca", "issuing", "--profile", "official", "--csr", csr, "-o", pem)
    note("cert issue", *issue, *subject)
    note("token import", pem, *PINS)
    note("token certs", "spare")
    note("token pin change", "spare", *PINS, "--new-pin-source", "env:NEW_PIN")
    note("token pin change", "spare", "--pin-source", "env:NEW_PIN", "--new-pin-source", "env:PIN")
    note("token delete", "--key", key, status=3)
    note("token delete", "--key", key, "--yes", *PINS)
    unblocking = ("--so-pin-source", "env:OFFICER", "--new-pin-source", "env:NEW_PIN")
    note("token pin unblock", *unblocking, home=shim_home)


def ask_documents(note, out, letter):
    """A document signed, judged and kept; no services are running."""
    note("sign", letter, "-o", out / "signed.pdf")
    note("fields", out / "signed.pdf")
    note("verify", out / "signed.pdf", status=11)  # the status of the signer cannot be had
    note("extend", out / "signed.pdf", "--due-within", "1d")
    later = ("-o", out / "later.pdf", "--level", "B-T", "--later")
    waits = note("sign", letter, *later)["queued"]
    note("queue list")
    note("queue forget", waits, "--yes")
    kept = note("evidence list")["records"][0]["id"]
    note("evidence export", kept, "-o", out / "evidence.zip")
    note("evidence erase", kept, "--reason", "retention", status=3, clock=FAR)
    note("evidence verify")
    draft = out / "draft.pdf"
    draft.write_bytes(outgoing_world.draft())
    leader = ("--leader", "name=Nguyễn Văn Đức,title=Chủ tịch")
    note("prepare", draft, "-o", out / "prepared.pdf", *leader)
    given = ("--number", "15", "--date", "2026-11-02", "--without-leader")
    note("number", out / "prepared.pdf", "-o", out / "numbered.pdf", *given)


def ask_copies(note, out):
    """A scan, copied by an agency."""
    key, pem = ec.generate_private_key(ec.SECP256R1()), out / "agency.pem"
    plain = out / "agency-key.pem"
    plain.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    subject = ("--set", "C=VN", "--set", "O=UBND xã Mẫu", "--set", "CN=UBND xã Mẫu")
    issue = ("--ca", "issuing", "--profile", "agency", "--key", f"file:{plain}", "-o", pem)
    note("cert issue", *issue, *subject)
    scan = out / "scan.pdf"
    scan.write_bytes(outgoing_world.draft())
    agency = ("--key", f"file:{plain}", "--cert", pem)
    note("copy", scan, "--kind", "sao-y", "--from", "paper", *agency)


def ask_certificates(note, out, serial):
    """The life of one certificate, to its end."""
    note("cert list")
    note("cert show", serial)
    note("cert export", serial)
    note("cert lint", serial)
    note("cert renew", serial)
    csr = out / "new.csr"
    _write_request(csr)
    note("cert rekey", serial, "--csr", csr)
    note("cert hold", serial, "--yes")
    note("cert release", serial, "--yes")
    note("cert status", serial)
    note("cert revoke", serial, "--reason", "superseded", "--yes")
    note("cert erase", serial, status=3, clock=FAR)


def ask_lists(note, out):
    """Revocation lists."""
    crl = out / "issuing.crl"
    note("crl issue", "--ca", "issuing")
    _write_list(crl, out)
    note("crl show", crl)
    note("crl check", crl)


def ask_imports(note, out, serial):
    """An authority that was kept elsewhere, and another's certificates."""
    note("ca import", "old", write_authority(out / "kept"), "--yes")
    note("cert import", write_authority(out / "partner") / "newcerts", "--yes")
    note("cert watch", "--offline")
    note("cert reconcile")
    note("overview")
    note("notice send", "--to", "file")
    note("notice list")
    ask_registry(note, out, serial)


def ask_ceremony(note, out, key):
    """A ceremony is rehearsed; whoever has a key may practise the signature too."""
    plan, transcript = out / "ceremony.toml", out / "ceremony.rehearsal.jsonl"
    plan.write_text(sample(), "utf-8")
    note("ca ceremony run", plan, "--rehearse")
    note("ca ceremony sign", transcript, "--person", "chu-tri", "--key", key)
    note("ca ceremony check", transcript)


def ask_backups(note, out):
    """A backup, its check, and what would be restored from it."""
    key, file = out / "backup.key", out / "antin.backup"
    public = note("backup key", "-o", key)["public_key"]
    note("backup create", file, "--recipient", public)
    note("backup verify", file, "--identity", key)
    note("backup restore", file, "--identity", key, home=out / "restored", status=3)


def ask_log(note, out, serial):
    """The audit log, after the life of a certificate."""
    checkpoint, proof = out / "log.checkpoint", out / "log.proof"
    note("audit show")
    note("audit confirm-clock", "--yes")
    note("audit verify")
    note("audit checkpoint", "-o", checkpoint)
    told = note("audit prove", serial, "--since", checkpoint, "-o", proof)
    assert told["entries"] == 5  # reserved, issued, held, released, revoked
    note("audit check-proof", proof, "--checkpoint", checkpoint)


def test_every_command_answers_with_an_object_of_its_schema(
    asked, official, letter, tmp_path, shim_home, demo_home
):
    serial, out = official["serial"], tmp_path
    said = {}

    def note(command, *arguments, **more):
        said[command] = asked(command, *arguments, **more)
        return said[command]

    note("init", home=out / "another")
    note("doctor")
    ask_ceremony(note, out, official["key"])
    note("config key", "van-thu")
    for command in ("config show", "upgrade", "upkeep"):
        note(command)
    ask_documents(note, out, letter)
    ask_tokens(note, out, shim_home)
    ask_certificates(note, out, serial)
    note("ca list")
    note("ca show", "issuing")
    note("ca export", "issuing")
    note("ca recover")
    made = ("--profile", "root", "--subject", "C=VN,O=Tỉnh Mẫu,CN=Gốc hai", "--token", "spare")
    note("ca create", "second", *made, "--key-type", "ec-p384", *PINS)
    asked("ca export", "second", "-o", out / "second.pem")
    note("ca cross", "--ca", "root", "--certificate", out / "second.pem")
    note("ca rollover", "issuing", "issuing-2", status=3)
    ask_lists(note, out)
    ask_imports(note, out, serial)
    ask_backups(note, out)
    ask_log(note, out, serial)
    note("selftest invariants")
    note("profile list")
    note("profile show", "official")
    profile = out / "profile.toml"
    profile.write_text(_official(), "utf-8")
    note("profile check", profile)
    ask_displays(note, out)
    ask_requests(note, out, demo_home)
    ask_trust(note, out / "listed")
    ask_copies(note, out)

    commands = set(leaves(build_whole(Language.EN)))
    assert said.keys() == commands - WITHOUT.keys()
    for command, answer in said.items():
        name = command.replace(" ", ".")
        assert answer["schema"] in {f"antin.{name}/1", f"antin.{name.split('.')[0]}/1"}, command


def ask_registry(note, out, serial):
    """An agency, a person in a post, a device."""
    for kind, key, entered, changed in (
        (
            "agency",
            "X1",
            ("--name", "UBND xã Mẫu", "--tier", "commune"),
            ("--tax-code", "0100109106"),
        ),
        ("person", "NV-1", ("--name", "Lê Thị Hai"), ("--email", "hai@example.vn")),
        ("post", "CV-1", ("--person", "NV-1", "--agency", "X1", "--title", "T"), ("--unit", "U")),
        ("device", "D1", ("--model", "M", "--person", "NV-1"), ("--state", "active")),
    ):
        note(f"{kind} add", key, *entered)
        note(f"{kind} change", key, *changed)
        note(f"{kind} show", key)
        note(f"{kind} list")
        note(f"{kind} export", "-o", out / f"{kind}.csv")
        note(f"{kind} import", out / f"{kind}.csv", "--yes")
    note("cert assign", serial, "--person", "NV-1", "--post", "CV-1", "--device", "D1")
    note("person add", "NV-2", "--name", "Lê Thị Ba", "--state", "left")
    note("person erase", "NV-2", "--yes")
    note("person example", "--rows", "1", "-o", out / "example")
    note("form", "01", "--agency", "X1", "-o", out / "form-01.pdf")
    ends = ("--person", "NV-1", "--day", "2030-01-01")
    note("event show", note("event record", "retirement", *ends)["event"])
    note("event list")
    _write_request(out / "one.csr")
    many = out / "many.csv"
    many.write_text("csr,C,O,CN\none.csr,VN,UBND,Lê Thị Hai\n", "utf-8")
    note("cert bulk", many, "--ca", "issuing", "--profile", "official", "--yes")


def ask_trust(note, home):
    """A home that trusts a list in a file."""
    home.mkdir()
    now, signer = SystemClock().now(), operator()
    dates = {"issued": now - timedelta(days=1), "next_update": now + timedelta(days=30)}
    (home / "vn.xml").write_bytes(sign_list(make_list(**dates), signer))
    (home / "signer.cer").write_bytes(signer.der)
    source = 'name = "vn"\nfile = "vn.xml"\nsigners = ["signer.cer"]\n'
    (home / "antin.toml").write_text(f"[[verify.list]]\n{source}", "utf-8")
    note("trust list", home=home)
    note("trust refresh", home=home)
    note("trust show", "vn", home=home)


def ask_displays(note, out):
    note("mandate list")
    mandate = out / "mandate.toml"
    mandate.write_text(MANDATE, "utf-8")
    note("mandate check", mandate)
    note("display list")
    note("display show", "agency")
    display = out / "display.toml"
    display.write_text('name = "own"\nvisible = false\n', "utf-8")
    note("display check", display)


def ask_plans(note, office):
    """A plan, from its file to its report."""
    sheet = office.folder / "plan.csv"
    sheet.write_text("kind,csr,c,o,cn\nnew,d.csr,VN,UBND,D\n", "utf-8")
    office.csr("d")
    given = ("--from", sheet, "--csr-dir", office.folder, "--ca", "issuing", "--id", "P-1")
    note("plan create", *given, "--profile", "official", *office.by("clerk"))
    note("plan approve", "P-1", *office.by("approver"))
    note("plan show", "P-1")
    note("plan list")
    note("plan run", "P-1", *office.by("officer"))
    note("plan report", "P-1")


def ask_requests(note, out, home):
    """Requests of each end, by people whose keys are in files."""
    office = cli_office.Desk(None, home, out)
    office.ask = lambda *words: note(" ".join(words[:2]), *words[2:])
    for name in ("officer", "clerk", "approver"):
        office.hire(name)
    grants = {
        role: note(
            "role grant",
            *(role, office.crt(role), "--person", role),
            *(() if role == "officer" else office.by("officer")),
        )
        for role in ("officer", "clerk", "approver")
    }
    office.ask_approvals()
    rejected = office.ask_new("a")["request"]
    note("request reject", rejected, *office.by("approver"))
    withdrawn = office.ask_new("b")["request"]
    note("request withdraw", withdrawn, *office.by("clerk"))
    done = office.ask_new("c")["request"]
    note("request approve", done, *office.by("approver"))
    note("request show", done)
    pem = note("request run", done, *office.by("officer"))["pem"]
    serial = x509.load_pem_x509_certificate(pem.encode()).serial_number
    note("cert hold", f"{serial:x}", "--yes")
    (held,) = note("request list")["requests"]
    note("request review", held["request"], *office.by("approver"))
    ask_plans(note, office)
    note("role list")
    note("role end", grants["clerk"]["grant"], *office.by("officer"))


MANDATE = """
capacity = "KT"
number = "02/QĐ-UBND"
grantor = "Lê Văn Cường"
title = "Chủ tịch"
name = "Nguyễn Văn Mẫu"
holder = "CCCD:000000000001"
since = 2026-01-01
"""


def _official():
    from importlib.resources import files

    return (files("pki.profiles") / "official.toml").read_text("utf-8")


def _write_request(path):
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    path.write_bytes(request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))


def _write_list(path, folder):
    """Take the newest list out of the home's register, as `antin serve` would."""
    from pki.register.sql import open_register

    register = open_register(folder / "home" / "register.sqlite")
    newest = register.newest_crl("issuing")
    register.close()
    path.write_bytes(newest.der)


def test_json_keys_and_codes_do_not_change_with_the_language(antin, demo_home):
    answers = [
        antin("--home", demo_home, "doctor", "--json", language=language).json
        for language in Language
    ]
    shapes = [
        [(one["check"], one["ok"], sorted(one)) for one in each["checks"]] for each in answers
    ]
    assert shapes[0] == shapes[1]
