"""Writes and signs trusted lists for the tests: lxml and cryptography, nothing of `verify`."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree
from lxml.builder import ElementMaker
from unit.verify.verify_pki import BORN, DAY, SIGNED, YEAR, Party, issue, usage

TSL = "http://uri.etsi.org/02231/v2#"
ADD = "http://uri.etsi.org/02231/v2/additionaltypes#"
SIE = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
ENVELOPED = f"{DS}enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
DIGESTS = {
    "sha1": (f"{DS}sha1", hashes.SHA1()),  # noqa: S303  the weak one
    "sha256": ("http://www.w3.org/2001/04/xmlenc#sha256", hashes.SHA256()),
    "sha384": (f"{MORE}sha384", hashes.SHA384()),
    "sha512": ("http://www.w3.org/2001/04/xmlenc#sha512", hashes.SHA512()),
}
TYPE = "http://uri.etsi.org/TrstSvc/Svctype/"
STATUS = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
OLD_STATUS = "http://uri.etsi.org/TrstSvc/eSigDir-1999-93-EC-TrustedList/Svcstatus/"
INFO = "http://uri.etsi.org/TrstSvc/TrustedList/SvcInfoExt/"
LIST = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/"

T = ElementMaker(namespace=TSL, nsmap={None: TSL, "ds": DS, "add": ADD, "q": SIE})
A = ElementMaker(namespace=ADD, nsmap={"add": ADD})
Q = ElementMaker(namespace=SIE, nsmap={"q": SIE})
D = ElementMaker(namespace=DS, nsmap={"ds": DS})
X = ElementMaker(namespace=XADES, nsmap={"xades": XADES, "ds": DS})


def operator(common: str = "List operator", **options) -> Party:
    """Return one who signs lists."""
    return issue(common, None, (usage("digital_signature"), True), **options)


def z(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def b64(data: bytes) -> str:
    return b64encode(data).decode()


@dataclass(frozen=True)
class Told:
    """What a list tells of a service from one moment on."""

    status: str = "granted"
    since: datetime = BORN
    kind: str = "CA/QC"
    additional: tuple[str, ...] = ()
    qualifiers: tuple[str, ...] = ()
    prefix: str = STATUS


@dataclass(frozen=True)
class Serving:
    """A service: its certificates, and what is told of it, the present first."""

    parties: tuple[Party, ...]
    told: tuple[Told, ...] = (Told(),)
    name: str = "Issuing certificates"
    provider: str = "Provider"


@dataclass(frozen=True)
class Elsewhere:
    """A pointer to another list."""

    url: str
    signers: tuple[Party, ...]
    territory: str = "VN"
    kind: str = "EUgeneric"
    mime: str | None = "application/vnd.etsi.tsl+xml"


def _names(tag: str, *texts: str):
    made = T(tag)
    for text in texts:
        made.append(T.Name(text, {LANG: "en"}))
    return made


def _identity(parties: tuple[Party, ...]):
    made = T.ServiceDigitalIdentity()
    for party in parties:
        made.append(T.DigitalId(T.X509Certificate(b64(party.der))))
    return made


def _extensions(told: Told):
    made = T.ServiceInformationExtensions()
    for uri in told.additional:
        inner = T.AdditionalServiceInformation(T.URI(f"{INFO}{uri}", {LANG: "en"}))
        made.append(T.Extension(inner, Critical="true"))
    if told.qualifiers:
        qualifiers = [Q.Qualifier(uri=f"{INFO}{uri}") for uri in told.qualifiers]
        element = Q.QualificationElement(Q.Qualifiers(*qualifiers), Q.CriteriaList())
        made.append(T.Extension(Q.Qualifications(element), Critical="true"))
    return made


def _about(tag: str, name: str, told: Told, identity):
    return T(
        tag,
        T.ServiceTypeIdentifier(f"{TYPE}{told.kind}"),
        _names("ServiceName", name),
        identity,
        T.ServiceStatus(f"{told.prefix}{told.status}"),
        T.StatusStartingTime(z(told.since)),
        _extensions(told),
    )


def _service(serving: Serving):
    now, *before = serving.told
    made = T.TSPService(_about("ServiceInformation", serving.name, now, _identity(serving.parties)))
    history = T.ServiceHistory()
    for told in before:
        nameless = T.ServiceDigitalIdentity(T.DigitalId(T.X509SubjectName("CN=as now")))
        history.append(_about("ServiceHistoryInstance", serving.name, told, nameless))
    made.append(history)
    return made


def _pointer(elsewhere: Elsewhere):
    told = [T.TSLType(f"{LIST}{elsewhere.kind}"), T.SchemeTerritory(elsewhere.territory)]
    if elsewhere.mime:
        told.append(A.MimeType(elsewhere.mime))
    return T.OtherTSLPointer(
        T.ServiceDigitalIdentities(_identity(elsewhere.signers)),
        T.TSLLocation(elsewhere.url),
        T.AdditionalInformation(*(T.OtherInformation(one) for one in told)),
    )


def make_list(
    *services: Serving,
    version: str = "5",
    sequence: int = 7,
    territory: str = "VN",
    kind: str = "EUgeneric",
    issued: datetime = SIGNED - DAY,
    next_update: datetime | None = SIGNED + YEAR / 2,
    pointers: tuple[Elsewhere, ...] = (),
    pages: tuple[str, ...] = (),
):
    """Return a list that is not signed yet."""
    update = T.NextUpdate() if next_update is None else T.NextUpdate(T.dateTime(z(next_update)))
    root = T.TrustServiceStatusList(
        T.SchemeInformation(
            T.TSLVersionIdentifier(version),
            T.TSLSequenceNumber(str(sequence)),
            T.TSLType(f"{LIST}{kind}"),
            _names("SchemeOperatorName", "Operator"),
            T.SchemeInformationURI(*(T.URI(page, {LANG: "en"}) for page in pages)),
            T.SchemeTerritory(territory),
            T.PointersToOtherTSL(*(_pointer(one) for one in pointers)),
            T.ListIssueDateTime(z(issued)),
            update,
        ),
        T.TrustServiceProviderList(
            *(
                T.TrustServiceProvider(
                    T.TSPInformation(_names("TSPName", one.provider)), T.TSPServices(_service(one))
                )
                for one in services
            )
        ),
        Id="list",
        TSLTag="http://uri.etsi.org/19612/TSLTag",
    )
    for each in root.iter():
        each.tail = "\n"
    root.tail = None
    return root


def digest(name: str, data: bytes) -> str:
    hasher = hashes.Hash(DIGESTS[name][1])
    hasher.update(data)
    return b64(hasher.finalize())


def c14n(element, *, exclusive: bool = True) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False)


def reference(uri: str, value: str, algorithm: str, *transforms: str, **more: str):
    made = D.Reference(URI=uri, **more)
    if transforms:
        made.append(D.Transforms(*(D.Transform(Algorithm=one) for one in transforms)))
    made.append(D.DigestMethod(Algorithm=DIGESTS[algorithm][0]))
    made.append(D.DigestValue(value))
    return made


@dataclass(frozen=True)
class Manner:
    """How a list is signed; the defaults are how lists are."""

    scheme: str = "ecdsa"
    algorithm: str = "sha256"
    uri: str = ""
    transforms: tuple[str, ...] = (ENVELOPED, EXCLUSIVE)
    own_transforms: tuple[str, ...] = (EXCLUSIVE,)
    signed_at: datetime = SIGNED - DAY
    named: Party | None = None
    """Whom the signed properties name; None: who signs."""
    named_by: str = "sha256"
    old_form: bool = False
    """SigningCertificate as before 2016."""
    shown: tuple[Party, ...] | None = None
    method: str | None = None


def sign_list(root, signer: Party, manner: Manner | None = None) -> bytes:
    """Sign a list in place, and return the file."""
    how = manner or Manner()
    named = how.named or signer
    certificate = X.Cert(
        X.CertDigest(
            D.DigestMethod(Algorithm=DIGESTS[how.named_by][0]),
            D.DigestValue(digest(how.named_by, named.der)),
        )
    )
    form = X.SigningCertificate if how.old_form else X.SigningCertificateV2
    properties = X.SignedProperties(
        X.SignedSignatureProperties(X.SigningTime(z(how.signed_at)), form(certificate)),
        Id="properties",
    )
    shown = (signer,) if how.shown is None else how.shown
    signature = D.Signature(
        D.SignedInfo(),
        D.SignatureValue(),
        D.KeyInfo(*(D.X509Data(D.X509Certificate(b64(one.der))) for one in shown)),
        D.Object(X.QualifyingProperties(properties, Target="#signature")),
        Id="signature",
    )
    whole = digest(how.algorithm, c14n(root))
    root.append(signature)
    own = digest(how.algorithm, c14n(properties, exclusive=bool(how.own_transforms)))
    info = signature[0]
    info.append(D.CanonicalizationMethod(Algorithm=EXCLUSIVE))
    info.append(D.SignatureMethod(Algorithm=how.method or method_of(how)))
    info.append(reference(how.uri, whole, how.algorithm, *how.transforms))
    info.append(reference("#properties", own, how.algorithm, *how.own_transforms, Type=PROPERTIES))
    signature[1].text = b64(sign_octets(signer.key, how, c14n(info)))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def resign(root, signer: Party, manner: Manner | None = None) -> bytes:
    """Sign the SignedInfo that is there anew: an operator who signs something odd."""
    signature = root.find(f"{{{DS}}}Signature")
    value = sign_octets(signer.key, manner or Manner(), c14n(signature[0]))
    signature[1].text = b64(value)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def method_of(how: Manner) -> str:
    match how.scheme:
        case "ed25519":
            return "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"
        case "pss":
            return f"http://www.w3.org/2007/05/xmldsig-more#{how.algorithm}-rsa-MGF1"
        case "rsa" if how.algorithm == "sha1":
            return f"{DS}rsa-sha1"
        case scheme:
            return f"{MORE}{scheme}-{how.algorithm}"


def sign_octets(key, how: Manner, data: bytes) -> bytes:
    algorithm = DIGESTS[how.algorithm][1]
    match key:
        case ed25519.Ed25519PrivateKey():
            return key.sign(data)
        case ec.EllipticCurvePrivateKey():
            r, s = decode_dss_signature(key.sign(data, ec.ECDSA(algorithm)))
            size = (key.key_size + 7) // 8
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        case _ if how.scheme == "pss":
            pss = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
            return key.sign(data, pss, algorithm)
        case _:
            return key.sign(data, padding.PKCS1v15(), algorithm)


HOUR = timedelta(hours=1)
