"""The one form in which a trusted list may be signed, and no other: XAdES, enveloped.

1. the root has one ds:Signature, and there is none elsewhere;
2. its SignedInfo names two things: the whole list (the root itself, by "" or by its identity) with
   the enveloped-signature transform and exclusive C14N, and the signature's own SignedProperties;
   what is named by an identity is the only element with it, and stands where it must;
3. the signer's certificate stands in KeyInfo, in the signed properties (by digest), and among
   those that are given: no path is looked for;
4. the algorithms are good enough today;
5. SignedInfo verifies with its key, then both digests match;
6. it was valid when it signed, as the signed properties tell.

What is returned are the octets whose digest was signed. The list is read from them and from
nothing else, so no second reading of the file can differ (signature wrapping). Nothing is fetched.

Spec: ETSI TS 119 612 §5.7, Annex B; ETSI EN 319 132-1; W3C XML Signature 1.1 §3.2, §4.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.errors.tree import Fact, phrase
from verify.certificate import attribute
from verify.errors import (
    ListAlteredError,
    ListSignatureFormError,
    ListSignerError,
    ListUnsignedError,
    ListWeakError,
    MalformedObjectError,
)
from verify.lists.signers import decoded, signers_in
from verify.lists.xml import (
    DS,
    XADES,
    Element,
    canonical,
    identified,
    moment_of,
    take_out,
    text_of,
)
from verify.policy import default_policy
from verify.quiet import quietly
from verify.rules.algorithms import judge_algorithm
from verify.signature_value import Scheme, compute_digest, hash_with, signature_verifies

_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_OF_2007 = "http://www.w3.org/2007/05/xmldsig-more#"

_DIGESTS = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    f"{_MORE}sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
_SALTS = {"sha256": 32, "sha384": 48, "sha512": 64}
_SCHEMES = {
    f"{DS[1:-1]}rsa-sha1": Scheme("rsassa-pkcs1v15", "sha1"),
    f"{_MORE}ecdsa-sha1": Scheme("ecdsa", "sha1", plain=True),
    **{f"{_MORE}rsa-{name}": Scheme("rsassa-pkcs1v15", name) for name in _SALTS},
    **{f"{_MORE}ecdsa-{name}": Scheme("ecdsa", name, plain=True) for name in _SALTS},
    **{
        f"{_OF_2007}{name}-rsa-MGF1": Scheme("rsassa-pss", name, salt, name)
        for name, salt in _SALTS.items()
    },
    "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519": Scheme("ed25519", "sha512"),
}
"""RFC 9231 §2.3; SHA-1 so that the policy can refuse it by name."""
_ATTRIBUTES = 64
"""And namespaces, of one element of SignedInfo."""
_CERTIFICATES = 8
"""In KeyInfo, and as many digests of them in the signed properties."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed, and by whom."""

    octets: bytes
    """The list in canonical form, without its signature."""
    signer: x509.Certificate
    signed_at: datetime
    """As the signer says."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """A signature's elements, each where it must be."""

    signature: Element
    info: Element
    properties: Element
    whole: Element
    """Reference of the whole list."""
    own: Element
    """Reference of the signed properties."""


def check_signature(
    root: Element, *, signers: Collection[x509.Certificate], at: datetime, name: str
) -> Signed:
    """Return what is signed of a list, and by which of its permitted signers; changes `root`.

    Args:
        root: the list's root element; its signature is taken out of it.
        signers: who may have signed it.
        at: now, for the algorithms.
        name: what to call it in errors.

    Raises:
        ListUnsignedError: it has no signature.
        ListSignatureFormError: it is signed in another form, or something else is.
        ListSignerError: somebody else signed it, or the certificate was not valid then.
        ListWeakError: an algorithm or key that is not accepted today.
        ListAlteredError: signature or digest do not fit what is there.
        ListMalformedError: it has no canonical form, or no base64 where there must be.
    """
    parts = _parts(root, name)
    signer = _signer(parts, signers, name)
    _check_algorithms(parts, signer, at, name)
    _check_value(parts, signer, name)
    _check_digest(parts.own, canonical(parts.properties, name, exclusive=_exclusive(parts)), name)
    signed_at = moment_of(_signing_time(parts), name)
    if not signer.not_valid_before_utc <= signed_at <= signer.not_valid_after_utc:
        raise ListSignerError(name=name, signer=_called(signer))
    take_out(parts.signature)
    octets = canonical(root, name)
    _check_digest(parts.whole, octets, name)
    return Signed(octets, signer, signed_at)


# 1 and 2: the form


def _parts(root: Element, name: str) -> _Parts:
    signatures = [each for each in root if each.tag == f"{DS}Signature"]
    if not signatures:
        raise ListUnsignedError(name=name)
    signature = signatures[0]
    if len(list(root.iter(f"{DS}Signature"))) != 1:
        raise _other_form(name, "signatures")
    wanted = [f"{DS}{each}" for each in ("SignedInfo", "SignatureValue", "KeyInfo", "Object")]
    info, *_, an_object = _exactly(signature, wanted, name)
    (qualifying,) = _exactly(an_object, [f"{XADES}QualifyingProperties"], name)
    if not len(qualifying) or qualifying[0].tag != f"{XADES}SignedProperties":
        raise _other_form(name, "no_properties")
    if qualifying.get("Target") != f"#{signature.get('Id')}":
        raise _other_form(name, "other_properties")
    names = ("CanonicalizationMethod", "SignatureMethod", "Reference", "Reference")
    # Canonicalization sorts attributes one by one, and is done before anything is verified.
    if any(len(each.attrib) > _ATTRIBUTES or len(each.nsmap) > _ATTRIBUTES for each in info.iter()):
        raise _other_form(name, "content", where="SignedInfo")
    form, _, *references = _exactly(info, [f"{DS}{each}" for each in names], name)
    _is_algorithm(form, _EXCLUSIVE, name)
    references.sort(key=lambda each: each.get("Type") == _SIGNED_PROPERTIES)
    parts = _Parts(signature, info, qualifying[0], *references)
    _check_whole(root, parts.whole, name)
    _check_own(root, parts, name)
    return parts


def _other_form(name: str, what: str, **facts: Fact) -> ListSignatureFormError:
    return ListSignatureFormError(name=name, reason=phrase(f"verify.list_reason.{what}", **facts))


def _exactly(parent: Element, tags: list[str], name: str) -> list[Element]:
    if [each.tag for each in parent] != tags:
        where = parent.tag.rpartition("}")[2]
        raise _other_form(name, "content", where=where)
    return list(parent)


def _is_algorithm(element: Element, wanted: str, name: str) -> None:
    if element.get("Algorithm") != wanted or len(element):
        raise _other_form(name, "transform")


def _check_whole(root: Element, reference: Element, name: str) -> None:
    identity = reference.get("URI")
    if identity is None or reference.get("Type"):
        raise _other_form(name, "signs_other")
    if identity and not _means(root, identity, root):
        raise _other_form(name, "not_the_list")
    transforms = _transforms(reference, name)
    if len(transforms) != 2:
        raise _other_form(name, "transform")
    for transform, wanted in zip(transforms, (_ENVELOPED, _EXCLUSIVE), strict=True):
        _is_algorithm(transform, wanted, name)


def _check_own(root: Element, parts: _Parts, name: str) -> None:
    identity = parts.own.get("URI")
    typed = parts.own.get("Type") == _SIGNED_PROPERTIES
    if not typed or not identity or not _means(root, identity, parts.properties):
        raise _other_form(name, "unsigned_properties")
    transforms = _transforms(parts.own, name)
    if len(transforms) > 1:
        raise _other_form(name, "transform")
    for transform in transforms:
        _is_algorithm(transform, _EXCLUSIVE, name)


def _means(root: Element, uri: str, element: Element) -> bool:
    return uri.startswith("#") and identified(root, uri[1:]) == [element]


def _transforms(reference: Element, name: str) -> list[Element]:
    first = reference[0] if len(reference) else None
    if first is None or first.tag != f"{DS}Transforms":
        _exactly(reference, [f"{DS}DigestMethod", f"{DS}DigestValue"], name)
        return []
    _exactly(
        reference, [f"{DS}{each}" for each in ("Transforms", "DigestMethod", "DigestValue")], name
    )
    return _exactly(first, [f"{DS}Transform"] * len(first), name)


def _exclusive(parts: _Parts) -> bool:
    """Without a transform, what is referenced is canonicalized inclusively (§4.4.3.2)."""
    return bool(parts.own[0].tag == f"{DS}Transforms")


# 3: the signer


def _signer(parts: _Parts, signers: Collection[x509.Certificate], name: str) -> x509.Certificate:
    path = f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate"
    with quietly():
        shown = parts.signature.findall(path)[:_CERTIFICATES]
        certificates = tuple(signers_in(shown, name))
        for certificate in certificates:
            if certificate in signers and _is_named(certificate, parts.properties, name):
                return certificate
    raise ListSignerError(name=name, signer=_called(*certificates[:1]))


def _is_named(certificate: x509.Certificate, properties: Element, name: str) -> bool:
    """Say whether the signed properties name a certificate, in the form of today or before 2016."""
    der = certificate.public_bytes(Encoding.DER)
    own = f"{XADES}SignedSignatureProperties"
    for form in ("SigningCertificateV2", "SigningCertificate"):
        for digest in properties.findall(f"{own}/{XADES}{form}/{XADES}Cert/{XADES}CertDigest")[
            :_CERTIFICATES
        ]:
            # SHA-1 does: it tells which of the permitted certificates it is, and binds nothing.
            algorithm = _DIGESTS.get(_algorithm(digest, "DigestMethod"), "")
            value = digest.find(f"{DS}DigestValue")
            if value is not None and hash_with(algorithm, der) == _octets(value, name):
                return True
    return False


def _called(*certificates: x509.Certificate) -> str:
    for certificate in certificates:
        subject = certificate.subject
        return attribute(subject, x509.NameOID.COMMON_NAME) or subject.rfc4514_string()
    return "?"


# 4 and 5: cryptography


def _check_algorithms(parts: _Parts, signer: x509.Certificate, at: datetime, name: str) -> None:
    method = _algorithm(parts.info, "SignatureMethod")
    scheme = _SCHEMES.get(method)
    if scheme is None:
        raise ListWeakError(name=name, algorithm=method.rpartition("#")[2][:60])
    digests = []
    for reference in (parts.whole, parts.own):
        found = _algorithm(reference, "DigestMethod")
        digests.append(_DIGESTS.get(found) or found.rpartition("#")[2][:60])
    algorithm = scheme.algorithm(signer)
    for _ in judge_algorithm(
        algorithm, policy=default_policy(), existed_by=at, digests=tuple(digests)
    ):
        named = " ".join(dict.fromkeys((algorithm.name, *digests)))
        raise ListWeakError(name=name, algorithm=f"{named}, {algorithm.key_bits}")


def _check_value(parts: _Parts, signer: x509.Certificate, name: str) -> None:
    scheme = _SCHEMES[_algorithm(parts.info, "SignatureMethod")]
    value = _octets(parts.signature[1], name)
    try:
        verifies = signature_verifies(signer, scheme, value, data=canonical(parts.info, name))
    except MalformedObjectError as error:
        raise ListAlteredError(name=name) from error
    if not verifies:
        raise ListAlteredError(name=name)


def _check_digest(reference: Element, octets: bytes, name: str) -> None:
    digest = _DIGESTS[_algorithm(reference, "DigestMethod")]
    if compute_digest(digest, (octets,)) != _octets(reference[-1], name):
        raise ListAlteredError(name=name)


def _algorithm(parent: Element, child: str) -> str:
    found = parent.find(f"{DS}{child}")
    return "" if found is None else str(found.get("Algorithm") or "")


def _octets(element: Element, name: str) -> bytes:
    return decoded((element,), name)[0]


def _signing_time(parts: _Parts) -> str | None:
    return text_of(parts.properties, f"{XADES}SignedSignatureProperties/{XADES}SigningTime")
