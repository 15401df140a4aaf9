"""A report for the help desk tells everything but who is concerned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from hsm_doctor_world import CERTIFICATE, MODULE, NOW, READER, TOKEN, WELL, with_certificates
from hypothesis import given
from hypothesis import strategies as st

from hsm.discovery.p11kit import ConfigFinding, Problem
from hsm.doctor.anonymous import anonymous
from hsm.doctor.diagnosis import diagnose
from hsm.doctor.look import describe_certificate
from hsm.doctor.seen import KeySight
from hsm.errors import (
    DeviceFailedError,
    ModuleDependencyError,
    SoftHSMMissingError,
    TokenTimeoutError,
)

PERSON = {
    NameOID.COMMON_NAME: "Trần Thị Bí Mật",
    NameOID.GIVEN_NAME: "Bí Mật",
    NameOID.SURNAME: "Trần",
    NameOID.EMAIL_ADDRESS: "bimat@example.gov.vn",
    NameOID.USER_ID: "CCCD:079088012345",
    NameOID.SERIAL_NUMBER: "MST:0312345678",
    NameOID.TITLE: "Chủ tịch",
}
SECRETS = ("Bí Mật", "Trần", "bimat", "079088012345", "0312345678", "012345", "Chủ tịch")


def personal_certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in PERSON.items()])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)  # who signs for themselves stands in both places
        .public_key(key.public_key())
        .serial_number(79088012345)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name("bimat@x.vn")]), critical=False)
        .sign(key, SHA256())
    )


def everything(seen) -> str:
    """Return all the text of what was seen and of what is said of it."""
    diagnosis = diagnose(seen)
    facts = [str(fact) for one in diagnosis.findings for fact in one.facts.values()]
    return repr(seen) + " ".join(facts)


def test_nothing_about_a_person_is_left():
    certificate = personal_certificate()
    shown = describe_certificate(certificate, KeySight.SEEN, None, fits=True)
    home = Path("/data/Trần Thị Bí Mật")
    info = replace(TOKEN.token, label="Trần Thị Bí Mật", serial="079088012345")
    failed = DeviceFailedError(token=info.label, reason="/home/Bí Mật/x.so of bimat@x.vn")
    lacking = ModuleDependencyError(module=home / "x.so", reason=f"{home}/y.so", stage="load")
    seen = replace(
        WELL,
        tokens=(
            replace(TOKEN, token=info, certificates=(shown,)),
            replace(TOKEN, token=info, certificates=(), error=failed),
        ),
        readers=(replace(READER, name="Đầu đọc (079088012345)"),),
        modules=(
            replace(MODULE, path=Path("/home/Bí Mật/lib/x.so"), said="C:\\Users\\Bí Mật\\a.toml"),
            replace(MODULE, path=home / "x.so", error=lacking),
        ),
        remarks=(ConfigFinding(Path("/Users/Bí Mật/.config/pkcs11/x"), Problem.LINE, 1),),
    )
    before, after = everything(seen), everything(anonymous(seen, home))
    for told in SECRETS:
        assert told not in after
    # What was never there could not be taken out; the rest of the subject is not even read.
    assert [told for told in SECRETS if told in before] == [*SECRETS[:4], "012345"]
    fingerprint = certificate.fingerprint(SHA256()).hex()
    assert fingerprint in before
    assert fingerprint not in after
    assert fingerprint[:16] in after


def test_what_helps_the_help_desk_stays():
    path = Path("/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so")
    seen = replace(WELL, modules=(replace(MODULE, path=path, version="0.23"),))
    (token,) = anonymous(seen).tokens
    assert (token.token.label, token.token.serial) == ("#1", "…6789")
    (certificate,) = token.certificates
    assert certificate.issuer == CERTIFICATE.issuer
    assert (certificate.not_after, certificate.fits) == (CERTIFICATE.not_after, True)
    assert anonymous(seen).modules == seen.modules
    assert anonymous(seen).readers == seen.readers
    assert diagnose(anonymous(seen)).able


def test_twins_are_still_twins():
    twin = replace(CERTIFICATE, sha256="02" * 32)
    (finding,) = diagnose(anonymous(with_certificates(CERTIFICATE, twin))).findings
    assert finding.code == "hsm.doctor.two_certificates"


def test_a_short_number_of_a_token_is_left_whole_and_a_home_at_the_root_hides_nothing():
    seen = replace(WELL, tokens=(replace(TOKEN, token=replace(TOKEN.token, serial="42")),))
    assert anonymous(seen, Path("/")).tokens[0].token.serial == "42"
    assert anonymous(seen, Path("/")).modules[0].path == MODULE.path
    rooted = replace(WELL, modules=(replace(MODULE, path=Path("/", "root", "x.so")),))
    assert anonymous(rooted).modules[0].path == Path("~/x.so")


def test_facts_of_every_kind_are_looked_through():
    late = TokenTimeoutError(token=TOKEN.module, seconds=30)
    missing = SoftHSMMissingError(looked=("/home/an/x.so", "/usr/lib/x.so"))
    seen = replace(
        WELL,
        tokens=(replace(TOKEN, error=late),),
        modules=(replace(MODULE, error=missing),),
    )
    masked = anonymous(seen)
    (token,), (module,) = masked.tokens, masked.modules
    assert token.error is not None
    assert token.error.facts == {"token": "#1", "seconds": 30}
    assert module.error is not None
    assert module.error.facts == {"looked": ("~/x.so", "/usr/lib/x.so")}


NAMES = st.text(st.characters(categories=["L", "Zs"]), min_size=3, max_size=20).filter(
    lambda text: text == text.strip() and len(text) > 2
)


@given(
    NAMES, st.sampled_from(["/home/{}/x.so", "/Users/{}/a/b", "C:\\Users\\{}\\x.dll", "/home/{}"])
)
def test_no_user_is_named_by_a_path(user, place):
    name = f"Qq{user}Qq"
    seen = replace(WELL, modules=(replace(MODULE, path=Path("/x"), detail=place.format(name)),))
    assert name not in repr(anonymous(seen))
