"""xmlsec1 beside Antin: lists that the tests sign, and every list among others' documents."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest
from lxml import etree
from unit.verify.list_writer import DS, Manner, Serving, make_list, operator, sign_list
from unit.verify.verify_pki import authority

from pki.errors.tree import PKIError
from verify.lists.check import check_list
from verify.lists.signature import check_signature
from verify.lists.signers import signers_in
from verify.lists.xml import parse_xml

ROOT = authority("Listed root")
STRICTER = {
    "verify.list_signature_form": "another form than the one that lists have",
    "verify.list_weak": "keys and digests that the policy does not accept",
}
"""Why Antin may refuse what xmlsec1, told to trust any key, verifies."""
AT = datetime(2022, 1, 1, tzinfo=UTC)


@pytest.fixture
def xmlsec(peer, tmp_path):
    program = peer("xmlsec1")

    def verifies(data: bytes) -> bool:
        file = tmp_path / "list.xml"
        file.write_bytes(data)
        command = [program, "--verify", "--insecure"]
        for element in ("SignedProperties", "TrustServiceStatusList"):
            command += ["--id-attr:Id", element]
        done = subprocess.run([*command, file], capture_output=True, check=False, timeout=60)
        return done.returncode == 0

    return verifies


@pytest.mark.parametrize(
    ("kind", "manner"),
    [
        ("p256", Manner()),
        ("p256", Manner(uri="#list")),
        ("p521", Manner(algorithm="sha512")),
        ("rsa2048", Manner("rsa")),
        ("rsa3072", Manner("rsa", "sha384")),
    ],
)
def test_what_the_tests_sign_is_signed_for_xmlsec_too(xmlsec, kind, manner):
    signer = operator(f"Peer {kind}", kind=kind)
    data = sign_list(make_list(Serving((ROOT,))), signer, manner)
    assert xmlsec(data)
    changed = data.replace(b"Provider", b"Pr0vider")
    assert not xmlsec(changed)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert check_list(data, signers=[signer.certificate], at=at, name="vn")
    with pytest.raises(PKIError, match="list_altered"):
        check_list(changed, signers=[signer.certificate], at=at, name="vn")


def judged(data: bytes) -> str:
    """Return `ok`, or why the signature is not taken, whoever signed."""
    try:
        root = parse_xml(data, "list")
        path = f"{DS_}Signature/{DS_}KeyInfo/{DS_}X509Data/{DS_}X509Certificate"
        signers = tuple(signers_in(root.findall(path), "list"))
        check_signature(root, signers=signers, at=AT, name="list")
    except PKIError as error:
        return error.code
    return "ok"


DS_ = f"{{{DS}}}"


def is_list(data: bytes) -> bool:
    try:
        return etree.fromstring(data).tag.endswith("TrustServiceStatusList")
    except etree.XMLSyntaxError:
        return False


@pytest.mark.parametrize(
    "folder", ["trusted-lists", "dss-xades", "itext-sign/validation/lotl", "pyhanko/tl"]
)
def test_xmlsec_and_antin_agree_on_every_list_of_others(xmlsec, corpora, folder):
    taken = refused = 0
    for file in sorted((corpora / folder).rglob("*.xml")):
        data = file.read_bytes()
        if b"TrustServiceStatusList" not in data or not is_list(data):
            continue
        ours, theirs = judged(data), xmlsec(data)
        if ours == "ok":
            taken += 1
            assert theirs, f"{file.name}: taken here, and xmlsec1 does not verify it"
        else:
            refused += 1
            assert not theirs or ours in STRICTER, f"{file.name}: {ours}"
    assert taken >= 2
    assert refused >= (0 if folder == "pyhanko/tl" else 1)
