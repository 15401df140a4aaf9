"""`antin cert assign`: on which person or agency, post and device a certificate hangs."""

from __future__ import annotations

from test_cli_import import write_authority

from pki.words import Language


def test_a_certificate_hangs_on_a_person_a_post_and_a_device(antin, demo_home, official, tmp_path):
    def run(*words, status=0, json=True):
        ran = antin("--home", demo_home, *words, *(("--json",) if json else ()))
        assert ran.status == status, ran
        return ran.json if json else ran

    day = ("--since", "2026-01-01")
    run("agency", "add", "X1", "--name", "UBND xã Mẫu", "--tier", "commune", *day)
    for code in ("NV-1", "NV-2"):
        run("person", "add", code, "--name", "Lê Thị Hai", *day)
    run("post", "add", "CV-1", "--person", "NV-1", "--agency", "X1", "--title", "Văn thư", *day)
    run("device", "add", "D1", "--model", "M", "--person", "NV-1", *day)
    serial = official["serial"]
    whole = ("--person", "NV-1", "--post", "CV-1", "--device", "D1")
    done = run("cert", "assign", serial, *whole, "--from", "2026-02-01")
    key = done["certificate"]
    assert (done["changed"], done["post"], done["version"]) == (True, "CV-1", 1)
    assert not run("cert", "assign", serial, *whole)["changed"]
    for kind, code in (("person", "NV-1"), ("post", "CV-1"), ("device", "D1")):
        assert run(kind, "show", code)["certificates"] == [key]
    assert run("person", "show", "NV-1", "--at", "2026-01-31")["certificates"] == []
    wrong = run("cert", "assign", serial, "--person", "NV-2", "--device", "D1", status=3)
    assert wrong["error"]["code"] == "pki.device_unknown"
    assert run("cert", "assign", serial, status=3)["error"]["code"] == "pki.one_holder"
    moved = run("cert", "assign", serial, "--agency", "X1", "--from", "2026-03-01")
    assert moved["version"] == 2
    right = run("cert", "assign", serial, "--person", "NV-2", "--correct")
    assert (right["effective"], right["version"]) == ("2026-03-01", 3)
    assert run("agency", "show", "X1")["certificates"] == []
    shown = run("person", "show", "NV-2", json=False).out
    assert key in shown

    folder = write_authority(tmp_path / "partner") / "newcerts"
    run("cert", "import", folder, "--yes")
    fingerprint = run("cert", "list", "--foreign")["foreign"][0]["fingerprint"]
    foreign = run("cert", "assign", f"sha256:{fingerprint.upper()}", "--agency", "X1")
    assert foreign["certificate"] == f"sha256:{fingerprint}"
    none = run("cert", "assign", "sha256:00", "--agency", "X1", status=3)
    assert none["error"]["code"] == "cli.unknown_name"
    told = antin(
        "--home", demo_home, "cert", "assign", serial, "--person", "NV-2", language=Language.EN
    )
    assert "NV-2" in told.out
