"""Lists that countries published, and what EU DSS's own tests say of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pki.errors.tree import PKIError
from verify.lists.read import TrustedList, read_list
from verify.lists.signature import check_signature
from verify.lists.signers import signers_in
from verify.lists.xml import DS, parse_xml

AT = datetime(2022, 1, 1, tzinfo=UTC)
SHOWN = f"{DS}Signature/{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate"


def check(data: bytes, pinned: bytes | None = None) -> TrustedList:
    """Return what was signed by whoever the file (or `pinned`) shows as its signer."""
    signers = tuple(signers_in(parse_xml(pinned or data, "list").findall(SHOWN), "list"))
    signed = check_signature(parse_xml(data, "list"), signers=signers, at=AT, name="list")
    return read_list(signed.octets, "list")


@pytest.mark.parametrize(
    ("file", "version", "sequence", "territory", "others"),
    [
        ("eu-lotl.xml", "5", 248, "EU", 31),
        ("eu-lotl-pivot.xml", "5", 247, "EU", 31),
        ("ie-tl.xml", "5", 18, "IE", 0),
        ("fi-v5.xml", "5", 49, "FI", 0),
        ("fi-v5-sig-cert-v2.xml", "5", 49, "FI", 0),
        ("fi-v6.xml", "6", 49, "FI", 0),
        ("fi-v6-sig-cert.xml", "6", 49, "FI", 0),
        ("fi-v6-no-supply-points-type.xml", "6", 49, "FI", 0),
        ("lotlCache/eu-lotl_xml-directive-removed.xml", "5", 248, "EU", 31),
        ("lotlCache/tl_pivot_247_mp_with-bom.xml", "5", 247, "EU", 31),
        ("lotlCache/tl_pivot_247_mp_with-spaces.xml", "5", 247, "EU", 31),
    ],
)
def test_a_published_list_says_what_others_read_in_it(
    corpora, file, version, sequence, territory, others
):
    found = check((corpora / "trusted-lists" / file).read_bytes())
    assert (found.version, found.sequence, found.territory) == (version, sequence, territory)
    assert sum(1 for one in found.pointers if not one.of_lists) == others
    assert found.of_lists is (territory == "EU")
    assert found.of_lists or any(one.listing.anchors for one in found.services)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("eu-lotl-broken-sig.xml", "verify.list_altered"),
        ("eu-lotl-no-sig.xml", "verify.list_unsigned"),
        ("eu-lotl-not-parseable.xml", "verify.list_malformed"),
        ("eu-lotl-no-tl-version.xml", "verify.list_altered"),
        ("lotlCache/eu-lotl_broken-sig.xml", "verify.list_altered"),
        ("lotlCache/eu-lotl_not-parsable.xml", "verify.list_malformed"),
        ("lotlCache/tl_pivot_247_mp_broken-sig.xml", "verify.list_altered"),
        ("lotlCache/tl_pivot_247_mp_missing-pivot.xml", "verify.list_altered"),
        ("lotlCache/tl_pivot_247_mp_no-sig.xml", "verify.list_unsigned"),
        ("fi-v6.xml", "verify.list_signer"),
        ("peru-lotl.xml", "verify.list_signer"),
    ],
)
def test_a_list_that_others_broke_is_refused_where_its_twin_is_taken(corpora, file, code):
    lists = corpora / "trusted-lists"
    good = "lotlCache/tl_pivot_247_mp_with-spaces.xml" if "pivot" in file else "eu-lotl.xml"
    twin = (lists / good).read_bytes()
    assert check(twin, twin).territory == "EU"
    with pytest.raises(PKIError) as caught:
        check((lists / file).read_bytes(), twin)
    assert caught.value.code == code


@pytest.mark.parametrize("kind", ["-misplaced", "", "-two-same-id"])
def test_a_real_list_that_was_wrapped_is_refused(corpora, kind):
    folder = corpora / "dss-xades" / "validation" / "xsw"
    original = (folder / "original.xml").read_bytes()
    assert check(original).territory == "SK"
    with pytest.raises(PKIError) as caught:
        check((folder / f"XSW-enveloped-fake-content{kind}.xml").read_bytes(), original)
    assert caught.value.code == "verify.list_signature_form"
