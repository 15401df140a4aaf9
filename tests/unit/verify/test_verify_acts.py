"""Signatures on acts: TOTAL-PASSED or nothing, with what is at hand or what can be fetched."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates
from pki_office import Office, make_office

from cli.requests.judge import own_evidence
from pki.errors.office import SignerUntrustedError
from pki.fetcher import NoNetwork
from pki.records.requests import Signature
from verify.acts import ActJudge
from verify.collect import Collector
from verify.evidence import NONE
from verify.policy import Policy, default_policy
from verify.trust import TrustStore


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = make_office(Path(tmp_path_factory.mktemp("office")))
    made.issuing.issue_crl()
    yield made
    made.world.register.close()


def judge(office: Office, *, policy: Policy | None = None, **more: object) -> ActJudge:
    trust = TrustStore((office.world.root.issuer.certificate,))
    evidence = partial(own_evidence, office.world.register)
    return ActJudge(policy or default_policy(), trust, evidence, **more)  # type: ignore[arg-type]


def test_a_good_signature_names_its_signer(office: Office):
    signature = office.sign("clerk", b"statement")
    certificate = office.people["clerk"].certificate
    assert judge(office).judge(signature, office.now) == certificate
    collector = partial(Collector, NoNetwork(), office.clock)
    assert judge(office, collector=collector).judge(signature, office.now) == certificate


def test_what_cannot_be_fetched_is_unknown_and_not_good(office: Office):
    signature = office.sign("clerk", b"statement")
    trust = TrustStore((office.world.root.issuer.certificate,))
    collector = partial(Collector, NoNetwork(), office.clock)
    alone = ActJudge(default_policy(), trust, lambda _: NONE, collector)
    with pytest.raises(SignerUntrustedError):
        alone.judge(signature, office.now)


def test_what_is_too_large_for_the_policy_is_told(office: Office):
    policy = default_policy()
    small = policy.limits.model_copy(update={"document_bytes": 8})
    strict = judge(office, policy=policy.model_copy(update={"limits": small}))
    with pytest.raises(SignerUntrustedError) as refused:
        strict.judge(office.sign("clerk", b"statement"), office.now)
    assert refused.value.facts["reason"] == "verify.too_large"


def test_another_statement_is_another_signature(office: Office):
    signature = office.sign("clerk", b"statement")
    with pytest.raises(SignerUntrustedError):
        judge(office).judge(Signature(b"other", signature.cms), office.now)
    with pytest.raises(SignerUntrustedError):
        judge(office).judge(Signature(b"statement", b"0\x00"), office.now)


def test_a_bag_of_certificates_is_nobodys_signature(office: Office):
    bag = serialize_certificates([office.people["clerk"].certificate], Encoding.DER)
    with pytest.raises(SignerUntrustedError) as refused:
        judge(office).signer_of(bag)
    assert refused.value.facts == {"reason": "SignerInfo"}
