"""Signed attributes a signer may ask for: the office held, and what the signature commits to.

Spec: ETSI EN 319 122-1 §5.2.3 (commitment-type-indication), §5.2.6.1 (signer-attributes-v2).
"""

from __future__ import annotations

from pki.cms_der import attribute
from pki.der import encode, oid, sequence
from signing.options import Commitment, SigningOptions

SIGNER_ATTRIBUTES_V2 = oid("0.4.0.19122.1.1")
COMMITMENT_TYPE = oid("1.2.840.113549.1.9.16.2.16")
TITLE = oid("2.5.4.12")
UTF8_STRING = 0x0C

_COMMITMENTS = {
    Commitment.ORIGIN: 1,
    Commitment.RECEIPT: 2,
    Commitment.DELIVERY: 3,
    Commitment.SENDER: 4,
    Commitment.APPROVAL: 5,
    Commitment.CREATION: 6,
}
"""The last arc below id-cti (RFC 5126 §5.11.1)."""


def asked_attributes(options: SigningOptions) -> tuple[bytes, ...]:
    """Return the attributes that the options ask for, encoded."""
    found = []
    if options.role is not None:
        found.append(claimed_role(options.role))
    if options.commitment is not None:
        found.append(commitment_type(options.commitment))
    return tuple(found)


def claimed_role(role: str) -> bytes:
    """Return signer-attributes-v2 with one claimed attribute, the title.

    `role` of X.509 (RFC 5755 §4.4.5) holds addresses only; an office's name is a title.
    """
    title = attribute(TITLE, encode(UTF8_STRING, role.encode()))
    claimed = encode(0xA0, sequence((title,)))
    return attribute(SIGNER_ATTRIBUTES_V2, sequence((claimed,)))


def commitment_type(commitment: Commitment) -> bytes:
    """Return commitment-type-indication without qualifiers."""
    kind = oid(f"1.2.840.113549.1.9.16.6.{_COMMITMENTS[commitment]}")
    return attribute(COMMITMENT_TYPE, sequence((kind,)))
