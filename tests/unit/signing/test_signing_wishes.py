"""Forms, roles, commitments, certification, locks, seed values, owners: asked, obeyed, refused."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from pkcs11 import Mechanism
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.cades_asn1 import CommitmentTypeIndication, SignerAttributesV2
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SeedLockDocument,
    SeedSignatureType,
    SigCertConstraintFlags,
    SigCertConstraints,
    SigFieldSpec,
    SigSeedSubFilter,
    SigSeedValFlags,
    SigSeedValueSpec,
    append_signature_field,
)
from unit.signing.signing_world import (
    TSA_URL,
    UNLISTED,
    World,
    change_page,
    make_key,
    make_pdf,
    wide_policy,
)

from hsm.cryptoki.rsa import TokenRSAKey
from hsm.cryptoki.signer import RawSigner
from pki.errors.tree import PKIError
from signing.display.profile import load_display
from signing.errors.documents import (
    CertifyNotFirstError,
    DocumentLockedError,
    FormLacksError,
    LockDiffersError,
    LockTooLateError,
    ReasonAndCommitmentError,
    SeedValueError,
)
from signing.errors.fields import FieldNumberError, FieldTakenError
from signing.errors.standing import OwnerUnreadableError, WrongOwnerError
from signing.fields import list_fields
from signing.options import (
    Commitment,
    FieldLock,
    Form,
    Level,
    LockAction,
    Permission,
    SigningOptions,
)
from signing.owner import check_owner
from signing.rule import explain
from signing.sign import SignedDocument, sign_document
from verify.indication import Indication
from verify.policy import default_policy

QUIET = SigningOptions(display=load_display("none"), tsa_url=TSA_URL)
LIMITS = default_policy().limits


def sign(world: World | None = None, data: bytes | None = None, **changed: object):
    world = world or World()
    return sign_document(
        make_pdf() if data is None else data,
        signer=world.signer(),
        options=replace(QUIET, **changed),
        services=world.services(),
    )


def refused(kind: type[PKIError], data: bytes | None = None, **changed: object) -> PKIError:
    """Return the refusal; the key must not have been opened for it."""
    world = World()
    with pytest.raises(kind) as caught:
        sign(world, data, **changed)
    assert world.key_openings == 0
    return caught.value


def dictionary(done: SignedDocument, field: str | None = None):
    reader = PdfFileReader(BytesIO(done.data))
    wanted = field or done.field_name
    (found,) = (
        each for each in reader.embedded_signatures if each.field_name == wanted
    )  # fmt: skip
    return found


def attributes(done: SignedDocument) -> dict[str, object]:
    (info,) = cms.ContentInfo.load(dictionary(done).pkcs7_content)["content"]["signer_infos"]
    return {each["type"].dotted: each["values"][0] for each in info["signed_attrs"]}


def with_field(data: bytes, name: str = "Seal", **more: object) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(data))
    append_signature_field(writer, SigFieldSpec(name, box=(100, 100, 300, 160), **more))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ec-p384", "ed25519", "ml-dsa-65"])
@pytest.mark.parametrize("level", [Level.B_B, Level.B_T])
def test_the_older_form_is_valid_with_each_key(kind, level):
    world = World(kind, policy=wide_policy() if kind in UNLISTED else default_policy())
    done = sign(world, form=Form.PKCS7, level=level)
    (made,) = done.report.signatures
    assert made.indication is Indication.TOTAL_PASSED
    assert made.sub_filter == "/adbe.pkcs7.detached"
    assert made.level is None
    assert len(made.timestamps) == (level is Level.B_T)
    assert done.choice.form is Form.PKCS7
    assert "1.2.840.113549.1.9.5" in attributes(done)


def test_pades_has_no_signing_time_attribute():
    done = sign()
    assert done.choice.form is Form.PADES
    assert "1.2.840.113549.1.9.5" not in attributes(done)


@pytest.mark.parametrize(
    ("changed", "wish"),
    [
        ({"level": Level.B_LT}, "B-LT"),
        ({"level": Level.B_LTA}, "B-LTA"),
        ({"role": "Chủ tịch"}, "role"),
        ({"commitment": Commitment.APPROVAL}, "commitment"),
    ],
)
def test_the_older_form_cannot_carry_everything(changed, wish):
    error = refused(FormLacksError, form=Form.PKCS7, **changed)
    assert error.facts == {"form": "adbe.pkcs7.detached", "wish": wish}


def test_a_role_is_a_claimed_title():
    found = attributes(sign(role="Chủ tịch Ủy ban nhân dân"))["0.4.0.19122.1.1"]
    claimed = SignerAttributesV2.load(found.dump())["claimed_attributes"]
    assert [(each["type"].dotted, each["values"][0].native) for each in claimed] == [
        ("2.5.4.12", "Chủ tịch Ủy ban nhân dân")
    ]


@pytest.mark.parametrize("commitment", list(Commitment))
def test_a_commitment_is_named_by_the_standards_name(commitment):
    found = attributes(sign(commitment=commitment))["1.2.840.113549.1.9.16.2.16"]
    told = CommitmentTypeIndication.load(found.dump())["commitment_type_id"].native
    assert told == f"proof_of_{commitment}"


def test_a_reason_and_a_commitment_exclude_each_other():
    """EN 319 142-1 §6.3."""
    error = refused(ReasonAndCommitmentError, reason="Duyệt", commitment=Commitment.APPROVAL)
    assert error.facts == {"reason": "Duyệt", "commitment": "approval"}
    done = sign(reason="Duyệt", location="Hòa Bình", contact="vp@hoabinh.gov.vn")
    found = dictionary(done).sig_object
    told = [found[key] for key in ("/Reason", "/Location", "/ContactInfo")]
    assert told == ["Duyệt", "Hòa Bình", "vp@hoabinh.gov.vn"]


@pytest.mark.parametrize("permission", list(Permission))
def test_a_certification_says_what_may_follow(permission):
    data = with_field(make_pdf())
    done = sign(data=data, certify=permission)
    reference = dictionary(done).sig_object["/Reference"][0]
    assert reference["/TransformMethod"] == "/DocMDP"
    assert reference["/TransformParams"]["/P"] == permission
    assert PdfFileReader(BytesIO(done.data)).root["/Perms"]["/DocMDP"]["/Type"] == "/Sig"
    if permission is Permission.NO_CHANGES:
        error = refused(DocumentLockedError, done.data, field_name="Seal")
        assert error.facts == {"field": "Signature1"}
    else:
        second = sign(data=done.data, field_name="Seal")
        first = next(iter(second.report.signatures))
        assert first.changes_after == "none"


def test_only_the_first_signature_certifies():
    first = sign(data=with_field(make_pdf()))
    error = refused(
        CertifyNotFirstError, first.data, field_name="Seal", certify=Permission.FORM_FILLING
    )
    assert error.facts == {"field": "Signature1"}


@pytest.mark.parametrize(
    ("lock", "locked"),
    [
        (FieldLock(), True),
        (FieldLock(LockAction.INCLUDE, ("Seal",)), True),
        (FieldLock(LockAction.EXCLUDE, ("Other",)), True),
        (FieldLock(LockAction.INCLUDE, ("Other",)), False),
        (FieldLock(LockAction.EXCLUDE, ("Seal",)), False),
        (FieldLock(LockAction.INCLUDE, (), Permission.NO_CHANGES), True),
        (FieldLock(LockAction.INCLUDE, (), Permission.FORM_FILLING), False),
    ],
)
def test_a_lock_is_written_and_then_obeyed(lock, locked):
    world = World()
    done = sign(world, with_field(make_pdf()), lock=lock)
    found = dictionary(done)
    assert found.sig_object["/Reference"][0]["/TransformMethod"] == "/FieldMDP"
    assert found.sig_field["/Lock"]["/Action"] == f"/{lock.action}"
    assert found.sig_field["/Lock"].get("/P") == lock.permission
    if locked:
        assert refused(DocumentLockedError, done.data, field_name="Seal").facts == {
            "field": "Signature1"
        }
    else:
        second = sign(world, done.data, field_name="Seal")
        assert {each.indication for each in second.report.signatures} == {Indication.TOTAL_PASSED}


@pytest.mark.parametrize("prepared", [True, False])
def test_a_seal_that_locks_all_with_p_1_ends_a_document(prepared):
    """Vietnam's order: the leader signs, the seal locks everything; the field brings the lock."""
    lock = FieldMDPSpec(FieldMDPAction.ALL)
    brought = {"field_mdp_spec": lock, "doc_mdp_update_value": MDPPerm.NO_CHANGES}
    data = with_field(with_field(make_pdf(), "Leader"), **(brought if prepared else {}))
    world = World()
    leader = sign(world, data, field_name="Leader")
    asked = FieldLock(permission=Permission.NO_CHANGES)
    if not prepared:
        error = refused(LockTooLateError, leader.data, field_name="Seal", lock=asked)
        assert error.facts == {"field": "Seal"}
        asked = FieldLock()
    seal = sign(world, leader.data, field_name="Seal", lock=asked)
    assert {each.indication for each in seal.report.signatures} == {Indication.TOTAL_PASSED}
    if prepared:
        refused(DocumentLockedError, seal.data)


def test_a_new_field_brings_its_lock_after_other_signatures_too():
    world = World()
    first = sign(world)
    second = sign(world, first.data, lock=FieldLock(permission=Permission.NO_CHANGES))
    assert {each.indication for each in second.report.signatures} == {Indication.TOTAL_PASSED}
    refused(DocumentLockedError, second.data)


def test_the_lock_a_field_brings_is_obeyed():
    spec = FieldMDPSpec(FieldMDPAction.INCLUDE, ["Seal"])
    data = with_field(
        make_pdf(), "Leader", field_mdp_spec=spec, doc_mdp_update_value=MDPPerm.FILL_FORMS
    )
    done = sign(data=data, field_name="Leader")
    parameters = dictionary(done).sig_object["/Reference"][0]["/TransformParams"]
    assert (parameters["/Action"], parameters["/Fields"]) == ("/Include", ["Seal"])
    assert dictionary(done).sig_field["/Lock"]["/P"] == 2


@pytest.mark.parametrize(
    ("own", "asked", "taken"),
    [
        (FieldMDPSpec(FieldMDPAction.ALL), FieldLock(LockAction.INCLUDE, ("A",)), None),
        (FieldMDPSpec(FieldMDPAction.INCLUDE, ["A"]), FieldLock(), "/All"),
        (
            FieldMDPSpec(FieldMDPAction.INCLUDE, ["A"]),
            FieldLock(LockAction.INCLUDE, ("A", "B")),
            "/Include",
        ),
        (FieldMDPSpec(FieldMDPAction.INCLUDE, ["A"]), FieldLock(LockAction.INCLUDE, ("B",)), None),
        (
            FieldMDPSpec(FieldMDPAction.EXCLUDE, ["A", "B"]),
            FieldLock(LockAction.EXCLUDE, ("A",)),
            "/Exclude",
        ),
        (FieldMDPSpec(FieldMDPAction.EXCLUDE, ["A"]), FieldLock(LockAction.EXCLUDE, ("B",)), None),
    ],
)
def test_a_lock_asked_for_may_only_be_stricter_than_the_fields(own, asked, taken):
    data = with_field(make_pdf(), "Leader", field_mdp_spec=own)
    if taken is None:
        error = refused(LockDiffersError, data, field_name="Leader", lock=asked)
        assert error.facts["field"] == "Leader"
    else:
        done = sign(data=data, field_name="Leader", lock=asked)
        reference = dictionary(done).sig_object["/Reference"][0]
        assert reference["/TransformParams"]["/Action"] == taken


def seeded(**values: object) -> bytes:
    return with_field(make_pdf(), "S", seed_value_dict=SigSeedValueSpec(**values))


SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
F = SigSeedValFlags
MDP = SeedSignatureType


@pytest.mark.parametrize(
    ("values", "meets", "misses", "entry"),
    [
        (
            {"subfilters": [SigSeedSubFilter.ADOBE_PKCS7_DETACHED], "flags": F.SUBFILTER},
            {"form": Form.PKCS7},
            {"form": Form.PADES},
            "SubFilter",
        ),
        ({"digest_methods": ["sha512"], "flags": F.DIGEST_METHOD}, None, {}, "DigestMethod"),
        ({"reasons": ["A", "B"], "flags": F.REASONS}, {"reason": "B"}, {"reason": "C"}, "Reasons"),
        ({"reasons": ["A"], "flags": F.REASONS}, {"reason": "A"}, {}, "Reasons"),
        ({"reasons": ["."], "flags": F.REASONS}, {}, {"reason": "A"}, "Reasons"),
        (
            {"seed_signature_type": MDP(MDPPerm.FILL_FORMS)},
            {"certify": Permission.FORM_FILLING},
            {"certify": Permission.ANNOTATIONS},
            "MDP",
        ),
        ({"seed_signature_type": MDP(None)}, {}, {"certify": Permission.ANNOTATIONS}, "MDP"),
        (
            {"lock_document": SeedLockDocument.DO_NOT_LOCK, "flags": F.LOCK_DOCUMENT},
            {},
            {"lock": FieldLock(permission=Permission.NO_CHANGES)},
            "LockDocument",
        ),
        (
            {"lock_document": SeedLockDocument.LOCK, "flags": F.LOCK_DOCUMENT},
            {},
            {"lock": FieldLock(permission=Permission.ANNOTATIONS)},
            "LockDocument",
        ),
        ({"appearance": "Stamp", "flags": F.APPEARANCE_FILTER}, None, {}, "AppearanceFilter"),
        (
            {"legal_attestations": ["no scripts"], "flags": F.LEGAL_ATTESTATION},
            {},
            {"certify": Permission.FORM_FILLING},
            "LegalAttestation",
        ),
        ({"add_rev_info": True, "flags": F.ADD_REV_INFO}, None, {}, "AddRevInfo"),
        (
            {"timestamp_server_url": "http://127.0.0.1:9/", "timestamp_required": True},
            {"level": Level.B_T},
            {},
            "TimeStamp",
        ),
        (
            {
                "cert": SigCertConstraints(
                    flags=SigCertConstraintFlags.SUBJECT_DN,
                    subject_dn=cms.Name.build({"common_name": "Nobody"}),
                )
            },
            None,
            {},
            "Cert",
        ),
    ],
)
def test_seed_values_that_are_required_are_met_or_refuse(values, meets, misses, entry):
    data = seeded(**values)
    error = refused(SeedValueError, data, field_name="S", **misses)
    assert error.facts["entry"] == entry
    assert error.facts["field"] == "S"
    if meets is not None:
        done = sign(data=data, field_name="S", **meets)
        assert done.report.signatures[0].indication is Indication.TOTAL_PASSED


def test_a_recommended_form_is_taken_where_nothing_else_is_asked():
    data = seeded(subfilters=[SigSeedSubFilter.ADOBE_PKCS7_DETACHED])
    assert sign(data=data, field_name="S").choice.form is Form.PKCS7
    assert sign(data=data, field_name="S", form=Form.PADES).choice.form is Form.PADES
    refused(FormLacksError, data, field_name="S", role="Chủ tịch")


def test_a_field_that_locks_the_document_does():
    done = sign(data=seeded(lock_document=SeedLockDocument.LOCK), field_name="S")
    assert dictionary(done).sig_field["/Lock"]["/P"] == 1
    refused(DocumentLockedError, done.data)


def test_fields_are_listed_with_numbers_that_stay():
    data = with_field(
        with_field(make_pdf(2), "Leader"), "Seal", field_mdp_spec=FieldMDPSpec(FieldMDPAction.ALL)
    )
    before = list_fields(data, name="cv.pdf", limits=LIMITS)
    assert [(each.number, each.name, each.signed) for each in before] == [
        (1, "Leader", False),
        (2, "Seal", False),
    ]
    assert [each.locks for each in before] == [None, "All"]
    assert {each.page for each in before} == {1}
    assert before[0].size_mm == (70.6, 21.2)
    done = sign(data=data, field_number=1)
    assert done.field_name == "Leader"
    after = list_fields(done.data, name="cv.pdf", limits=LIMITS)
    assert [(each.number, each.name, each.signed) for each in after] == [
        (1, "Leader", True),
        (2, "Seal", False),
    ]
    assert sign(data=done.data, field_number=2).field_name == "Seal"
    assert refused(FieldTakenError, done.data, field_number=1).facts == {"field": "Leader"}
    assert refused(FieldNumberError, done.data, field_number=3).facts == {"number": 3, "fields": 2}
    assert list_fields(make_pdf(), name="cv.pdf", limits=LIMITS) == ()


def test_an_invisible_field_has_no_size_and_a_page():
    (field,) = list_fields(sign().data, name="cv.pdf", limits=LIMITS)
    assert (field.size_mm, field.page, field.signed) == (None, 1, True)


def owned(*numbers: str, address: str | None = None) -> x509.Certificate:
    """Return the official's certificate with UIDs and an e-mail address in it."""
    world = World()
    extensions = (
        [(x509.SubjectAlternativeName([x509.RFC822Name(address)]), False)] if address else []
    )
    subject = x509.Name(
        [
            *(x509.NameAttribute(NameOID.USER_ID, each) for each in numbers),
            x509.NameAttribute(NameOID.COMMON_NAME, "Nguyễn Văn Đức"),
        ]
    )
    return world.ca.issue(subject, make_key("ec-p256"), *extensions)


@pytest.mark.parametrize(
    ("expected", "fits"),
    [
        ("CCCD:012345678901", True),
        (" cccd:012345678901 ", True),
        ("CCCD:012345678902", False),
        ("CCCD:01234567890", False),
        ("MST:0101243150", True),
        ("MST:0101243151", False),
        ("a.nguyen@hoabinh.gov.vn", True),
        ("A.Nguyen@HoaBinh.gov.vn", True),
        ("b.nguyen@hoabinh.gov.vn", False),
    ],
)
def test_the_owner_must_be_the_one_expected(expected, fits):
    certificate = owned("CCCD:012345678901", "MST:0101243150", address="a.nguyen@hoabinh.gov.vn")
    if fits:
        check_owner(certificate, expected)
        return
    with pytest.raises(WrongOwnerError) as caught:
        check_owner(certificate, expected)
    assert expected.partition(":")[2] not in repr(caught.value.facts) or "@" in expected
    assert expected not in repr(caught.value)


def test_a_certificate_that_names_nobody_is_nobodys():
    error = refused(WrongOwnerError, expected_owner="CCCD:012345678901")
    assert error.facts == {"subject": "Nguyễn Văn Đức", "kind": "CCCD"}
    assert refused(WrongOwnerError, expected_owner="a@b.vn").facts["kind"] == "e-mail"
    assert refused(OwnerUnreadableError, expected_owner="Nguyễn Văn Đức").facts == {}


def test_a_token_without_pss_signs_by_pkcs1_and_says_so():
    """The real key class of `hsm`, told that the token has PKCS#1 v1.5 alone."""
    key = make_key("rsa-2048")
    signer = RawSigner(
        token="old",  # noqa: S106  a name
        mechanisms=frozenset({Mechanism.RSA_PKCS}),
        sign=lambda data, *_: key.sign(
            data.removeprefix(SHA256_INFO), PKCS1v15(), Prehashed(SHA256())
        ),
    )
    world = World("rsa-2048", key=TokenRSAKey(signer, key.public_key()))
    done = sign(world)
    assert done.choice.rule.code == "signing.rule.pkcs1_by_token"
    assert done.choice.algorithm == "RSASSA-PKCS1-v1_5/SHA-256"
    assert done.report.signatures[0].indication is Indication.TOTAL_PASSED
    able = replace(signer, mechanisms=frozenset({Mechanism.RSA_PKCS, Mechanism.RSA_PKCS_PSS}))
    assert TokenRSAKey(able, key.public_key()).signs_pss


RULES = [
    ("rsa-2048", True, False, "signing.rule.annex"),
    ("rsa-2048", False, False, "signing.rule.pkcs1_by_wish"),
    ("rsa-2048", False, True, "signing.rule.pkcs1_by_token"),
    ("ec-p256", False, False, "signing.rule.annex"),
    ("ed25519", False, False, "signing.rule.not_in_annex"),
    ("ml-dsa-44", False, False, "signing.rule.not_in_annex"),
]


@pytest.mark.parametrize(("kind", "pss", "lacks", "code"), RULES)
def test_the_rule_an_algorithm_meets_is_told(kind, pss, lacks, code):
    key = make_key(kind).public_key()
    choice = explain(key, "X", Form.PADES, pss=pss, token_lacks_pss=lacks)
    assert choice.rule.code == code
    assert choice.meets_annex == (code == "signing.rule.annex")


def test_short_keys_are_told():
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505  that is the point
    for key in (short, ec.generate_private_key(ec.SECP192R1())):
        choice = explain(key.public_key(), "X", Form.PADES, pss=True)
        assert choice.rule.code == "signing.rule.key_too_short"


def test_the_choice_stands_in_the_result():
    done = sign(World("rsa-2048"))
    assert (done.choice.algorithm, done.choice.meets_annex) == ("RSASSA-PSS/SHA-256", True)
    done = sign(World("rsa-2048"), pss=False)
    assert done.choice.algorithm == "RSASSA-PKCS1-v1_5/SHA-256"
    assert done.choice.rule.code == "signing.rule.pkcs1_by_wish"


def test_a_field_that_names_no_page_and_one_on_a_turned_page_are_listed():
    data = change_page(with_field(make_pdf(), "A"), Rotate=90)
    (field,) = list_fields(data, name="cv.pdf", limits=LIMITS)
    assert (field.size_mm, field.page) == ((21.2, 70.6), 1)
    writer = IncrementalPdfFileWriter(BytesIO(with_field(make_pdf(), "A")))
    lone = writer.root["/AcroForm"]["/Fields"][0]
    del lone["/P"], lone["/Rect"]
    writer.update_container(lone)
    out = BytesIO()
    writer.write(out)
    (field,) = list_fields(out.getvalue(), name="cv.pdf", limits=LIMITS)
    assert (field.size_mm, field.page, field.label) == (None, 1, None)


def test_pages_that_lead_round_in_a_circle_end():
    writer = IncrementalPdfFileWriter(BytesIO(with_field(make_pdf(), "A")))
    pages = writer.root["/Pages"]
    pages["/Kids"].append(writer.root.raw_get("/Pages"))
    writer.update_container(pages)
    out = BytesIO()
    writer.write(out)
    assert len(list_fields(out.getvalue(), name="cv.pdf", limits=LIMITS)) == 1


def test_a_permission_asked_for_is_written_into_the_lock_that_is_there():
    spec = FieldMDPSpec(FieldMDPAction.INCLUDE, ["A"])
    data = with_field(make_pdf(), "Leader", field_mdp_spec=spec)
    lock = FieldLock(LockAction.INCLUDE, ("A",), Permission.NO_CHANGES)
    done = sign(data=data, field_name="Leader", lock=lock)
    found = dictionary(done).sig_field["/Lock"]
    assert (found["/Action"], found["/Fields"], found["/P"]) == ("/Include", ["A"], 1)
