"""The doctor at real modules: SoftHSM, the failing module, OpenSC without a reader, p11-kit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hsm_probe_shims import Shims
from hsm_shim_cryptoki import CKR
from hsm_shim_token import LABEL
from hsm_world import NOW, USER_PIN, certify, name, right_pin
from pkcs11 import Attribute, TokenFlag
from pkcs11.util.x509 import decode_x509_certificate

from hsm.discovery.candidates import find_candidates
from hsm.discovery.known import known_modules
from hsm.discovery.machine import Machine, System
from hsm.discovery.modules import Discovery, try_modules
from hsm.discovery.service import ServiceState
from hsm.doctor.diagnosis import diagnose
from hsm.doctor.look import EmbeddedStore, Wishes, describe_certificate, look_at
from hsm.doctor.seen import KeySight
from hsm.errors import SoftHSMMissingError
from hsm.generate import generate_key
from hsm.keys import open_key
from hsm.login import login
from hsm.objects import ObjectKind, list_objects
from pki.keys import KeyType

LATER = NOW + timedelta(days=1)


def everything_fits(_certificate):
    return True


@pytest.fixture
def look(tmp_path):
    """Return what looks at modules alone, on a machine that has nothing else."""

    def look(*modules, embedded=None, fits=everything_fits, now=LATER, searches=True):
        machine = Machine(System.LINUX, {}, tmp_path)
        found = try_modules(
            find_candidates(list(modules), machine=machine),
            machine=machine,
            limit=timedelta(seconds=3),
        )
        well = replace(found, service=ServiceState.RUNNING)
        return diagnose(look_at(well, Wishes(fits, now, searches=searches), embedded))

    return look


@pytest.fixture(scope="module")
def shims(peer, tmp_path_factory) -> Shims:
    return Shims(peer("cc"), tmp_path_factory.mktemp("khám"))


def codes(diagnosis):
    """Return the findings; of SoftHSM's blank slot, which no real token has, nothing."""
    return [one.code for one in diagnosis.findings if one.code != "hsm.doctor.not_initialized"]


def tokens_of(diagnosis):
    return [one for one in diagnosis.seen.tokens if one.token.initialized]


def installed(wanted):
    for row, path in known_modules().found_on(Machine.here()):
        if row.name == wanted:
            return path
    pytest.skip(f"{wanted} is not installed: `make setup` installs it")


def test_a_token_that_is_well_can_sign_and_nobody_logged_in(look, shim):
    diagnosis = look(shim.path)
    assert diagnosis.able
    assert codes(diagnosis) == ["hsm.doctor.expiring"] * 2, "they live for thirty days"
    (token,) = tokens_of(diagnosis)
    assert [one.key for one in token.certificates] == [KeySight.SEEN] * 2
    assert (token.token.pin_bytes is not None, token.keys) == (True, 2)
    assert shim.calls.logins == ()


@pytest.mark.parametrize(
    ("flags", "code", "able"),
    [
        (TokenFlag.USER_PIN_LOCKED, "hsm.doctor.pin_locked", False),
        (TokenFlag.USER_PIN_FINAL_TRY, "hsm.doctor.pin_final_try", True),
        (TokenFlag.USER_PIN_COUNT_LOW, "hsm.doctor.pin_count_low", True),
        (TokenFlag.SO_PIN_LOCKED, "hsm.doctor.officer_locked", True),
        (TokenFlag.PROTECTED_AUTHENTICATION_PATH, "hsm.doctor.pin_pad", True),
        (TokenFlag.WRITE_PROTECTED, "hsm.doctor.write_protected", True),
    ],
)
def test_a_tokens_flags_are_told(look, shim, flags, code, able):
    with shim.flags(flags, token=LABEL):
        diagnosis = look(shim.path)
    assert code in codes(diagnosis)
    assert diagnosis.able is able
    assert code not in codes(look(shim.path))


def test_two_middlewares_of_one_card(look, shim, new_shim):
    second = new_shim(beside=shim)
    diagnosis = look(shim.path, second.path)
    (token,) = tokens_of(diagnosis)
    assert token.also_in
    assert "hsm.doctor.two_middlewares" in codes(diagnosis)
    with second.presented(LABEL, manufacturer="Hãng khác", label="Tên khác"):
        (token,) = tokens_of(look(shim.path, second.path))
    assert token.also_in, "known by the certificate on it, whatever it is called"
    with shim.fail("C_OpenSession", CKR.DEVICE_ERROR):
        (token,) = tokens_of(look(shim.path, second.path))
        assert token.error is None
        diagnosis = look(shim.path)
        assert codes(diagnosis)[0] == "hsm.device_failed"
        assert not diagnosis.able


def test_modules_that_fail_are_told_beside_one_that_works(look, shim, shims, tmp_path):
    small = tmp_path / "libsmall.so"
    small.write_bytes(b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x03\x00\x03\x00" + bytes(64))
    modules = (
        shims.build(initialize="abort()"),
        shims.build(get_info="for (;;) sleep(1000)"),
        shims.build(initialize="return 0x30"),
        small,
        shims.build(entry="khac"),
        tmp_path / "gone.so",
    )
    diagnosis = look(*modules, shim.path)
    assert diagnosis.able
    assert set(codes(diagnosis)) == {
        "hsm.module_crashed",
        "hsm.module_hung",
        "hsm.smart_card_service",  # it refuses, and nothing serves cards in this folder
        "hsm.module_architecture",
        "hsm.module_foreign",
        "hsm.module_missing",
        "hsm.doctor.expiring",
    }


def test_readers_and_cards_that_no_module_knows(look, shims):
    strange = shims.build(card_info="return 0xE1")
    diagnosis = look(strange)
    assert codes(diagnosis) == ["hsm.doctor.card_unknown"]
    (finding, *_) = diagnosis.findings
    assert "0xE1" in str(finding.facts["reason"]) or "RECOGNIZED" in str(finding.facts["reason"])
    empty = shims.build(get_slot_info='put(slot->text, 64, "Đầu đọc"); slot->flags = 6; return 0')
    assert codes(look(empty)) == ["hsm.doctor.no_token"]
    assert codes(look(shims.build(get_slot_list="*count = 0; return 0"))) == [
        "hsm.doctor.no_reader"
    ]


def test_opensc_without_a_reader_waits_for_one(look):
    diagnosis = look(installed("OpenSC"))
    assert codes(diagnosis) in (["hsm.doctor.no_reader"], ["hsm.doctor.no_token"])
    assert not diagnosis.able


def test_p11_kits_proxy_is_no_second_middleware(shim, tmp_path):
    proxy = installed("p11-kit")
    machine = Machine(System.LINUX, {}, tmp_path)
    found = find_candidates([shim.path], machine=machine).modules
    shown = find_candidates([proxy], machine=machine).modules
    assert shown[0].aggregate
    tried = try_modules(replace(find_candidates(search=False), modules=(*found, *shown)))
    seen = look_at(tried, Wishes(everything_fits, LATER))
    assert all(not one.also_in for one in seen.tokens)


def test_a_certificate_beside_another_key_is_told(look, module, token):
    generate_key(module, token.label, USER_PIN, label="k", key_type=KeyType.EC_P256)
    (uri,) = list_objects(module, token, (ObjectKind.PUBLIC,))
    stranger = certify(ec.generate_private_key(ec.SECP256R1()).public_key())
    _put(module, token, stranger, uri.id)
    store = EmbeddedStore(module.path, module)
    seen = look(embedded=store).seen
    mine = next(one for one in seen.tokens if one.token.serial == token.serial)
    assert [one.key for one in mine.certificates] == [KeySight.OTHER]
    found = {(one.code, one.facts.get("token")) for one in look(embedded=store).findings}
    assert ("hsm.doctor.key_mismatch", token.label) in found
    key = open_key(uri.uri, [module], right_pin(), certificate=certify(uri.public_key))
    _put(module, token, certify(key.public_key()), uri.id)
    _put(module, token, certify(ec.generate_private_key(ec.SECP256R1()).public_key()), b"\x77")
    seen = look(embedded=store).seen
    mine = next(one for one in seen.tokens if one.token.serial == token.serial)
    assert sorted(one.key for one in mine.certificates) == [
        KeySight.OTHER,
        KeySight.SEEN,
        KeySight.UNSEEN,
    ]


def test_a_key_of_a_kind_not_used_here_is_told(look, module, token):
    strange = ed448.Ed448PrivateKey.generate().public_key()
    _put(module, token, certify(strange), b"\x01")
    seen = look(embedded=EmbeddedStore(module.path, module)).seen
    mine = next(one for one in seen.tokens if one.token.serial == token.serial)
    assert [one.key for one in mine.certificates] == [KeySight.UNUSABLE]


def test_an_expired_certificate_is_told(look, shim):
    diagnosis = look(shim.path, now=NOW + timedelta(days=31))
    assert codes(diagnosis) == ["hsm.doctor.expired"] * 2
    assert not diagnosis.able
    early = look(shim.path, now=NOW - timedelta(days=1))
    assert codes(early) == ["hsm.doctor.not_yet_valid"] * 2


def test_what_does_not_fit_is_not_for_signing(look, shim):
    assert codes(look(shim.path, fits=lambda _: False)) == ["hsm.doctor.no_certificate"]

    def half_broken(_certificate):
        raise ValueError

    assert not look(shim.path, fits=half_broken).able


def test_a_blank_token_of_the_store_is_not_told(look, module):
    seen = look(embedded=EmbeddedStore(module.path, module)).seen
    assert all(one.token.initialized for one in seen.tokens)
    assert seen.has_store


def test_a_store_without_softhsm_is_told(look, tmp_path):
    missing = SoftHSMMissingError(looked=("/x",))
    diagnosis = look(embedded=EmbeddedStore(tmp_path, None, missing))
    assert codes(diagnosis)[:1] == ["hsm.softhsm_missing"]


def test_a_module_that_goes_between_two_looks_is_told(tmp_path, shim):
    found = find_candidates([shim.path], search=False)
    tried = try_modules(found)
    gone = replace(tried.modules[0].candidate, path=tmp_path / "gone.so")
    discovery = Discovery((replace(tried.modules[0], candidate=gone),), (), ServiceState.RUNNING)
    seen = look_at(discovery, Wishes(everything_fits, LATER))
    assert seen.tokens == ()
    assert [one.error.code for one in seen.modules if one.error] == ["hsm.module_unusable"]


def test_certificates_of_every_kind_are_described():
    key = ec.generate_private_key(ec.SECP256R1())
    plain = certify(key.public_key(), subject="Lê Thị Hai")
    shown = describe_certificate(plain, KeySight.SEEN, key.public_key(), fits=True)
    assert (shown.name, shown.issuer) == ("Lê Thị Hai", "Cơ quan chứng thực thử nghiệm")
    assert (len(shown.sha256), len(shown.key_sha256), shown.authority) == (64, 64, False)
    issuer = (
        x509.CertificateBuilder()
        .subject_name(name("CA"))
        .issuer_name(name("CA"))
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(NOW)
        .not_valid_after(LATER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    broken = issuer.public_bytes(Encoding.DER).replace(b"\x0c\x02CA", b"\x0c\x02\xff\xff")
    nameless = x509.load_der_x509_certificate(broken)
    assert describe_certificate(nameless, KeySight.SEEN, None, fits=False).name == "?"
    shown = describe_certificate(issuer, KeySight.UNUSABLE, None, fits=False)
    assert (shown.authority, shown.key_sha256) == (True, "")


def _put(module, token, certificate, key_id):
    login(module, token, right_pin())
    attributes = decode_x509_certificate(certificate.public_bytes(Encoding.DER))
    names = {Attribute.ID: key_id, Attribute.LABEL: "c", Attribute.TOKEN: True}
    module.write(token, lambda session: session.create_object(attributes | names))
