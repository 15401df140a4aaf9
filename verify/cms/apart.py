"""Verifies signatures apart from what they sign, or with it inside: files of signatures.

Spec: EN 319 102-1 §5.2.3, §5.2.7; RFC 5652 §5.2, §5.4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509

from pki.der import oid, read, read_all
from pki.errors.files import MalformedDERError
from verify.cms.check import Chains, Parts, check_token, octets_of
from verify.cms.token import Token, is_plain
from verify.content import Digest
from verify.facts import TokenFacts
from verify.finding import error

_SET = b"\x31"
_MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
_NOTHING = Parts(())


@dataclass(frozen=True, slots=True)
class Signed:
    """What a file of signatures is said to be over."""

    handed: Parts | Digest | None
    """The content, or its digest, as it was handed in."""
    own: Parts | None
    """What the file has inside. Where both are there, both must be what was signed."""
    reads_as_attributes: bool
    """It could be the signed attributes of a signature over something else.

    Taking the attributes for the content, and the signature value for one without attributes,
    would make a signature that nobody made (RFC 5652 §5.4 signs both in the same way)."""

    @property
    def content(self) -> Parts | Digest | None:
        """What is at hand of it."""
        return self.handed if self.own is None else self.own


def signed_of(handed: Parts | Digest | None, own: Parts | None) -> Signed:
    """Return what was signed, looked at once however many signers there are."""
    content = handed if own is None else own
    return Signed(handed, own, isinstance(content, Parts) and _reads_as_attributes(content))


def _reads_as_attributes(content: Parts) -> bool:
    if bytes(content.pieces[0][:1]) != _SET:
        return False
    try:
        inside = read_all(read(octets_of(content), "content").content, "content")
    except MalformedDERError:
        return False
    return any(each.content.startswith(_MESSAGE_DIGEST) for each in inside)


def check_detached(
    token: Token,
    signed: Signed,
    *,
    others: tuple[x509.Certificate, ...],
    chains: Chains,
    at: datetime,
) -> TokenFacts:
    """Verify one signature of a file of signatures.

    Args:
        token: one signer.
        signed: what it is said to be over.
        others: certificates known from elsewhere, should the token lack the signer's.
        chains: gathers the path.
        at: about when it was made, if nothing better is known.
    """
    content, handed, own = signed.content, signed.handed, signed.own
    if token.signed_attributes is None and signed.reads_as_attributes:
        return TokenFacts(problem=error("signature.attributes_as_content"))
    facts = check_token(token, content or _NOTHING, others=others, chains=chains, at=at)
    if not is_plain(token):
        # It verifies (RFC 5652 §5.4), but whoever signs another type signs no document as such:
        # the policy says how much that weighs.
        other = error("signature.wrong_content", found=token.content_type)
        facts = replace(facts, attributes=(*facts.attributes, other))
    if content is None or not content.has(token.digest):
        facts = replace(facts, data_missing=True)
    if token.signed_attributes is None and not isinstance(content, Parts):
        # Its value is over the content itself, and a digest does not tell whether that reads as
        # signed attributes of another signature.
        return replace(facts, data_missing=True, unsupported=error("signature.needs_content"))
    if handed is None or own is None:
        return facts
    algorithm = handed.algorithm if isinstance(handed, Digest) else "sha256"
    same = own.digest(algorithm) == handed.digest(algorithm)
    return replace(facts, digest_matches=facts.digest_matches and same)
