"""The life of an official's certificate on the command line, in what it says and what it does."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding


@pytest.fixture
def cert(antin, demo_home):
    """Return what runs `antin cert` on a home and gives its object."""

    def run(command, *arguments, status=0):
        ran = antin("--home", demo_home, "cert", command, *arguments, "--json")
        assert ran.status == status, ran
        return ran.json if status == 0 else ran

    return run


@pytest.fixture
def serial(official):
    return official["serial"]


def test_a_hold_and_its_release_show_everywhere(cert, serial):
    held = cert("hold", serial, "--yes")
    assert held["crl_number"] == 2
    shown = cert("show", serial)
    assert (shown["status"], shown["held_at"]) == ("held", held["held_at"])
    assert [one["serial"] for one in cert("list", "--status", "held")["certificates"]] == [serial]
    issued = cert("list", "--status", "issued")["certificates"]
    assert serial not in [one["serial"] for one in issued]
    now = cert("status", serial)
    assert (now["status"], now["reason"], now["since"]) == (
        "held",
        "certificateHold",
        held["held_at"],
    )
    again = cert("hold", serial, "--yes", status=3)
    assert again.code == "pki.certificate_held"
    assert cert("release", serial, "--yes")["crl_number"] == 3
    now = cert("status", serial)
    assert (now["status"], now["since"], now["reason"]) == ("good", None, None)
    assert [one["kind"] for one in now["history"]] == ["hold", "release"]
    assert cert("release", serial, "--yes", status=3).code == "pki.not_held"
    issued = cert("list", "--status", "issued")["certificates"]
    assert serial in [one["serial"] for one in issued]


def test_a_past_status_stays_what_it_was(antin, cert, demo_home, serial):
    held_at = datetime.fromisoformat(cert("hold", serial, "--yes")["held_at"])
    revoked = cert(
        *("revoke", serial, "--reason", "superseded", "--yes"),
        *("--invalidity-date", "2026-01-31T00:00:00+0700"),
    )
    assert datetime.fromisoformat(revoked["revoked_at"]) == held_at
    raised = cert("revoke", serial, "--reason", "keyCompromise", "--yes")
    assert (raised["reason"], raised["revoked_at"]) == ("keyCompromise", revoked["revoked_at"])
    second = cert("revoke", serial, "--reason", "keyCompromise", "--yes", status=3)
    assert second.code == "pki.already_revoked"
    released = cert("release", serial, "--yes", status=3)
    assert released.code == "pki.revocation_final"
    before = held_at.replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%S%z")
    then = cert("status", serial, "--at", before)
    assert (then["status"], then["history"]) == ("good", [])
    now = cert("status", serial)
    assert (now["status"], now["reason"]) == ("revoked", "keyCompromise")
    assert now["invalidity_date"] == "2026-01-30T17:00:00+00:00"
    assert [one["reason"] for one in now["history"]] == [
        "certificateHold",
        "superseded",
        "keyCompromise",
    ]
    words = antin("--home", demo_home, "cert", "status", serial).out
    assert "upgrade (keyCompromise)" in words
    assert "2020" not in words
    assert cert("status", serial, "--at", "2020-01-01")["status"] == "not-yet-valid"


def test_a_status_of_tomorrow_is_not_told(cert, serial):
    assert cert("status", serial, "--at", "2999-01-01", status=5).code == "cli.bad_option"


def test_a_renewal_keeps_the_key(cert, serial, tmp_path):
    pem = tmp_path / "renewed.pem"
    renewed = cert("renew", serial, "-o", pem)
    old = x509.load_pem_x509_certificate(cert("export", serial)["pem"].encode())
    new = x509.load_pem_x509_certificate(pem.read_bytes())
    assert (new.public_key(), new.subject) == (old.public_key(), old.subject)
    assert renewed["replaces"] == serial
    assert new.not_valid_after_utc < new.not_valid_before_utc + timedelta(days=3 * 366)
    compromised = cert("revoke", serial, "--reason", "keyCompromise", "--yes")
    assert compromised["same_key"] == [renewed["serial"]]
    refused = cert("renew", renewed["serial"], status=3)
    assert refused.code == "pki.key_compromised"
    assert cert("renew", serial, status=3).code == "pki.renew_revoked"


def test_a_compromise_names_the_keys_other_certificates(antin, cert, demo_home, serial):
    renewed = cert("renew", serial)["serial"]
    revoke = ("--home", demo_home, "cert", "revoke", serial, "--reason", "keyCompromise", "--yes")
    ran = antin(*revoke)
    assert ran.status == 0
    assert renewed in ran.err


def test_a_rekey_takes_a_new_key(cert, serial, tmp_path):
    csr = tmp_path / "new.csr"
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    csr.write_bytes(request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    made = cert("rekey", serial, "--csr", csr)
    new = x509.load_pem_x509_certificate(made["pem"].encode())
    assert new.public_key() == key.public_key()
    assert cert("show", made["serial"])["subject"] == cert("show", serial)["subject"]
    again = cert("rekey", made["serial"], "--csr", csr, status=3)
    assert again.code == "pki.rekey_same_key"
    assert cert("rekey", serial, status=5).code == "cli.bad_option"


def test_a_renewal_asked_for_again_gets_the_same_certificate(cert, serial):
    asked = ("renew", serial, "--request-id", "HS-2026/31")
    made = cert(*asked)
    assert cert(*asked) == made
    assert cert("renew", serial)["serial"] != made["serial"]
    assert cert("renew", made["serial"], *asked[2:], status=3).code == "pki.request_differs"
    assert cert("renew", serial, "--request-id", "số 31", status=5).code == "pki.request_id"


def test_a_rekey_asked_for_again_gets_the_same_certificate(cert, serial, tmp_path):
    one, other = tmp_path / "one.csr", tmp_path / "other.csr"
    for csr in (one, other):
        key = ec.generate_private_key(ec.SECP256R1())
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        csr.write_bytes(request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    asked = ("rekey", serial, "--request-id", "HS-2026/32", "--csr")
    made = cert(*asked, one)
    # The old certificate is given up when the new one is in use; the answer is the same.
    cert("revoke", serial, "--reason", "superseded", "--yes")
    assert cert(*asked, one) == made
    assert cert(*asked, other, status=3).code == "pki.request_differs"
    assert cert("rekey", serial, "--csr", other, status=3).code == "pki.renew_revoked"


@pytest.mark.parametrize("command", ["hold", "release"])
def test_nothing_is_done_unasked(cert, serial, command):
    """Without a terminal nobody can be asked."""
    assert cert(command, serial, status=3).code == "cli.not_confirmed"
    assert cert("status", serial)["history"] == []
