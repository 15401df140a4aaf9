"""`antin serve` gives verdicts to document systems it knows, and to nobody else."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest
import urllib3
from cli_runs import Antin, serving
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from unit.verify.verify_pki import authority, issue, make_pdf, name, usage

from cli.homes.home import find_home
from cli.serving.listen import parse_bind
from cli.serving.reach import may_be_reached

PDF = {"Content-Type": "application/pdf"}
OTHERS = "192.0.2.7:8700"


@pytest.fixture
def own_home(antin: Antin, tmp_path: Path) -> Path:
    """A home that is no demonstration, with nothing in it yet."""
    home = tmp_path / "own"
    assert antin("--home", home, "init", "--public-url", "http://127.0.0.1:9").status == 0
    return home


def ask(
    url: str, body: bytes, *, key: str | None = None, context: ssl.SSLContext | None = None
) -> tuple[int, dict[str, object]]:
    headers = {**PDF, **({"Authorization": f"Bearer {key}"} if key else {})}
    with urllib3.PoolManager(ssl_context=context, assert_hostname=False) as pool:
        got = pool.request(
            "POST", f"{url}/verify/v1/documents?lang=en", body=body, headers=headers, retries=False
        )
        return got.status, json.loads(got.data)


def add(home: Path, text: str) -> None:
    path = home / "antin.toml"
    path.write_text(f"{path.read_text('utf-8')}\n{text}\n", "utf-8")


def test_what_is_signed_here_is_judged_here(antin: Antin, demo_home: Path, letter: Path):
    signed = demo_home / "signed.pdf"
    with serving(demo_home) as url:
        ran = antin("--home", demo_home, "sign", letter, "-o", signed, "--level", "B-LTA")
        assert ran.status == 0, ran
        status, told = ask(url, signed.read_bytes())
        assert (status, told["indication"]) == (200, "TOTAL-PASSED")
        status, told = ask(url, signed.read_bytes().replace(b"/Contents <30", b"/Contents <31"))
        assert (status, told["indication"]) == (200, "TOTAL-FAILED")
        answered = urllib3.request("GET", f"{url}/crl/issuing.crl")
        assert answered.status == 200


def test_verdicts_alone_need_no_register(demo_home: Path):
    (demo_home / "register.sqlite").unlink()
    with serving(demo_home, "--only", "verify") as url:
        assert ask(url, make_pdf())[1]["sub_indication"] == "NO_SIGNATURE"
        assert urllib3.request("GET", f"{url}/crl/issuing.crl").status == 404


def test_lists_alone_come_without_verdicts(demo_home: Path):
    with serving(demo_home, "--only", "pki") as url:
        assert urllib3.request("GET", f"{url}/verify/v1/openapi.json").status == 404


@pytest.mark.parametrize("parts", ["seal", "", "pki;verify"])
def test_an_unknown_part_is_refused(antin: Antin, demo_home: Path, parts: str):
    ran = antin("--home", demo_home, "serve", "--only", parts, "--json")
    assert (ran.status, ran.code) == (5, "cli.bad_option")


def test_a_key_is_shown_once_and_its_hash_kept(antin: Antin, demo_home: Path):
    made = antin("--home", demo_home, "config", "key", "van-thu", "--json")
    assert made.status == 0, made
    key = made.json["key"]
    kept = (demo_home / "antin.toml").read_text("utf-8")
    assert key not in kept
    assert 'name = "van-thu"' in kept
    again = antin("--home", demo_home, "config", "key", "van-thu", "--json")
    assert (again.status, again.code) == (3, "cli.key_name_taken")
    unfit = antin("--home", demo_home, "config", "key", "văn thư", "--json")
    assert unfit.status == 5
    shown = antin("--home", demo_home, "config", "key", "other")
    assert shown.out.startswith("antin_")
    with serving(demo_home, "--only", "verify") as url:
        assert ask(url, make_pdf())[0] == 401
        assert ask(url, make_pdf(), key=f"{key}x")[0] == 401
        assert ask(url, make_pdf(), key=key)[0] == 200
        assert ask(url, make_pdf(), key=shown.out.strip())[0] == 200


def write_pair(folder: Path, party) -> tuple[Path, Path]:
    common = party.certificate.subject.rfc4514_string().removeprefix("CN=")
    certificate, key = folder / f"{common}.pem", folder / f"{common}.key"
    certificate.write_bytes(party.certificate.public_bytes(Encoding.PEM))
    key.write_bytes(party.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, key


def tls_table(certificate: Path, key: Path, clients: Path | None = None) -> str:
    more = f"\nclients = '{clients}'" if clients else ""
    return f"[verify.service.tls]\ncertificate = '{certificate}'\nkey = '{key}'{more}"


def test_others_are_answered_over_tls_and_with_a_key_alone(antin: Antin, own_home: Path):
    def may_be(alone: bool = True) -> bool:
        return may_be_reached(parse_bind(OTHERS), find_home(own_home, None), alone=alone)

    serve = ("--home", own_home, "serve", "--json", "--bind")
    refused = antin(*serve, OTHERS, "--only", "verify")
    assert (refused.status, refused.code) == (3, "cli.service_open")
    assert not may_be()
    assert may_be_reached(parse_bind("127.0.0.1:1"), find_home(own_home, None), alone=False)
    add(own_home, tls_table(Path("a.pem"), Path("a.key")))
    assert not may_be()
    antin("--home", own_home, "config", "key", "van-thu")
    assert may_be()
    missing = antin(*serve, "127.0.0.1:0", "--only", "verify")
    assert (missing.status, missing.code) == (5, "cli.tls_files")
    # Everybody asks for lists over plain HTTP: where they are served, there is no TLS.
    assert not may_be(alone=False)
    both = antin(*serve, OTHERS, "--only", "pki,verify")
    assert (both.status, both.code) == (3, "cli.service_open")


def test_a_service_that_cannot_judge_does_not_start(antin: Antin, own_home: Path):
    path = own_home / "antin.toml"
    text = path.read_text("utf-8")
    assert text.count('policy = "default"') == 1
    path.write_text(text.replace('policy = "default"', 'policy = "of-nobody"'), "utf-8")
    ran = antin("--home", own_home, "serve", "--json", "--bind", "127.0.0.1:0", "--only", "verify")
    assert (ran.status, ran.code) == (5, "verify.policy_invalid")


def test_callers_show_a_certificate_where_it_is_asked_for(own_home: Path, tmp_path: Path):
    root = authority("Service root")
    server, client = (
        issue(common, root, (usage("digital_signature"), True), subject=name(common))
        for common in ("server", "client")
    )
    trusted = write_pair(tmp_path, root)[0]
    add(own_home, tls_table(*write_pair(tmp_path, server), trusted))
    assert may_be_reached(parse_bind(OTHERS), find_home(own_home, None), alone=True)
    with serving(own_home, "--only", "verify", "--bind", "127.0.0.1:0") as url:
        assert url.startswith("https://")
        context = ssl.create_default_context(cafile=str(trusted))
        context.check_hostname = False
        with pytest.raises((urllib3.exceptions.HTTPError, OSError)):
            ask(url, make_pdf(), context=context)
        context.load_cert_chain(*write_pair(tmp_path, client))
        assert ask(url, make_pdf(), context=context)[0] == 200
