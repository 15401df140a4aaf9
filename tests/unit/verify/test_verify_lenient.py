"""Certificates that are no good DER: mended where that changes nothing, unsound where it might.

Each is made of a good certificate, a field of it changed and the whole signed again by its issuer;
the good one is the twin.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID
from hypothesis import given
from hypothesis import strategies as st
from unit.verify.verify_pki import (
    LATER,
    Party,
    Signing,
    answer,
    answers_for,
    authority,
    issue,
    judge,
    make_pdf,
    make_world,
    ocsp_evidence,
    official,
    sign,
    usage,
)

from pki import der
from verify.certificate import fingerprint, read_certificate, readable
from verify.cms.token import read_token
from verify.errors import MalformedObjectError
from verify.indication import Indication, SubIndication
from verify.lenient import (
    issuer_der,
    key_der,
    mend,
    original_der,
    subject_der,
    unreadable_extensions,
)
from verify.path.extensions import not_understood
from verify.path.rfc5280 import find_defects
from verify.path.signature import signed_by
from verify.quiet import quietly

WORLD = make_world()
SERIAL, INSIDE, ISSUER, VALIDITY, SUBJECT, KEY, EXTENSIONS = range(1, 8)
BASIC, USAGE = ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE
NAMES, POLICIES = ExtensionOID.SUBJECT_ALTERNATIVE_NAME, ExtensionOID.CERTIFICATE_POLICIES
KEY_ID = ExtensionOID.AUTHORITY_KEY_IDENTIFIER
LATIN_1 = "Sở Tài chính".encode().decode("latin-1").encode("latin-1")  # bytes beyond ASCII


@dataclass(frozen=True)
class Odd(Party):
    """A party whose certificate is not quite DER."""

    @property
    def der(self) -> bytes:
        return original_der(self.certificate)


def elements(whole):
    return [item.whole for item in der.read_all(der.read(whole, "test").content, "test")]


def signed_again(party, change):
    """Return the party's certificate with its fields changed, signed by its issuer."""
    tbs, algorithm, _ = elements(party.der)
    fields = elements(tbs)
    outside = change(fields) or algorithm
    tbs = der.sequence(fields)
    signature = party.issuer.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return der.sequence((tbs, outside, der.bit_string(signature)))


def replacing(place, value):
    def change(fields):
        fields[place] = value(fields[place]) if callable(value) else value

    return change


def with_extension(oid, value, *, critical=b""):
    """Return a change that puts an extension in the place of the one there, or adds it."""
    own = der.oid(oid.dotted_string)
    made = der.sequence((own, critical, der.encode(der.OCTET_STRING, value)))

    def change(fields):
        (listed,) = elements(fields[EXTENSIONS])
        others = [item for item in elements(listed) if own not in item]
        fields[EXTENSIONS] = der.encode(0xA3, der.sequence((*others, made)))

    return change


TRUE, FALSE = b"\x01\x01\xff", b"\x01\x01\x00"


def signer(common="Odd signer"):
    return official(WORLD.issuing, common=common)


def odd(change, party=None):
    party = party or signer()
    made = signed_again(party, change)
    return Odd(read_certificate(made), party.key, party.issuer), made


def text_in_name(tag, octets):
    pair = der.sequence((der.oid("2.5.4.3"), der.encode(tag, octets)))
    return der.sequence((der.encode(der.SET, pair),))


def negative_modulus(whole):
    algorithm, bits = elements(whole)
    modulus, exponent = elements(der.read(bits, "test").content[1:])
    number = der.read(modulus, "test").content.lstrip(b"\0")
    assert number[0] & 0x80
    pair = der.sequence((der.encode(der.INTEGER, number), exponent))
    return der.sequence((algorithm, der.bit_string(pair)))


def null_beside_ecdsa(fields):
    fields[INSIDE] = der.sequence((*elements(fields[INSIDE]), b"\x05\x00"))
    return fields[INSIDE]


NOTICE = der.sequence(
    (
        der.sequence(
            (
                der.oid("1.2.3.4"),
                der.sequence(
                    (
                        der.sequence(
                            (
                                der.oid("1.3.6.1.5.5.7.2.2"),
                                der.sequence((der.encode(0x1A, b"Jos\xe9"),)),
                            )
                        ),
                    )
                ),
            )
        ),
    )
)
"""certificatePolicies whose notice to the user is a VisibleString with letters it has not."""
DIRECTORY = der.sequence((der.encode(0xA4, text_in_name(0x13, LATIN_1)),))
MENDED = {
    "serial number in more octets than it needs": replacing(SERIAL, b"\x02\x03\x00\x00\x07"),
    "parameters beside ECDSA": null_beside_ecdsa,
    "PrintableString with letters it has not": replacing(SUBJECT, text_in_name(0x13, LATIN_1)),
    "TeletexString in Latin-1": replacing(SUBJECT, text_in_name(0x14, b"Jos\xe9")),
    "UTF8String that is Latin-1": replacing(SUBJECT, text_in_name(0x0C, b"Jos\xe9")),
    "no authority, with a path length": with_extension(BASIC, der.sequence((der.integer(3),))),
    "cA FALSE written out": with_extension(BASIC, der.sequence((FALSE,)), critical=TRUE),
    "critical FALSE written out": with_extension(BASIC, der.sequence(()), critical=FALSE),
    "notice to the user": with_extension(POLICIES, NOTICE),
    "encipherOnly without keyAgreement": with_extension(USAGE, b"\x03\x02\x00\x81", critical=TRUE),
    "directory name in the alternative names": with_extension(NAMES, DIRECTORY),
    "an extension that no path needs": with_extension(KEY_ID, b"\x30\x01"),
}


WHOLE = tuple(each.certificate for each in WORLD.issuing.chain)


def readable_as_it_stands(made):
    try:
        certificate = x509.load_der_x509_certificate(made)
        _ = certificate.extensions, certificate.subject, certificate.public_key()
    except (ValueError, TypeError):
        return False
    return True


@pytest.mark.parametrize("change", MENDED.values(), ids=MENDED)
def test_what_changes_nothing_is_mended_and_the_path_stays_sound(change):
    party, made = odd(change)
    assert not readable_as_it_stands(made)
    assert readable_as_it_stands(signer().der)
    assert original_der(party.certificate) == made
    assert fingerprint(party.certificate) == hashlib.sha256(made).hexdigest()
    assert not unreadable_extensions(party.certificate)
    assert signed_by(party.certificate, WORLD.issuing.certificate)
    assert not any(find_defects((party.certificate, *WHOLE)))
    assert list(readable((made, b"no certificate"))) == [party.certificate]


def test_a_mended_certificate_that_was_tampered_with_is_nobodys():
    _, made = odd(MENDED["TeletexString in Latin-1"])
    tampered = made.replace(b"Jos\xe9", b"Jas\xe9")
    assert tampered != made
    assert not signed_by(read_certificate(tampered), WORLD.issuing.certificate)


def judged(party):
    responses = (answer(party, WORLD.ocsp, LATER), *answers_for(WORLD, LATER)[1:])
    return judge(sign(make_pdf(), Signing(party)), evidence=ocsp_evidence(*responses))


NEEDED = {
    "alternative names that are none": (with_extension(NAMES, b"\x30\x01"), NAMES),
    "constraints on names without any": (
        with_extension(ExtensionOID.NAME_CONSTRAINTS, b"\x30\x00"),
        ExtensionOID.NAME_CONSTRAINTS,
    ),
    "a critical one that no path needs": (
        with_extension(KEY_ID, b"\x30\x01", critical=TRUE),
        KEY_ID,
    ),
}


TRANSPARENCY = ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS
NEEDED["a critical one under a private arc"] = (
    with_extension(TRANSPARENCY, b"\x30\x01", critical=TRUE),
    TRANSPARENCY,
)
NEEDED["basicConstraints that are none"] = (with_extension(BASIC, b"\x30\x01"), BASIC)


@pytest.mark.parametrize(("change", "oid"), NEEDED.values(), ids=NEEDED)
def test_what_a_path_needs_and_cannot_be_read_makes_it_unsound(change, oid):
    party, _ = odd(change)
    assert unreadable_extensions(party.certificate) == (oid.dotted_string,)
    found = {each.code for each in find_defects((party.certificate, *WHOLE))[0]}
    assert found == {"chain.unknown_critical"}


def test_a_signature_of_a_mended_certificate_passes_and_of_an_unsound_one_does_not():
    mended, _ = odd(MENDED["PrintableString with letters it has not"])
    assert judged(mended).indication is Indication.TOTAL_PASSED
    unsound, _ = odd(NEEDED["constraints on names without any"][0])
    report = judged(unsound)
    assert report.indication is Indication.INDETERMINATE
    assert report.sub_indication is SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE


def test_names_and_keys_are_told_as_they_stand():
    holder = issue("RSA holder", WORLD.issuing, kind="rsa2048")
    party, made = odd(replacing(KEY, negative_modulus), holder)
    fields = elements(elements(made)[0])
    assert key_der(party.certificate) == fields[KEY]
    assert issuer_der(party.certificate) == fields[ISSUER]
    assert subject_der(party.certificate) == fields[SUBJECT]
    good = holder.certificate
    assert party.certificate.public_key() == good.public_key()
    assert key_der(good) == elements(elements(holder.der)[0])[KEY]
    assert (issuer_der(good), subject_der(good)) == (
        good.issuer.public_bytes(),
        good.subject.public_bytes(),
    )


def test_key_agreement_gives_the_other_two_bits_their_meaning():
    party, _ = odd(MENDED["serial number in more octets than it needs"])
    assert not party.certificate.extensions.get_extension_for_class(
        x509.KeyUsage
    ).value.key_agreement
    both = usage("key_agreement", "encipher_only")
    agreeing = issue("Agreeing", WORLD.issuing, (both, True))
    party, _ = odd(MENDED["serial number in more octets than it needs"], agreeing)
    assert party.certificate.extensions.get_extension_for_class(x509.KeyUsage).value == both


def test_an_authority_keeps_its_path_length():
    change = with_extension(BASIC, der.sequence((b"\x01\x01\x01", der.integer(2))), critical=TRUE)
    party, _ = odd(change, authority("Odd authority", WORLD.issuing))
    basic = party.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.value.ca, basic.value.path_length, basic.critical) == (True, 2, True)


def test_a_certificate_of_the_first_version_has_no_extensions():
    def first(fields):
        fields[SERIAL] = b"\x02\x03\x00\x00\x07"
        del fields[EXTENSIONS], fields[0]

    party, _ = odd(first)
    assert party.certificate.serial_number == 7
    assert not unreadable_extensions(party.certificate)


def many_extensions(count):
    def change(fields):
        (listed,) = elements(fields[EXTENSIONS])
        value = der.encode(der.OCTET_STRING, b"\x05\x00")
        more = [der.sequence((der.oid(f"1.2.3.{arc}"), value)) for arc in range(count)]
        own = elements(listed)
        fields[EXTENSIONS] = der.encode(0xA3, der.sequence((*own, *more)))
        fields[SERIAL] = b"\x02\x02\x00\x07"

    return change


def test_mending_has_bounds():
    assert mend(signed_again(signer(), many_extensions(8)))
    assert not mend(signed_again(signer(), many_extensions(64)))
    deep = signed_again(signer(), replacing(SUBJECT, nested(30, text_in_name(0x13, LATIN_1))))
    assert mend(deep)
    assert not mend(b"\x30" * 70_000)
    assert not mend(b"\x30\x00")
    assert not mend(signer().der[:-1])


def nested(depth, inside):
    for _ in range(depth):
        inside = der.sequence((inside,))
    return inside


@pytest.mark.parametrize(
    "extension",
    [
        der.sequence((der.oid("1.2.3"), TRUE, TRUE, b"\x04\x00")),
        der.sequence((der.oid("1.2.3"), b"\x05\x00", b"\x04\x00")),
        der.sequence((b"\x02\x01\x07", b"\x04\x00")),
        der.sequence((der.oid("1.2.3"), b"\x05\x00")),
    ],
)
def test_what_is_no_extension_is_not_mended(extension):
    def change(fields):
        fields[EXTENSIONS] = der.encode(0xA3, der.sequence((extension,)))

    assert not mend(signed_again(signer(), change))


@pytest.mark.parametrize(("content", "told"), [(b"", ""), (b"\x2a\x83", "2a83")])
def test_an_identifier_that_is_none_is_told_as_it_stands(content, told):
    made = der.sequence((der.encode(der.OID, content), TRUE, b"\x04\x00"))

    def change(fields):
        fields[EXTENSIONS] = der.encode(0xA3, der.sequence((made,)))

    assert unreadable_extensions(odd(change)[0].certificate) == (told,)


ODD_ONES = [signed_again(signer(), change) for change in MENDED.values()]


@given(
    st.sampled_from(ODD_ONES), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=3)
)
def test_whatever_it_is_nothing_but_our_error_comes_out(made, flips):
    data = bytearray(made)
    for place, value in flips:
        data[place % len(data)] = value
    try:
        certificate = read_certificate(bytes(data))
    except MalformedObjectError:
        assert flips
        return
    assert original_der(certificate) == bytes(data)
    assert len(fingerprint(certificate)) == 64
    list(not_understood(certificate))


def test_a_certificate_cannot_say_that_it_was_mended():
    mended = mend(odd(MENDED["TeletexString in Latin-1"])[1])
    assert readable_as_it_stands(mended)
    assert not mend(mended)
    with pytest.raises(MalformedObjectError):
        read_certificate(mended)
    assert not list(readable((mended,)))


def test_the_signer_named_in_other_string_types_is_found():
    """RFC 5280 §7.1: a name is the same whatever type its text is in."""
    data = sign(make_pdf())
    start = data.rindex(b"/Contents <") + len(b"/Contents <")
    token = read_token(bytes.fromhex(data[start : data.index(b">", start)].decode()))
    issuer, serial = token._issuer_and_serial
    printable = text_in_name(0x13, b"Issuing")
    assert printable != issuer
    for named, found in (
        ((printable, serial), WORLD.official.certificate),
        ((printable, serial + 1), None),
        ((text_in_name(0x13, b"Else"), serial), None),
        ((b"\x30\x01", serial), None),
    ):
        assert replace(token, _issuer_and_serial=named).signer(()) == found


@pytest.mark.parametrize("serial", [b"\x02\x01\x00", b"\x02\x01\x8f", b"\x02\x01\x0d"])
def test_mending_one_with_an_odd_number_warns_of_nothing(serial):
    def change(fields):
        fields[SERIAL] = serial
        MENDED["notice to the user"](fields)

    party, made = odd(change)
    with quietly():
        assert party.certificate.serial_number == int.from_bytes(serial[2:], signed=True)
    assert original_der(party.certificate) == made
