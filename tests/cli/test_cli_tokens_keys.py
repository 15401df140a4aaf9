"""`antin token keygen|import|delete|init`, and keys that `ca create` makes."""

import pytest
from cli_shim import CKR, EC_ID, LABEL, OFFICER, PIN, RSA_ID, certify, key_address
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute, ObjectClass, TokenFlag

from pki.clock import FixedClock
from pki.keys import KeyType
from pki.words import Language

PINS = ("--pin-source", "env:PIN")
TRUE = {"sensitive", "always_sensitive", "never_extractable", "local", "private", "token", "sign"}


@pytest.fixture(autouse=True)
def _pins(monkeypatch):
    monkeypatch.setenv("PIN", PIN)
    monkeypatch.setenv("OFFICER", OFFICER)
    monkeypatch.setenv("WRONG", "97531864")
    monkeypatch.setenv("NEW_PIN", "57318642")


@pytest.fixture
def ask(antin, shim_home):
    """Return what runs `antin token …` on the home with the failing module."""
    return lambda *words, **more: antin("--home", shim_home, "token", *words, **more)


@pytest.fixture
def demo(antin, demo_home):
    return lambda *words, **more: antin("--home", demo_home, *words, **more)


def ids(ask):
    return {one["id"] for one in ask("certs", "--json").json["certificates"]}


# --- keygen ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key_type", KeyType)
def test_every_type_of_key_is_made_and_read_back_or_refused(ask, shim, key_type):
    made = ask("keygen", LABEL, "--key-type", key_type, "--json", *PINS)
    if key_type.startswith("ml-dsa"):
        assert (made.status, made.code) == (3, "hsm.mechanism_unsupported")
        return
    assert made.status == 0, made
    assert made.json["attributes"] == {**dict.fromkeys(TRUE, True), "extractable": False}
    assert (made.json["key_type"], made.json["key"][:7]) == (key_type, "pkcs11:")
    assert len(shim.calls.logins) == 1


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.EN, "it never could be read (always sensitive): not told by the token"),
        (
            Language.VI,
            "chưa từng đọc được giá trị khóa (always sensitive): thiết bị không cho biết",
        ),
    ],
)
def test_what_the_token_does_not_tell_is_said_to_be_untold(ask, shim, language, words):
    shim.hidden(Attribute.ALWAYS_SENSITIVE, ObjectClass.PRIVATE_KEY)
    made = ask("keygen", LABEL, "--key-type", "ec-p256", *PINS, language=language)
    assert made.status == 0
    assert (made.out.count("\n"), made.out[:7]) == (1, "pkcs11:"), "the address alone"
    assert words in made.err
    assert len(made.err.splitlines()) == 8


def test_a_key_that_could_leave_is_refused(ask, shim):
    shim.hidden(Attribute.EXTRACTABLE, ObjectClass.PRIVATE_KEY)
    made = ask("keygen", LABEL, "--key-type", "ec-p256", *PINS)
    assert (made.status, made.code) == (3, "hsm.key_not_protected")


# --- import ---------------------------------------------------------------------------------------


@pytest.fixture
def certified(ask, tmp_path):
    """Make a key and a certificate for it; give its address and the certificate's file."""

    def make(*, der=False):
        key = ask("keygen", LABEL, "--key-type", "ec-p256", *PINS).out.strip()
        csr = x509.load_pem_x509_csr(ask("csr", "--key", key, *PINS).out.encode())
        file = tmp_path / "official.pem"
        encoding = Encoding.DER if der else Encoding.PEM
        file.write_bytes(certify(csr.public_key()).public_bytes(encoding))
        return key, file

    return make


@pytest.mark.parametrize("der", [False, True])
def test_a_certificate_finds_its_key_without_being_told(ask, shim, certified, der):
    key, file = certified(der=der)
    shim.calls.forget()
    put = ask("import", file, *PINS, "--json")
    assert (put.status, put.json["key"], put.json["was_there"]) == (0, key, False)
    assert len(shim.calls.logins) == 1
    again = ask("import", file, "--json")
    assert (again.status, again.json["was_there"]) == (0, True), "no PIN is needed for nothing"
    assert len(ids(ask)) == 3


def test_another_id_than_the_named_is_accepted_and_told(ask, certified):
    key, file = certified()
    put = ask("import", file, "--key", key_address(EC_ID), *PINS)
    assert put.status == 0
    assert key in put.out


def test_a_certificate_whose_key_is_not_there_is_refused(ask, shim, tmp_path):
    stranger = certify(ec.generate_private_key(ec.SECP256R1()).public_key())
    file = tmp_path / "stranger.pem"
    file.write_bytes(stranger.public_bytes(Encoding.PEM))
    put = ask("import", file, *PINS)
    assert (put.status, put.code) == (4, "hsm.key_not_found")
    named = ask("import", file, "--key", key_address(EC_ID), *PINS)
    assert (named.status, named.code) == (3, "hsm.key_mismatch")
    assert shim.calls.logins == ()
    file.write_bytes(b"no certificate")
    assert ask("import", file, *PINS).status == 5


# --- delete ---------------------------------------------------------------------------------------


def test_what_would_go_is_shown_and_nothing_is_done(ask, shim):
    shown = ask("delete", "--key", key_address(EC_ID), "--json")
    assert (shown.status, shown.json["done"]) == (3, False)
    assert [one["kind"] for one in shown.json["objects"]] == ["private", "cert", "public"]
    assert shown.json["objects"][1]["subject"] == "CN=Nguyễn Văn An"
    assert shim.calls.logins == ()
    assert ids(ask) == {"01", "02"}
    for language, words in (
        (Language.EN, ("Nothing done.", "--yes", "private key (seen only with the PIN)")),
        (Language.VI, ("Chưa làm gì.", "--yes", "khóa bí mật (chỉ thấy được khi có mã PIN)")),
    ):
        text = ask("delete", LABEL, "--id", "01", language=language)
        assert text.status == 3
        for word in (*words, "Nguyễn Văn An"):
            assert word in text.out + text.err


def test_what_was_shown_is_removed_when_told(ask, shim):
    gone = ask("delete", LABEL, "--id", "01", "--yes", "--json", *PINS)
    assert (gone.status, gone.json["done"]) == (0, True)
    assert [one["kind"] for one in gone.json["objects"]] == ["private", "cert", "public"]
    assert ids(ask) == {"02"}
    again = ask("delete", LABEL, "--id", "01", "--yes", *PINS)
    assert (again.status, again.code) == (4, "hsm.key_not_found")
    assert len(shim.calls("C_DestroyObject", answer=CKR.OK)) == 3


def test_the_certificate_alone_is_removed(ask):
    words = ("delete", "--key", key_address(RSA_ID), "--certificate-only")
    shown = ask(*words, "--json")
    assert [one["kind"] for one in shown.json["objects"]] == ["cert"]
    assert ask(*words, "--yes", *PINS).status == 0
    assert ids(ask) == {"01"}
    assert ask("csr", "--key", key_address(RSA_ID), *PINS).status == 0, "the key still signs"


def test_whether_a_certificate_is_still_valid_is_said(ask):
    (certificate, _) = ask("certs", "--json").json["certificates"]
    late = x509.load_pem_x509_certificate(certificate["pem"].encode()).not_valid_after_utc
    words = ("delete", LABEL, "--id", "02")
    assert "EXPIRED" not in ask(*words, clock=FixedClock(late)).out
    assert "EXPIRED" in ask(*words, clock=FixedClock(late.replace(year=late.year + 1))).out


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--key", key_address(EC_ID), "--id", "01"),
        ("--key", "pkcs11:token=x"),
        (LABEL, "--key", key_address(EC_ID)),
        ("--id", "no"),
        ("--id", ""),
    ],
)
def test_a_key_that_is_not_named_exactly_is_not_removed(ask, words):
    refused = ask("delete", *words, "--yes", *PINS)
    assert (refused.status, refused.code) == (5, "cli.bad_option")


def key_of(demo, label):
    certificates = demo("token", "certs", label, "--json").json["certificates"]
    return {one["subject"].split(",")[0]: one["key"] for one in certificates}


@pytest.mark.parametrize(
    ("label", "subject", "user"),
    [
        ("root", "CN=Antin Demo Root CA", "root"),
        ("issuing", "CN=Antin Demo Issuing CA", "issuing"),
        ("services", "CN=Antin Demo OCSP", "ocsp:issuing"),
        ("services", "CN=Antin Demo TSA", "timestamp"),
        ("services", "CN=Antin Demo Audit Log", "audit"),
    ],
)
def test_a_key_in_use_is_given_up_only_by_name(demo, label, subject, user):
    key = key_of(demo, label)[subject]
    refused = demo("token", "delete", "--key", key, "--yes")
    assert (refused.status, refused.code) == (3, "cli.key_in_use")
    assert f"--abandon {user}" in refused.err
    assert "cannot be made again" in refused.err
    wrong = demo("token", "delete", "--key", key, "--abandon", "somebody", "--yes")
    assert wrong.code == "cli.key_in_use"
    dry = demo("token", "delete", "--key", key, "--abandon", user)
    assert (dry.status, "Nothing done" in dry.err) == (3, True)
    assert demo("token", "delete", "--key", key, "--certificate-only").status == 3
    assert demo("token", "delete", "--key", key, "--abandon", user, "--yes").status == 0
    assert subject not in key_of(demo, label)


def test_nobody_uses_the_officials_key(demo):
    key = key_of(demo, "official").popitem()[1]
    assert demo("token", "delete", "--key", key, "--yes").status == 0


def changed_settings(demo_home, old, new):
    path = demo_home / "antin.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_key_in_use_is_known_by_its_public_half_too(demo, demo_home):
    """The settings name the keys of the services in another way: as a file."""
    changed_settings(demo_home, "pkcs11:token=services", "file:moved.p12")
    refused = demo("token", "delete", "--key", key_of(demo, "services")["CN=Antin Demo TSA"])
    assert (refused.status, refused.code) == (3, "cli.key_in_use")


@pytest.mark.parametrize(("key_id", "status"), [("", 3), (";id=%99", 3), (";id=%98", 4)])
def test_a_key_that_shows_nothing_may_be_the_one_in_use(demo, demo_home, key_id, status):
    """The id is no key's; the settings name it, or name none."""
    old = "pkcs11:token=services"
    changed_settings(demo_home, old, f"{old}{key_id}")
    refused = demo("token", "delete", "services", "--id", "99", "--yes")
    assert refused.status == status, refused
    assert refused.code == ("cli.key_in_use" if status == 3 else "hsm.key_not_found")


# --- init -----------------------------------------------------------------------------------------

NEW = ("--pin-source", "env:NEW_PIN", "--so-pin-source", "env:OFFICER")


def test_initialising_shows_what_is_lost_and_wants_to_be_told_twice(ask, shim):
    for flags in ((), ("--erase",), ("--yes",)):
        shown = ask("init", "mới", "--token", LABEL, *flags, *NEW, "--json")
        assert (shown.status, shown.json["done"]) == (3, False)
        assert [one["subject"] for one in shown.json["erased"]] == ["CN=Nguyễn Văn An"] * 2
    text = ask("init", "mới", "--token", LABEL)
    assert (text.status, "Nothing done." in text.err) == (3, True)
    assert "erases everything" in text.out
    assert "Nguyễn Văn An" in text.out
    assert shim.calls("C_InitToken") == ()
    assert ids(ask) == {"01", "02"}


def test_a_token_is_initialised_by_its_officer(ask):
    serial = ask("show", "--json").json["token"]["serial"]
    made = ask("init", "mới", "--serial", serial, "--erase", "--yes", *NEW, "--json")
    assert (made.status, made.json["label"], made.json["done"]) == (0, "mới", True)
    assert ids(ask) == set()
    assert ask("keygen", "mới", "--key-type", "ec-p256", *PINS).code == "hsm.wrong_pin"
    key = ask("keygen", "mới", "--key-type", "ec-p256", "--pin-source", "env:NEW_PIN")
    assert key.status == 0


def test_only_its_officer(ask, shim):
    words = ("init", "mới", "--token", LABEL, "--erase", "--yes", "--pin-source", "env:NEW_PIN")
    refused = ask(*words, "--so-pin-source", "env:WRONG")
    assert (refused.status, refused.code) == (3, "cli.officer_pin")
    assert len(shim.calls("C_InitToken")) == 1
    shim.calls.forget()
    with shim.flags(TokenFlag.SO_PIN_LOCKED):
        assert ask(*words, "--so-pin-source", "env:OFFICER").code == "cli.officer_pin_locked"
    with shim.flags(TokenFlag.SO_PIN_FINAL_TRY):
        assert ask(*words, "--so-pin-source", "env:OFFICER").code == "cli.officer_pin_final_try"
    with shim.pin_pad(PIN):
        assert ask(*words, "--so-pin-source", "env:OFFICER").code == "cli.pad_init"
    assert shim.calls("C_InitToken") == ()
    assert ids(ask) == {"01", "02"}


def test_a_token_that_never_was_set_up_loses_nothing(ask):
    """SoftHSM always has one, with no label; it is meant by not being the other one."""
    made = ask("init", "mới", "--token", "", *NEW)
    assert made.status == 0, made
    labels = {one["label"] for one in ask("list", "--json").json["tokens"]}
    assert labels == {LABEL, "mới"}


def test_which_token_is_never_guessed(ask, antin, demo_home):
    assert ask("init", "x", "--token", "pkcs11:model=SoftHSM%20v2").code == "hsm.token_ambiguous"
    assert ask("init", "x", "--serial", "00").code == "hsm.token_not_found"
    assert ask("init", "x", "--serial", "00", "--token", LABEL).code == "cli.bad_option"
    assert ask("init", "ờ" * 17, "--token", LABEL).code == "hsm.label_too_long"
    embedded = antin("--home", demo_home, "token", "init", "x", "--erase", *PINS)
    assert (embedded.status, embedded.code) == (5, "cli.bad_option")


# --- keys that authorities are made with ----------------------------------------------------------


CREATE = ("--profile", "root", "--key-type", "ec-p256", "--subject", "C=VN,O=Tỉnh Mẫu,CN=Gốc hai")


@pytest.fixture
def spare(demo, demo_home):
    """A token more; how many objects lie on all tokens, by SoftHSM's own files."""
    assert demo("token", "init", "spare", *PINS).status == 0
    return lambda: sum(1 for _ in (demo_home / "tokens" / "tokens").rglob("*.object"))


def test_a_name_that_is_taken_leaves_no_key(demo, demo_home, spare):
    before = spare()
    made = demo("ca", "create", "root", *CREATE, "--token", "spare", *PINS)
    assert (made.status, made.code) == (3, "pki.authority_exists")
    made = demo("ca", "create", "Gốc", *CREATE, "--token", "spare", *PINS)
    assert (made.status, made.code) == (5, "pki.authority_name")
    (demo_home / "trust" / "other.pem").write_text("mine")
    made = demo("ca", "create", "other", *CREATE, "--token", "spare", *PINS)
    assert (made.status, made.code) == (3, "pki.output_exists")
    assert spare() == before
    made = demo("ca", "create", "second", *CREATE, "--token", "spare", *PINS)
    assert made.status == 0, made
    assert spare() == before + 3, "two halves and a certificate"


@pytest.mark.usefixtures("spare")
def test_a_key_that_is_left_over_is_named(demo, monkeypatch):
    def fail(*_arguments):
        from pki.errors.requests import ProfileViolationError

        raise ProfileViolationError(profile="root", reason="said so")

    with monkeypatch.context() as patched:
        patched.setattr("cli.issuing.create_authority.create_root", fail)
        made = demo("ca", "create", "second", *CREATE, "--token", "spare", *PINS)
    assert made.status == 3
    line = next(line for line in made.err.splitlines() if line.startswith("The key pkcs11:"))
    key = line.split()[2]
    again = demo("ca", "create", "second", *CREATE, "--key", key, *PINS)
    assert again.status == 0, again
