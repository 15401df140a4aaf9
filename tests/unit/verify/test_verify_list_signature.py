"""A trusted list's signature: the one form that is taken, and what every departure from it is."""

from __future__ import annotations

from base64 import b64encode
from copy import deepcopy
from itertools import count

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from unit.verify.list_writer import (
    DS,
    ENVELOPED,
    EXCLUSIVE,
    MORE,
    XADES,
    Manner,
    Serving,
    make_list,
    operator,
    resign,
    sign_list,
)
from unit.verify.verify_pki import BORN, DAY, SIGNED, YEAR, authority

from pki.words import Language, message_of
from verify.errors import (
    ListAlteredError,
    ListMalformedError,
    ListSignatureFormError,
    ListSignerError,
    ListTooLargeError,
    ListUnsignedError,
    ListWeakError,
    TrustFileError,
)
from verify.lists import xml as lists_xml
from verify.lists.check import check_list
from verify.lists.signature import check_signature
from verify.lists.signers import load_signers
from verify.lists.xml import parse_xml

SIGNER = operator()
STRANGER = operator("Stranger")
ROOT = authority("Listed root")
FAKE = authority("Fake root")


def listed():
    return make_list(Serving((ROOT,)))


def check(data, *signers, at=SIGNED):
    pinned = [one.certificate for one in signers or (SIGNER,)]
    return check_list(data, signers=pinned, at=at, name="vn")


def roots(found):
    return [each for service in found.services for each in service.certificates]


def test_a_list_signed_by_a_pinned_signer_is_taken():
    data = sign_list(listed(), SIGNER)
    assert roots(check(data)) == [ROOT.certificate]
    with pytest.raises(ListSignerError) as caught:
        check(data, STRANGER)
    assert caught.value.facts["signer"] == "List operator"


@pytest.mark.parametrize(
    ("kind", "manner"),
    [
        ("p256", Manner(uri="#list")),
        ("p256", Manner(own_transforms=())),
        ("p256", Manner(old_form=True, named_by="sha1")),
        ("p256", Manner(shown=(STRANGER, SIGNER))),
        ("p521", Manner(algorithm="sha512")),
        ("rsa2048", Manner("rsa")),
        ("rsa3072", Manner("rsa", "sha512")),
        ("rsa2048", Manner("pss", "sha384")),
    ],
)
def test_every_manner_in_which_lists_are_signed_is_taken(kind, manner):
    signer = SIGNER if kind == "p256" else operator(f"Operator {kind}", kind=kind)
    data = sign_list(listed(), signer, manner)
    assert roots(check(data, signer)) == [ROOT.certificate]
    changed = data.replace(b"Provider", b"Pr0vider")
    assert changed != data
    with pytest.raises(ListAlteredError):
        check(changed, signer)


def test_a_list_without_signature_is_not_taken():
    with pytest.raises(ListUnsignedError):
        check(etree.tostring(listed()))


@pytest.mark.parametrize(
    ("kind", "manner"),
    [
        ("rsa2048", Manner("rsa", "sha1")),
        ("rsa1024", Manner("rsa")),
        ("p256", Manner(method=f"{MORE}rsa-ripemd160")),
        ("ed25519", Manner("ed25519")),  # until the policy accepts it
    ],
)
def test_weak_algorithms_are_named_and_not_taken(kind, manner):
    signer = operator(f"Weak {kind}", kind=kind)
    with pytest.raises(ListWeakError) as caught:
        check(sign_list(listed(), signer, manner), signer)
    assert caught.value.facts["algorithm"]


def test_a_weak_digest_of_the_list_alone_is_not_taken():
    root = listed()
    sign_list(root, SIGNER)
    reference = root.find(f"{{{DS}}}Signature/{{{DS}}}SignedInfo/{{{DS}}}Reference")
    reference.find(f"{{{DS}}}DigestMethod").set("Algorithm", f"{DS}sha1")
    with pytest.raises(ListWeakError):
        check(resign(root, SIGNER))
    reference.find(f"{{{DS}}}DigestMethod").set("Algorithm", "urn:new#digest")
    with pytest.raises(ListWeakError):
        check(resign(root, SIGNER))


def test_who_signed_must_be_named_in_what_was_signed():
    with pytest.raises(ListSignerError):
        check(sign_list(listed(), SIGNER, Manner(named=STRANGER)))
    with pytest.raises(ListSignerError):
        check(sign_list(listed(), SIGNER, Manner(shown=())))
    both = sign_list(listed(), SIGNER, Manner(shown=(STRANGER, SIGNER)))
    assert check(both, SIGNER, STRANGER)
    with pytest.raises(ListSignerError):
        check(both, STRANGER)


def test_another_s_key_under_the_pinned_certificate_is_altered():
    borrowed = sign_list(listed(), STRANGER, Manner(named=SIGNER, shown=(SIGNER,)))
    with pytest.raises(ListAlteredError):
        check(borrowed)


def test_the_signer_s_certificate_was_valid_when_it_signed():
    brief = operator("Brief", not_after=BORN + 30 * DAY)
    early = Manner(signed_at=BORN + 29 * DAY)
    assert check(sign_list(listed(), brief, early), brief)
    for moment in (BORN + 31 * DAY, BORN - DAY):
        with pytest.raises(ListSignerError):
            check(sign_list(listed(), brief, Manner(signed_at=moment)), brief)


def parts(root):
    signature = root.find(f"{{{DS}}}Signature")
    info = signature.find(f"{{{DS}}}SignedInfo")
    return signature, info, info.findall(f"{{{DS}}}Reference")


def fake():
    return make_list(Serving((FAKE,)))


def wrapped_beside(root, signature):
    """The signed list as a child of a forged one, the signature moved to the forged root."""
    forged = fake()
    forged.set("Id", "forged")
    root.remove(signature)
    forged.append(root)
    forged.append(signature)
    return forged


def wrapped_inside_object(root, signature):
    """The signed list inside an Object of the signature, the forged one around."""
    forged = fake()
    forged.set("Id", "forged")
    root.remove(signature)
    etree.SubElement(signature, f"{{{DS}}}Object").append(root)
    forged.append(signature)
    return forged


def same_identity_twice(root, signature):
    """Forged root and signed list with the same identity."""
    forged = wrapped_beside(root, signature)
    forged.set("Id", "list")
    return forged


def other_spelling(root, signature):
    """The same, the identity of the forged one spelled otherwise."""
    forged = wrapped_beside(root, signature)
    del forged.attrib["Id"]
    forged.set("ID", "list")
    return forged


def second_signature(root, signature):
    root.append(deepcopy(signature))
    return root


def signature_deeper(root, signature):
    """A second signature below something that is signed."""
    root[1].append(deepcopy(signature))
    return root


def not_in_the_root(root, signature):
    root.remove(signature)
    root[1].append(signature)
    return root


def foreign_target(root, signature):
    signature[3][0].set("Target", "#other")
    return root


def no_properties(root, signature):
    signature[3][0].remove(signature[3][0][0])
    return root


@pytest.mark.parametrize("uri", ["", "#list"])
@pytest.mark.parametrize(
    "attack",
    [
        wrapped_beside,
        wrapped_inside_object,
        same_identity_twice,
        other_spelling,
        second_signature,
        signature_deeper,
        not_in_the_root,
        foreign_target,
        no_properties,
    ],
)
def test_a_wrapped_list_is_not_taken_and_its_twin_is(attack, uri):
    root = listed()
    data = sign_list(root, SIGNER, Manner(uri=uri))
    assert roots(check(data)) == [ROOT.certificate]
    forged = etree.tostring(attack(root, parts(root)[0]))
    with pytest.raises((ListSignatureFormError, ListAlteredError, ListUnsignedError)) as caught:
        check(forged)
    assert message_of(caught.value, Language.EN) != message_of(caught.value, Language.VI)


def of(path, **attributes):
    def change(info, references):
        element = references[path] if isinstance(path, int) else info.find(path)
        for key, value in attributes.items():
            element.attrib.pop(key, None)
            if value is not None:
                element.set(key, value)

    return change


def extra_reference(info, references):
    info.append(deepcopy(references[1]))


def whole_twice(info, references):
    info.replace(references[1], deepcopy(references[0]))


def transform(index, place, algorithm):
    def change(_, references):
        references[index][0][place].set("Algorithm", algorithm)

    return change


def inclusive_prefixes(_, references):
    etree.SubElement(references[0][0][1], f"{{{EXCLUSIVE}}}InclusiveNamespaces", PrefixList="x")


def xpath(_, references):
    added = etree.SubElement(references[0][0], f"{{{DS}}}Transform")
    added.set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")


def two_own_transforms(_, references):
    references[1][0].append(deepcopy(references[1][0][0]))


def no_transforms(_, references):
    references[0].remove(references[0][0])


def no_digest(_, references):
    references[0].remove(references[0][-1])


@pytest.mark.parametrize(
    "oddity",
    [
        of(0, URI=None),
        of(0, URI="#properties"),
        of(0, URI="http://127.0.0.1/list.xml"),
        of(0, URI="#xpointer(/)"),
        of(0, Type="urn:other"),
        of(1, Type=None),
        of(1, URI=""),
        of(1, URI="#list"),
        of(f"{{{DS}}}CanonicalizationMethod", Algorithm=f"{EXCLUSIVE}WithComments"),
        transform(0, 0, EXCLUSIVE),
        transform(0, 1, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        transform(1, 0, ENVELOPED),
        extra_reference,
        whole_twice,
        inclusive_prefixes,
        xpath,
        two_own_transforms,
        no_transforms,
        no_digest,
    ],
    ids=count(),
)
def test_what_the_pinned_signer_signs_in_another_form_is_not_taken(oddity):
    root = listed()
    sign_list(root, SIGNER)
    _, info, references = parts(root)
    assert check(resign(root, SIGNER)), "signed again as it was, it is taken"
    oddity(info, references)
    with pytest.raises(ListSignatureFormError) as caught:
        check(resign(root, SIGNER))
    said = {message_of(caught.value, language) for language in Language}
    assert len(said) == 2, "in both languages"


def test_what_is_not_base64_or_no_date_is_malformed():
    data = sign_list(listed(), SIGNER)
    root = etree.fromstring(data)
    root.find(f"{{{DS}}}Signature/{{{DS}}}SignatureValue").text = "?"
    with pytest.raises(ListMalformedError):
        check(etree.tostring(root))
    root.find(f"{{{DS}}}Signature/{{{DS}}}SignatureValue").text = b64encode(b"short").decode()
    with pytest.raises(ListAlteredError):
        check(etree.tostring(root))


def test_signed_properties_are_signed():
    data = sign_list(listed(), SIGNER)
    changed = data.replace(b"SigningTime>2026-02", b"SigningTime>2025-02")
    assert changed != data
    with pytest.raises(ListAlteredError):
        check(changed)


def test_a_signature_value_of_another_kind_of_key_is_altered():
    signer = operator("Curve")
    with pytest.raises(ListAlteredError):
        check(sign_list(listed(), signer, Manner(method=f"{MORE}rsa-sha256")), signer)
    odd = etree.fromstring(sign_list(listed(), SIGNER))
    odd.find(f"{{{DS}}}Signature/{{{DS}}}SignatureValue").text = b64encode(b"odd").decode()
    with pytest.raises(ListAlteredError):
        check(etree.tostring(odd))


def test_only_what_was_signed_is_read():
    """A comment splits a text for whoever reads the file and not the signed form."""
    root = listed()
    data = sign_list(root, SIGNER)
    split = data.replace(b"granted", b"gran<!-- -->ted")
    assert split != data
    states = [service.listing.states[0].status for service in check(split).services]
    assert states == [service.listing.states[0].status for service in check(data).services]


def test_text_around_the_signature_is_part_of_the_list():
    root = listed()
    root[-1].tail = None
    data = sign_list(root, SIGNER)
    assert check(data)
    with pytest.raises(ListAlteredError):
        check(data.replace(b"</ds:Signature>", b"</ds:Signature>more"))
    with pytest.raises(ListAlteredError):
        check(data.replace(b"<ds:Signature", b"\n<ds:Signature", 1))


def test_the_text_after_a_signature_that_comes_first_is_part_of_the_list():
    root = listed()
    root.text = "before"
    data = sign_list(root, SIGNER)
    moved = etree.fromstring(data)
    signature = moved.find(f"{{{DS}}}Signature")
    moved.insert(0, signature)
    moved.text, signature.tail = None, "before"
    assert check(etree.tostring(moved))
    signature.tail = "after"
    with pytest.raises(ListAlteredError):
        check(etree.tostring(moved))


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.replace(b"<Trust", BOMB + b"<Trust", 1),
        lambda data: data.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        lambda data: data.replace(b"<Trust", b"<?xml-stylesheet href='http://x/'?><Trust", 1),
        lambda data: data.replace(b"VN", b"&vn;", 1),
        lambda data: data[:-20],
        lambda _: b"",
        lambda _: b"%PDF-1.7",
        lambda data: b"\xff" + data,
        lambda data: b"<a>" * 400 + data[40:] + b"</a>" * 400,
        lambda data: data.replace(
            b"<SchemeInformation",
            b"<SchemeInformation " + b" ".join(b'xmlns:n%d="urn:%d"' % (n, n) for n in range(100)),
            1,
        ),
    ],
    ids=count(),
)
def test_xml_that_no_list_has_is_malformed(spoil):
    data = sign_list(listed(), SIGNER)
    assert check(data)
    with pytest.raises(ListMalformedError):
        check(spoil(data))


def test_a_list_has_a_largest_size(monkeypatch):
    data = sign_list(listed(), SIGNER)
    monkeypatch.setattr(lists_xml, "LIST_BYTES", len(data))
    assert check(data)
    with pytest.raises(ListTooLargeError):
        check(data + b"\n")


@pytest.mark.parametrize("more", [b"<x/>", b"<x y='' z=''/>"])
def test_a_list_has_so_many_elements_and_no_more(monkeypatch, more):
    """Each would take many times the room that it takes in the file."""
    data = sign_list(listed(), SIGNER)
    monkeypatch.setattr(lists_xml, "MARKUP", data.count(b"<") + data.count(b"="))
    assert check(data)
    with pytest.raises(ListMalformedError) as caught:
        check(data.replace(b"<SchemeInformation>", b"<SchemeInformation>" + more, 1))
    assert "elements" in message_of(caught.value, Language.EN)


@pytest.mark.parametrize("attribute", ['a%d=""', 'xmlns:a%d="urn:a"'])
def test_what_is_canonicalized_before_it_is_verified_is_small(attribute):
    """Sorting very many attributes takes longer than any reader waits."""
    data = sign_list(listed(), SIGNER)
    many = " ".join(attribute % number for number in range(70)).encode()
    for element in (b"<ds:SignedInfo", b"<ds:SignatureMethod"):
        with pytest.raises(ListSignatureFormError):
            check(data.replace(element, element + b" " + many, 1))
    few = data.replace(b"<ds:SignedInfo", b'<ds:SignedInfo xmlns:a="urn:a"', 1)
    assert check(few), "a namespace that nothing uses is left out of what is signed"


def test_what_has_no_canonical_form_is_malformed():
    """A relative namespace cannot be canonicalized."""
    data = sign_list(listed(), SIGNER)
    odd = data.replace(b"<ds:SignedInfo", b'<ds:SignedInfo xmlns:o="rel" o:a="1"', 1)
    with pytest.raises(ListMalformedError):
        check(odd)


def test_without_the_check_of_the_place_a_wrapped_list_would_be_read(monkeypatch):
    """The guard, taken away: the reference would find the signed list inside the forged one."""
    root = listed()
    sign_list(root, SIGNER, Manner(uri="#list"))
    forged = etree.tostring(wrapped_beside(root, parts(root)[0]))
    with pytest.raises(ListSignatureFormError):
        check(forged)
    monkeypatch.setattr("verify.lists.signature._means", lambda *_: True)
    with pytest.raises(ListAlteredError):  # and even then what is read is what was hashed
        check(forged)


def test_the_octets_that_are_returned_are_what_was_hashed():
    data = sign_list(listed(), SIGNER)
    found = check_signature(
        parse_xml(data, "vn"), signers=[SIGNER.certificate], at=SIGNED, name="vn"
    )
    assert b"Signature" not in found.octets
    assert found.octets.startswith(b"<TrustServiceStatusList")
    assert found.signer == SIGNER.certificate
    assert found.signed_at == SIGNED - DAY


def test_signers_are_read_from_files(tmp_path):
    pem, der, bad = tmp_path / "a.pem", tmp_path / "b.cer", tmp_path / "c.pem"
    pem.write_bytes(SIGNER.certificate.public_bytes(Encoding.PEM) * 2)
    der.write_bytes(STRANGER.der)
    assert load_signers([pem, der]) == (
        SIGNER.certificate,
        SIGNER.certificate,
        STRANGER.certificate,
    )
    for content in (b"", b"-----BEGIN CERTIFICATE-----", b"-----BEGIN NOTHING-----"):
        bad.write_bytes(content)
        with pytest.raises(TrustFileError):
            load_signers([bad])
    with pytest.raises(TrustFileError):
        load_signers([tmp_path / "none.pem"])


def test_a_certificate_that_cannot_be_read_is_nobody_s():
    root = listed()
    sign_list(root, SIGNER)
    data_of = root.find(f"{{{DS}}}Signature/{{{DS}}}KeyInfo/{{{DS}}}X509Data")
    junk = etree.Element(f"{{{DS}}}X509Certificate")
    junk.text = "AAAA"
    data_of.insert(0, junk)
    assert check(etree.tostring(root))
    data_of.remove(data_of[1])
    with pytest.raises(ListSignerError) as caught:
        check(etree.tostring(root))
    assert caught.value.facts["signer"] == "?"


def test_a_digest_without_value_names_nobody():
    root = etree.fromstring(sign_list(listed(), SIGNER))
    for each in root.iter(f"{{{XADES}}}CertDigest"):
        each.remove(each[1])
    with pytest.raises(ListSignerError):
        check(etree.tostring(root))


def test_years_later_the_list_is_outdated_not_its_signature():
    data = sign_list(make_list(Serving((ROOT,)), next_update=SIGNED + 3 * YEAR), SIGNER)
    assert check(data, at=SIGNED + 2 * YEAR)
