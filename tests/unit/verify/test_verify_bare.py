"""Bare PKCS #1 values, PDF's oldest signatures: made here of pyHanko's, byte for byte."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from pyhanko.pdf_utils.generic import ArrayObject, ByteStringObject, DictionaryObject, pdf_name
from unit.verify.verify_pki import (
    LATER,
    Signing,
    answer,
    answers_for,
    judge,
    make_pdf,
    make_world,
    ocsp_evidence,
    official,
    sign,
)

from pki import der
from verify.cms.bare import BARE, read_bare
from verify.errors import MalformedObjectError
from verify.indication import Indication, SubIndication

WORLD = make_world()
ROOM = 6000
REASON = "x" * ROOM


def signer(kind="rsa2048"):
    return official(WORLD.issuing, common=f"Bare {kind}", kind=kind)


def bare_document(party, digest, *, contents=None, certificates=None):
    """Return a document with such a signature in the place of a CMS."""
    how = Signing(party, stamped=None, reserved=8000, metadata={"reason": REASON})
    data = sign(make_pdf(), how)
    listed = certificates or (party.der, WORLD.issuing.der)
    own = b"/Cert [%s]" % b" ".join(b"<%s>" % each.hex().encode() for each in listed)
    old = b"/Reason (%s)" % REASON.encode()
    assert old in data
    data = data.replace(old, own.ljust(len(old)))
    data = data.replace(b"/ETSI.CAdES.detached", BARE.encode().ljust(20))
    start = data.rindex(b"/Contents <") + len(b"/Contents ")
    end = data.index(b">", start) + 1
    signed = data[:start] + data[end:]
    if contents is None:
        value = party.key.sign(signed, padding.PKCS1v15(), digest)
        contents = der.encode(der.OCTET_STRING, value)
    room = end - start - 2
    return data[: start + 1] + contents.hex().encode().ljust(room, b"0") + data[end - 1 :]


def judged(data, party):
    evidence = ocsp_evidence(answer(party, WORLD.ocsp, LATER), *answers_for(WORLD, LATER)[1:])
    return judge(data, evidence=evidence)


def test_the_digest_is_the_one_that_the_value_names():
    party = signer()
    report = judged(bare_document(party, hashes.SHA256()), party)
    assert report.indication is Indication.TOTAL_PASSED
    (signature,) = report.signatures
    assert (signature.algorithm, signature.level) == ("RSASSA-PKCS1-v1_5/SHA-256", None)
    assert signature.signer.common_name == "Bare rsa2048"
    old = judged(bare_document(party, hashes.SHA1()), party)  # noqa: S303  what it is named after
    assert old.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE


def test_a_changed_byte_is_found():
    party = signer()
    data = bare_document(party, hashes.SHA256())
    changed = data.replace(b"Page 1", b"Page 7")
    assert changed != data
    assert judged(changed, party).indication is Indication.TOTAL_FAILED


def test_a_value_of_another_key_is_found():
    party, other = signer(), signer("rsa3072")
    data = bare_document(party, hashes.SHA256(), certificates=(other.der,))
    assert judged(data, other).indication is Indication.TOTAL_FAILED


def test_the_signer_needs_an_rsa_key():
    party = signer("p256")
    data = bare_document(party, None, contents=b"\x04\x02\x00\x00")
    assert judged(data, party).sub_indication is SubIndication.FORMAT_FAILURE


@pytest.mark.parametrize(
    "contents", [b"\x04\x02\x01\x02\x03", b"\x30\x00", b"\x04\x05\x00", b"\x04\x01\x01\x00"]
)
@pytest.mark.parametrize("several", [True, False])
def test_what_is_no_octet_string_alone_is_malformed(contents, several):
    string = ByteStringObject(signer().der)
    listed = ArrayObject([string]) if several else string
    field = SimpleNamespace(signature=DictionaryObject({pdf_name("/Cert"): listed}))
    if contents.endswith(b"\x00") and contents.startswith(b"\x04\x01"):
        assert read_bare(contents, field).signature == b"\x01"
    else:
        with pytest.raises(MalformedObjectError):
            read_bare(contents, field)


@pytest.mark.parametrize("found", [None, ArrayObject(), pdf_name("/Cert")])
def test_without_a_certificate_there_is_no_signature(found):
    entries = {} if found is None else {pdf_name("/Cert"): found}
    field = SimpleNamespace(signature=DictionaryObject(entries))
    with pytest.raises(MalformedObjectError):
        read_bare(b"\x04\x01\x01", field)
