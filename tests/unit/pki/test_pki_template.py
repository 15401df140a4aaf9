"""To-be-signed bytes: octet for octet those that `cryptography` writes for the same content."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from pki_world import KINDS, NOW, World, new_authority, new_key, profile_for

from pki import der
from pki.authority.issuer import Signatory
from pki.authority.template import Content, build_tbs
from pki.profile import BUILT_IN
from pki.subject import Subject, build_subject
from pki.urls import AuthorityURLs

PERSON = build_subject([("C", "VN"), ("O", "Sở Nội vụ"), ("CN", "Nguyễn Văn A"), ("E", "a@b.vn")])
ISSUER = new_key()


def written_again(tbs_der: bytes) -> bytes:
    """Return what `cryptography`'s own builder makes of what the bytes say, for a P-256 key."""
    fields = der.read_all(der.read(tbs_der, "certificate").content, "certificate")
    unsigned = der.sequence((tbs_der, fields[2].whole, der.bit_string(b"")))
    said = x509.load_der_x509_certificate(unsigned)
    builder = x509.CertificateBuilder(
        said.issuer,
        said.subject,
        said.public_key(),  # type: ignore[arg-type]
        said.serial_number,
        said.not_valid_before_utc.replace(tzinfo=None),
        said.not_valid_after_utc.replace(tzinfo=None),
    )
    for extension in said.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(new_key(), SHA256()).tbs_certificate_bytes  # type: ignore[arg-type]


def build(
    world: World,
    name: str = "official",
    *,
    kind: str = "p256",
    subject: Subject = PERSON,
    not_after: datetime = NOW + timedelta(days=365),
    urls: AuthorityURLs | None = None,
) -> bytes:
    key = new_key(kind)
    profile = profile_for(name, key)
    issuer = world.issuing.issuer
    content = Content(1 << 126, subject, key.public_key(), profile, NOW, not_after)
    return build_tbs(
        content,
        Signatory(
            "issuing", issuer.certificate.subject, issuer.certificate, ISSUER, urls or issuer.urls
        ),
    )


@pytest.mark.parametrize("profile", BUILT_IN)
def test_every_profile(world: World, profile: str):
    tbs_der = build(world, profile)
    assert written_again(tbs_der) == tbs_der


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key(world: World, kind: str):
    tbs_der = build(world, kind=kind)
    assert written_again(tbs_der) == tbs_der


@pytest.mark.parametrize("urls", [AuthorityURLs(), AuthorityURLs(crl="http://a.vn/a.crl")])
def test_addresses_or_none(world: World, urls: AuthorityURLs):
    tbs_der = build(world, urls=urls)
    assert written_again(tbs_der) == tbs_der
    assert tbs_der != build(world)


@pytest.mark.parametrize("year", [2049, 2050, 2051])
def test_both_forms_of_time(world: World, year: int):
    tbs_der = build(world, not_after=datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert written_again(tbs_der) == tbs_der


def test_a_root_and_name_constraints(world: World):
    order = new_authority("limited", "subordinate")
    table = order.profile.authority
    assert table
    limited = table.model_copy(update={"permitted_dns": ("a.vn",), "permitted_mail": ("b.vn",)})
    profile = order.profile.model_copy(update={"authority": limited})
    content = Content(
        5, order.subject, order.key.public_key(), profile, NOW, NOW + timedelta(days=9)
    )
    own = Signatory("limited", order.subject.name(), None, order.key, order.urls)
    tbs_der = build_tbs(content, own)
    assert written_again(tbs_der) == tbs_der
    assert bytes.fromhex("0603551d1e") in tbs_der
    assert world.root.issuer.certificate.extensions  # the world's own went the same way


def test_what_another_profile_or_authority_says_is_not_kept(world: World):
    """What is written once for many certificates must depend on all that it says."""
    first = build(world)
    assert build(world, "agency") != first
    at_another = AuthorityURLs.under("http://other.vn", "issuing")
    assert b"http://other.vn" in build(world, urls=at_another)
    assert b"http://other.vn" not in build(world)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (bytes.fromhex("0101ff"), bytes.fromhex("010101")),  # TRUE, but not in DER
        (bytes.fromhex("a003020102"), bytes.fromhex("a003020101")),  # version 2
    ],
)
def test_other_octets_are_seen(world: World, right: bytes, wrong: bytes):
    """The comparison above can fail."""
    tbs_der = build(world)
    assert right in tbs_der
    changed = tbs_der.replace(right, wrong)
    with suppress(ValueError, x509.InvalidVersion):  # `cryptography` may not even read them
        assert written_again(changed) != changed
