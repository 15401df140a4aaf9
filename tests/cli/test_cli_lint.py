"""`antin cert lint`: what it tells of good and bad certificates, and where pkilint is not there."""

import subprocess

import pytest
from test_cli_import import write_authority

from pki.words import Language


@pytest.fixture
def lint(antin, demo_home):
    return lambda serial, **more: antin("--home", demo_home, "cert", "lint", serial, **more)


def test_what_the_authority_issues_has_no_finding(lint, official):
    ran = lint(official["serial"])
    assert (ran.status, ran.out.strip()) == (0, "no finding")
    assert lint(official["serial"], language=Language.VI).out.strip() == "không phát hiện gì"


def test_both_linters_tell_of_a_bad_certificate(antin, lint, demo_home, tmp_path):
    folder = write_authority(tmp_path / "ca")
    assert antin("--home", demo_home, "ca", "import", "old", folder, "--yes").status == 0
    for language in Language:
        ran = lint("01", language=language)
        assert (ran.status, ran.code) == (3, "cli.certificate_faulty")
        assert "antin.serial_length" in ran.out
        assert "pkix.authority_key_identifier_extension_absent" in ran.out
    rows = antin("--home", demo_home, "cert", "lint", "01", "--json").out.splitlines()[0]
    assert '"passed":false' in rows.replace(" ", "")


def test_a_serial_without_a_certificate_is_unknown(antin, lint, demo_home, tmp_path):
    folder = write_authority(tmp_path / "ca")
    assert antin("--home", demo_home, "ca", "import", "old", folder, "--yes").status == 0
    assert lint("03").code == "cli.unknown_name"


def test_pkilint_may_be_missing_or_fail(lint, official, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("cli.issuing.lint_certificate.find_spec", lambda _: None)
        ran = lint(official["serial"])
        assert (ran.status, ran.code) == (4, "cli.pkilint_missing")
        assert "antin[pkilint]" in ran.err
    with monkeypatch.context() as patch:
        patch.setattr(
            subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, b"no JSON", b"")
        )
        ran = lint(official["serial"])
    assert (ran.status, ran.code) == (4, "cli.pkilint_failed")
