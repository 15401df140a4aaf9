"""`antin audit`: what an authority shows of its log, and what an outsider can find out."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sqlite3
import subprocess
from datetime import timedelta

import pytest
from pki_audit_world import ATTACKS, cut, edited, rewrite

from pki.clock import FixedClock, SystemClock


@pytest.fixture
def office(antin, demo_home, official):
    """The demonstration home; what runs `antin audit` in it; the official's serial."""

    def audit(*arguments, **more):
        return antin("--home", demo_home, "audit", *arguments, **more)

    return demo_home, audit, official["serial"]


@pytest.fixture
def outsider(antin, office, tmp_path):
    """What runs `antin audit` in no home, with the authority's root."""
    root = shutil.copy(office[0] / "trust" / "root.pem", tmp_path / "root.pem")

    def audit(*arguments, **more):
        return antin("--home", tmp_path / "none", "audit", *arguments, "--trust", root, **more)

    return audit


def done(ran):
    assert ran.status == 0, ran
    return ran


def size_of(checkpoint):
    """Read a checkpoint's second line."""
    return int(checkpoint.read_text("utf-8").splitlines()[1])


def act(antin, home):
    """Let something happen that the log tells of."""
    done(antin("--home", home, "crl", "issue", "--ca", "issuing"))


def test_an_outsider_follows_a_certificate_through_the_log(antin, office, outsider, tmp_path):
    home, audit, serial = office
    held, proof = tmp_path / "held.checkpoint", tmp_path / "proof.json"
    done(audit("checkpoint", "-o", held))
    revoked = ("cert", "revoke", serial, "--reason", "superseded", "--yes")
    done(antin("--home", home, *revoked))
    pem = tmp_path / "official.pem"
    done(antin("--home", home, "cert", "export", serial, "-o", pem))
    made = done(audit("prove", serial, "--since", held, "-o", proof, "--json")).json
    assert made["proof"] == json.loads(proof.read_text("utf-8"))
    shown = done(outsider("check-proof", proof, "--checkpoint", held, "--cert", pem, "--json")).json
    assert [entry["action"] for entry in shown["entries"]] == [
        "certificate.reserve",
        "certificate.issue",
        "certificate.revoke",
    ]
    assert shown["since"] == size_of(held) < shown["log_entries"]
    words = done(outsider("check-proof", proof, "--checkpoint", held)).out
    assert f"it only grew since your checkpoint of {size_of(held)} entries" in words
    assert "compared with no checkpoint of yours" in done(outsider("check-proof", proof)).out


def test_a_proof_of_growth_alone_and_on_stdout(antin, office, outsider, tmp_path):
    home, audit, _ = office
    held, proof = tmp_path / "held.checkpoint", tmp_path / "proof.json"
    held.write_text(done(audit("checkpoint")).out, "utf-8")
    act(antin, home)
    proof.write_text(done(audit("prove", "--since", held)).out, "utf-8")
    shown = done(outsider("check-proof", proof, "--checkpoint", held, "--json")).json
    assert (shown["since"], shown["entries"]) == (size_of(held), [])
    assert done(outsider("check-proof", proof, "--checkpoint", held)).out.count("\n") == 2


def test_a_serial_of_one_authority(office):
    _, audit, serial = office
    assert done(audit("prove", serial, "--ca", "issuing", "--json")).json["entries"] == 2
    for wrong in (("--ca", "root"), ("--ca", "none")):
        ran = audit("prove", serial, *wrong)
        assert (ran.status, ran.code) == (3, "cli.unknown_name")
    ran = audit("prove")
    assert (ran.status, ran.code) == (3, "cli.nothing_to_prove")


def test_another_certificate_is_not_proven(antin, office, outsider, tmp_path):
    home, audit, serial = office
    proof, other = tmp_path / "proof.json", home / "services" / "ocsp.pem"
    done(audit("prove", serial, "-o", proof))
    ran = outsider("check-proof", proof, "--cert", other)
    assert (ran.status, ran.code) == (3, "pki.audit_proof_of_another")
    der = tmp_path / "official.der"
    pem = done(antin("--home", home, "cert", "export", serial)).out
    lines = "".join(pem.strip().splitlines()[1:-1])
    der.write_bytes(base64.b64decode(lines))
    done(outsider("check-proof", proof, "--cert", der))
    ran = outsider("check-proof", proof, "--cert", proof)
    assert (ran.status, ran.code) == (5, "cli.unreadable")


def test_a_changed_proof_is_refused(office, outsider, tmp_path):
    _, audit, serial = office
    proof = tmp_path / "proof.json"
    done(audit("prove", serial, "-o", proof))
    text = proof.read_text("utf-8")
    size = json.loads(text)["checkpoint"].split("\n")[1]
    for old, new, code in (
        ("certificate.issue", "certificate.isuse", "pki.audit_not_included"),
        ('"entries"', '"entris"', "pki.audit_proof_malformed"),
        (f"\\n{size}\\n", f"\\n1{size}\\n", "cli.checkpoint_untrusted"),
    ):
        assert old in text
        proof.write_text(text.replace(old, new), "utf-8")
        ran = outsider("check-proof", proof)
        assert (ran.status, ran.code) == (3 if code.startswith("cli") else 5, code)


def test_the_newest_entries_are_shown(office):
    _, audit, _ = office
    size = done(audit("verify", "--json")).json["entries"]
    shown = done(audit("show", "--limit", "3", "--json")).json["entries"]
    assert [entry["sequence"] for entry in shown] == [size - 2, size - 1, size]
    assert done(audit("show", "--limit", "2")).out.splitlines()[1].startswith(f"{size}  ")
    assert len(done(audit("show", "--limit", "999", "--json")).json["entries"]) == size


def test_the_log_names_nobody_a_certificate_speaks_of(antin, office):
    home, audit, serial = office
    done(antin("--home", home, "cert", "revoke", serial, "--reason", "keyCompromise", "--yes"))
    shown = done(antin("--home", home, "cert", "show", serial, "--json")).out
    log = done(audit("show", "--limit", "999", "--json")).out
    assert serial in log
    for personal in ("Nguyễn Văn Mẫu", "Chủ tịch", "000000000001", "CCCD"):
        assert personal in shown
        assert personal not in log


def test_an_empty_log_is_shown_and_verified(antin, tmp_path):
    home = tmp_path / "new"
    done(antin("--home", home, "init"))
    assert done(antin("--home", home, "audit", "show")).out == "nothing\n"
    assert done(antin("--home", home, "audit", "verify", "--json")).json["entries"] == 0
    ran = antin("--home", home, "audit", "checkpoint")
    assert (ran.status, ran.code) == (3, "cli.no_log_signer")


def test_entries_that_are_none_are_not_shown(office):
    home, audit, _ = office
    rewrite(home / "register.sqlite", lambda contents: contents)
    database = sqlite3.connect(home / "register.sqlite")
    database.execute("UPDATE audit SET content = x'7b7d' WHERE sequence = 9")
    database.commit()
    database.close()
    ran = audit("show")
    assert (ran.status, ran.code) == (5, "pki.audit_broken")


def test_nothing_was_compared_and_the_page_says_so(office, tmp_path):
    _, audit, _ = office
    assert "compared with no checkpoint" in done(audit("verify")).out
    done(audit("checkpoint", "-o", tmp_path / "held"))
    assert (
        f"goes on from {tmp_path / 'held'}"
        in done(audit("verify", "--since", tmp_path / "held")).out
    )


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_rewritten_log_is_found_out(office, tmp_path, attack):
    home, audit, _ = office
    held = tmp_path / "held.checkpoint"
    done(audit("checkpoint", "-o", held))
    rewrite(home / "register.sqlite", attack)
    # The home's own checkpoint tells it, and the key signs nothing that does not go on from it.
    for ran in (audit("verify"), audit("checkpoint"), audit("prove", "--since", held)):
        assert ran.status == 5
        assert ran.code in {"pki.audit_rewritten", "pki.audit_cut"}
    # Whoever rewrote the home as well is found out by the checkpoint that lay elsewhere alone.
    (home / "checkpoint").unlink()
    done(audit("verify"))
    assert audit("verify", "--since", held).code in {"pki.audit_rewritten", "pki.audit_cut"}


def test_an_older_backup_is_found_out(antin, office, tmp_path):
    home, audit, _ = office
    backup = shutil.copytree(home, tmp_path / "backup")
    act(antin, home)
    held = tmp_path / "held.checkpoint"
    done(audit("checkpoint", "-o", held))
    restored = antin("--home", backup, "audit", "verify")
    assert restored.status == 0
    restored = antin("--home", backup, "audit", "verify", "--since", held)
    assert (restored.status, restored.code) == (5, "pki.audit_cut")


def test_two_histories_are_found_out_by_two_checkpoints(office, outsider, tmp_path):
    home, audit, serial = office
    one, other, proof = (tmp_path / name for name in ("one", "other", "proof"))
    done(audit("checkpoint", "-o", one))
    rewrite(home / "register.sqlite", edited)
    (home / "checkpoint").unlink()
    done(audit("checkpoint", "-o", other))
    done(audit("prove", serial, "-o", proof))
    done(outsider("check-proof", proof, "--checkpoint", other))
    ran = outsider("check-proof", proof, "--checkpoint", one)
    assert (ran.status, ran.code) == (5, "pki.audit_split")
    ran = audit("verify", "--since", one, "--since", other)
    assert (ran.status, ran.code) == (5, "pki.audit_split")


def test_a_checkpoint_later_than_the_log_leads_nowhere(antin, office, outsider, tmp_path):
    home, audit, _ = office
    late, proof = tmp_path / "late", tmp_path / "proof"
    done(audit("prove", office[2], "-o", proof))
    act(antin, home)
    done(audit("checkpoint", "-o", late))
    ran = outsider("check-proof", proof, "--checkpoint", late)
    assert (ran.status, ran.code) == (3, "pki.audit_proof_gap")
    rewrite(home / "register.sqlite", cut)
    (home / "checkpoint").unlink()
    ran = audit("prove", "--since", late)
    assert (ran.status, ran.code) == (3, "pki.audit_proof_gap")


def test_a_checkpoint_of_another_log_is_refused(office, tmp_path):
    home, audit, _ = office
    done(audit("checkpoint", "-o", tmp_path / "held"))
    configuration = home / "antin.toml"
    text = configuration.read_text("utf-8")
    configuration.write_text(re.sub(r'origin = ".*"', 'origin = "elsewhere"', text), "utf-8")
    for arguments in (("verify",), ("checkpoint",), ("verify", "--since", tmp_path / "held")):
        ran = audit(*arguments)
        assert (ran.status, ran.code) == (3, "pki.checkpoint_origin")


def test_no_checkpoint_is_signed_that_nobody_would_take(office, tmp_path):
    """With the OCSP signer's key, under the same root; with a lapsed one; before the last entry."""
    home, audit, _ = office
    now = SystemClock().now()
    configuration = home / "antin.toml"
    text = configuration.read_text("utf-8")
    for moment, days, code in (
        (now - timedelta(days=1), 400, "pki.clock_before_record"),
        (now + timedelta(days=3650), 400, "pki.clock_gap"),
        (now + timedelta(days=3650), 4000, "cli.checkpoint_untrusted"),
    ):
        patient = text.replace("max_gap_days = 400", f"max_gap_days = {days}")
        configuration.write_text(patient, "utf-8")
        ran = audit("checkpoint", "-o", tmp_path / "held", clock=FixedClock(moment))
        assert (ran.status, ran.code) == (3, code)
    other = text.replace("services/audit.pem", "services/ocsp.pem")
    configuration.write_text(other.replace("object=audit", "object=ocsp"), "utf-8")
    ran = audit("checkpoint", "-o", tmp_path / "held")
    assert (ran.status, ran.code) == (3, "cli.checkpoint_untrusted")
    assert "not one for audit logs" in ran.err
    assert not (tmp_path / "held").exists()
    assert not (home / "checkpoint").exists()
    configuration.write_text(text, "utf-8")
    done(audit("checkpoint", "-o", tmp_path / "held"))


def test_a_key_that_is_not_the_certificates_is_not_used(office):
    home, audit, _ = office
    configuration = home / "antin.toml"
    text = configuration.read_text("utf-8")
    for wrong in (
        text.replace("services/audit.pem", "services/none.pem"),
        text.replace("services/audit.pem", "antin.toml"),
    ):
        configuration.write_text(wrong, "utf-8")
        ran = audit("checkpoint")
        assert ran.status != 0
        assert ran.code in {"cli.unreadable", "cli.service_faulty", "verify.trust_unreadable"}


def test_what_speaks_against_a_signature_is_said(office, tmp_path):
    home, audit, _ = office
    held = tmp_path / "held.checkpoint"
    done(audit("checkpoint", "-o", held))

    def verify(*more, **options):
        return audit("verify", "--since", held, *more, **options)

    done(verify())
    foreign = tmp_path / "foreign.pem"
    shutil.copy(home / "services" / "ocsp.pem", foreign)
    ran = verify("--trust", foreign)
    assert (ran.code, "no path to a trust anchor" in ran.err) == ("cli.checkpoint_untrusted", True)
    (home / "checkpoint").unlink()
    ran = verify(clock=FixedClock(SystemClock().now() - timedelta(hours=1)))
    assert (ran.code, "yet to come" in ran.err) == ("cli.checkpoint_untrusted", True)
    text = held.read_text("utf-8")
    size = size_of(held)
    held.write_text(text.replace(f"\n{size}\n", f"\n{size - 1}\n"), "utf-8")
    ran = verify()
    assert (ran.code, "does not verify" in ran.err) == ("cli.checkpoint_untrusted", True)
    line = text.rpartition(" ")[2]
    other = "B" if line.startswith("A") else "A"
    held.write_text(text.replace(line, other + line[1:]), "utf-8")
    ran = verify()
    assert (ran.code, "names another key" in ran.err) == ("cli.checkpoint_untrusted", True)
    held.write_text("nothing", "utf-8")
    assert (verify().status, verify().code) == (5, "pki.checkpoint_malformed")


BLOCK = re.compile(r"^```console\n(\$ sed .*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.peer("openssl")
def test_openssl_alone_verifies_a_checkpoint_as_the_page_shows(office, checkout, peer, tmp_path):
    peer("openssl")
    home, audit, _ = office
    done(audit("checkpoint", "-o", tmp_path / "log.checkpoint"))
    shutil.copy(home / "trust" / "root.pem", tmp_path)
    page = (checkout / "docs" / "audit-log.md").read_text("utf-8")
    block = BLOCK.findall(page)[0]
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    expected = [line for line in block.splitlines() if not line.startswith("$ ")]

    def follow(steps: list[str]) -> subprocess.CompletedProcess[str]:
        script = "set -eo pipefail\n" + "\n".join(steps)
        return subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    ran = follow(commands)
    assert ran.returncode == 0, ran
    assert "CMS Verification successful" in ran.stderr
    assert ran.stdout.splitlines() == expected
    text = (tmp_path / "log.checkpoint").read_text("utf-8")
    assert (tmp_path / "verified.txt").read_text("utf-8") == text.partition("\n\n")[0] + "\n"
    size = size_of(tmp_path / "log.checkpoint")
    changed = text.replace(f"\n{size}\n", f"\n{size + 1}\n")
    (tmp_path / "log.checkpoint").write_text(changed, "utf-8")
    assert follow(commands).returncode != 0


@pytest.mark.peer("openssl")
def test_a_logs_certificate_signs_no_mail(office, peer):
    """Without `-purpose any` openssl asks whether it may sign mail; it may not."""
    openssl = peer("openssl")
    home, _, _ = office
    certificate, root = home / "services" / "audit.pem", home / "trust" / "root.pem"
    issuing = home / "authorities" / "issuing.pem"
    verify = [openssl, "verify", "-CAfile", root, "-untrusted", issuing]
    assert subprocess.run([*verify, certificate], check=False).returncode == 0
    for purpose in ("smimesign", "sslclient", "sslserver", "timestampsign"):
        ran = subprocess.run([*verify, "-purpose", purpose, certificate], check=False)
        assert ran.returncode != 0, purpose
