"""Issuers that are not at hand are fetched from where certificates say, or nothing is signed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from io import BytesIO

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from pyhanko.pdf_utils.reader import PdfFileReader
from unit.signing.signing_world import (
    BASE,
    CA_EXTENSIONS,
    DAY,
    NOW,
    OFFICIAL,
    TSA_URL,
    Issuer,
    World,
    build_certificate,
    duty,
    key_usage,
    make_key,
    make_pdf,
    name,
    pointers,
)

from pki.fetcher import FetchRequest
from signing.display.profile import load_display
from signing.errors.standing import UntrustedPathError
from signing.issuers import with_issuers
from signing.key import SigningKey
from signing.options import Level, SigningOptions
from signing.sign import Signatory, sign_document
from verify.indication import Indication


def access(path: str) -> tuple[x509.ExtensionType, bool]:
    addresses = {Access.OCSP: f"{BASE}/ocsp", Access.CA_ISSUERS: f"{BASE}/{path}"}
    described = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(address))
        for method, address in addresses.items()
    ]
    return x509.AuthorityInformationAccess(described), False


@dataclass
class Far(World):
    """A world whose signer's certificate says where its issuer lies; what lies there is set."""

    lying: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.lying["ca.cer"] = der(self.ca.certificate)

    def fetch(self, request: FetchRequest) -> bytes:
        path = request.url.removeprefix(f"{BASE}/")
        if path in self.lying:
            self.asked.append(path)
            return self.lying[path]
        return super().fetch(request)

    def far_signer(self, *, chain: tuple[x509.Certificate, ...] = ()) -> SigningKey:
        certificate = self.ca.issue(
            name("Nguyễn Văn Đức"),
            make_key(self.kind),
            (key_usage("digital_signature", "content_commitment"), True),
            *pointers(f"{BASE}/crl/ca.crl"),
            access("ca.cer"),
            (duty(OFFICIAL), False),
        )
        return SigningKey(certificate, chain, self.open_key)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def options(level: Level) -> SigningOptions:
    return SigningOptions(level=level, tsa_url=TSA_URL, display=load_display("none"))


def embedded(data: bytes) -> set[bytes]:
    (signature,) = PdfFileReader(BytesIO(data)).embedded_regular_signatures
    content = cms.ContentInfo.load(signature.pkcs7_content)["content"]
    return {each.chosen.dump() for each in content["certificates"]}


@pytest.mark.parametrize("level", list(Level))
def test_a_token_with_the_certificate_alone_is_enough(level):
    world = Far()
    done = sign_document(
        make_pdf(), signer=world.far_signer(), options=options(level), services=world.services()
    )
    assert done.report.indication is Indication.TOTAL_PASSED
    assert der(world.ca.certificate) in embedded(done.data)
    assert der(world.root.certificate) not in embedded(done.data), "the anchor is not embedded"
    assert world.asked.count("ca.cer") >= 1


def test_pem_is_read_too():
    world = Far()
    world.lying["ca.cer"] = world.ca.certificate.public_bytes(Encoding.PEM)
    assert with_issuers(world.far_signer(), world.services()).chain[0] == world.ca.certificate


def test_nothing_is_asked_where_the_chain_is_whole():
    world = Far()
    whole = world.far_signer(chain=(world.ca.certificate,))
    assert with_issuers(whole, world.services()) is whole
    assert "ca.cer" not in world.asked


def test_two_pieces_that_lack_are_fetched_one_after_the_other():
    world = Far()
    key = ec.generate_private_key(ec.SECP256R1())
    lower = world.ca.issue(
        name("lower"), key, *CA_EXTENSIONS, access("ca.cer"), not_before=NOW - 10 * DAY
    )
    world.lying["lower.cer"] = der(lower)
    certificate = Issuer(lower, key).issue(
        name("x"), make_key(world.kind), (key_usage("digital_signature"), True), access("lower.cer")
    )
    found = with_issuers(SigningKey(certificate, (), world.open_key), world.services())
    assert found.chain[:2] == (lower, world.ca.certificate)


def no_certificate(world: Far) -> None:
    world.lying["ca.cer"] = b"no certificate"


def nothing_there(world: Far) -> None:
    del world.lying["ca.cer"]


def another_authority(world: Far) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    same_name = build_certificate(world.ca.certificate.subject, key, None, CA_EXTENSIONS)
    world.lying["ca.cer"] = der(same_name)


def itself(world: Far) -> None:
    world.lying["ca.cer"] = der(world.certificate)


@pytest.mark.parametrize("change", [no_certificate, nothing_there, another_authority, itself])
def test_what_leads_nowhere_changes_nothing_and_no_pin_is_asked(change):
    world = Far()
    change(world)
    signer, services = world.far_signer(), world.services()
    assert with_issuers(signer, services) is signer
    with pytest.raises(UntrustedPathError):
        sign_document(make_pdf(), signer=signer, options=options(Level.B_B), services=services)
    assert world.key_openings == 0


def test_a_path_to_nobody_who_is_trusted_is_not_taken():
    """The issuer is fetched, and its root is a stranger's."""
    world, strange = Far(), Far()
    services = replace(world.services(), trust=strange.trust)
    with pytest.raises(UntrustedPathError):
        Signatory(world.far_signer(), options(Level.B_B), services).check()


def test_a_batch_fetches_once():
    world = Far()
    signatory = Signatory(world.far_signer(), options(Level.B_B), world.services())
    for _ in range(3):
        signatory.sign(make_pdf())
    assert world.asked.count("ca.cer") == 1


def test_without_it_the_certificate_alone_is_not_enough(monkeypatch):
    """The mutant of the first test."""
    monkeypatch.setattr("signing.sign.with_issuers", lambda signer, _: signer)
    world = Far()
    with pytest.raises(UntrustedPathError):
        sign_document(
            make_pdf(),
            signer=world.far_signer(),
            options=options(Level.B_B),
            services=world.services(),
        )
