"""Verifies tokens: digests, signature value, what the signed attributes say.

1. the signed attributes name the content's type and digest, and no other algorithms,
2. the digest is that of the data,
3. the signature value verifies with the signer's key over the attributes (or the data),
4. the attributes name the certificate (ESS),
5. nobody else signed in the same token: a signature in a PDF is one signer's, so the first is
   judged, and the policy says how much it weighs that there are more.
Path and status are gathered by whoever calls; the verdict is `verify.process`'s.

Spec: EN 319 102-1 §5.2.3, §5.2.7 (identification, cryptographic verification); RFC 3161 §2.4.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from asn1crypto import tsp
from cryptography import x509

from pki.der import SET, encode, read, read_all
from pki.errors.files import MalformedDERError
from verify.certificate import key_kind
from verify.cms.token import Token, digest_named, is_plain, is_timestamp, read_token
from verify.cms.tst_info import read_tst_info
from verify.content import Hashed, pieces_of
from verify.errors import MalformedObjectError
from verify.facts import Algorithm, ChainFacts, TimestampFacts, TokenFacts
from verify.finding import error
from verify.guard import foreign
from verify.signature_value import compute_digest, digest_name_of, signature_verifies

Chains = Callable[[x509.Certificate, datetime], ChainFacts]
"""Gathers the path of a signing certificate, given about when it was used."""


class Digestible(Protocol):
    """What was signed or stamped, as far as it is at hand."""

    def digest(self, name: str) -> bytes | None:
        """Return its digest, None for one that is not known."""

    def has(self, name: str) -> bool:
        """Say whether enough is at hand for that digest."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The signed bytes, in pieces so that a large document is not copied."""

    pieces: tuple[memoryview, ...]

    def digest(self, name: str) -> bytes | None:
        """Return the digest over all pieces, None for a digest that is not known."""
        return compute_digest(name, (one for each in self.pieces for one in pieces_of(each)))

    def has(self, name: str) -> bool:  # noqa: ARG002  of the whole there is any digest
        """Say whether enough is at hand for that digest."""
        return True


@dataclass(frozen=True, slots=True)
class PartsOfDocument(Parts):
    """The signed bytes of a document whose first bytes may have been hashed before."""

    hashed: Hashed

    def digest(self, name: str) -> bytes | None:
        """Return the digest over all pieces, None for a digest that is not known."""
        if name == "sha256":
            return self.hashed.of_pieces(self.pieces)
        return Parts.digest(self, name)


@dataclass(frozen=True, slots=True)
class KeptParts(Parts):
    """The signed bytes, hashed once with each algorithm however many signers there are."""

    known: dict[str, bytes | None] = field(default_factory=dict, compare=False)

    def digest(self, name: str) -> bytes | None:
        """Return the digest over all pieces, None for a digest that is not known."""
        if name not in self.known:
            self.known[name] = Parts.digest(self, name)
        return self.known[name]


def check_signature(
    token: Token, data: Parts, *, others: tuple[x509.Certificate, ...], chains: Chains, at: datetime
) -> TokenFacts:
    """Verify a signature over `data` that the token does not contain.

    Args:
        token: what the field holds.
        data: the signed bytes of the document.
        others: certificates known from elsewhere, should the token lack the signer's.
        chains: gathers the path.
        at: about when it was made, if nothing better is known.
    """
    if not is_plain(token):
        return TokenFacts(problem=error("signature.wrong_content", found=token.content_type))
    if token.content is None:
        return check_token(token, data, others=others, chains=chains, at=at)
    content = Parts((memoryview(token.content),))
    facts = check_token(token, content, others=others, chains=chains, at=at)
    if content.digest(_ENVELOPED) == data.digest(_ENVELOPED):  # the signed bytes once more
        return facts
    # adbe.pkcs7.sha1: what is signed is the document's SHA-1, so all hangs on that, whatever
    # digest the signer used besides.
    matches = facts.digest_matches and token.content == data.digest("sha1")
    return _with_digest_name(_with_digest(facts, matches=matches), "sha1")


_ENVELOPED = "sha256"


def check_timestamp(
    untrusted_der: bytes, data: Digestible, *, others: tuple[x509.Certificate, ...], chains: Chains
) -> TimestampFacts:
    """Verify a time-stamp token over `data`; its problems are facts, not exceptions."""
    try:
        token = read_token(untrusted_der)
        info = _read_info(token)
    except MalformedObjectError as malformed:
        problem = error("timestamp.malformed", reason=str(malformed.facts["reason"]))
        return TimestampFacts(TokenFacts(problem=problem), None)
    content = Parts((memoryview(token.content or b""),))
    facts = check_token(token, content, others=others, chains=chains, at=info.gen_time)
    imprint_matches = data.digest(info.digest) == info.imprint
    facts = _with_digest(facts, matches=facts.digest_matches and imprint_matches)
    facts = replace(facts, data_missing=not data.has(info.digest))
    return TimestampFacts(_with_digest_name(facts, info.digest), info.gen_time)


@dataclass(frozen=True, slots=True)
class _Info:
    gen_time: datetime
    digest: str
    imprint: bytes


def _read_info(token: Token) -> _Info:
    if not is_timestamp(token) or token.content is None:
        raise MalformedObjectError(what="time-stamp", reason="no TSTInfo in it")
    with foreign("time-stamp"):
        plain = read_tst_info(token.content)
        if plain is not None:
            return _Info(plain.time, digest_named(plain.digest_algorithm), plain.imprint)
        info = tsp.TSTInfo.load(token.content, strict=True)
        imprint = info["message_imprint"]
        moment = info["gen_time"].native
        return _Info(
            moment.astimezone(UTC),
            digest_name_of(imprint["hash_algorithm"]),
            bytes(imprint["hashed_message"].native),
        )


def check_token(
    token: Token,
    content: Digestible,
    *,
    others: tuple[x509.Certificate, ...],
    chains: Chains,
    at: datetime,
) -> TokenFacts:
    """Verify what every token is held to.

    Args:
        token: the token.
        content: what it should be over.
        others: certificates known from elsewhere, should it lack the signer's.
        chains: gathers the path.
        at: about when it was made, if nothing better is known.
    """
    attributes = token.signed_attributes
    if attributes is not None and token.message_digest is None:
        return TokenFacts(problem=error("signature.no_message_digest"))
    if attributes is not None and token.signed_content_type != token.content_type:
        return TokenFacts(problem=error("signature.content_type_differs"))
    if token.names_other_algorithms:
        return TokenFacts(problem=error("signature.algorithms_differ"))
    certificate = token.signer(others)
    digest = content.digest(token.digest)
    if certificate is None:
        matches = attributes is None or digest == token.message_digest
        return TokenFacts(digest_matches=matches, digests=(token.digest,))
    verifies, unsupported = _signature(token, certificate, content)
    # Without signed attributes the signature value itself is over the data, and nothing else
    # tells whether the data or the signature differs.
    matches = verifies if attributes is None else digest == token.message_digest
    return TokenFacts(
        unsupported=None
        if unsupported is None
        else error("signature.unsupported_algorithm", algorithm=unsupported),
        digest_matches=matches,
        signature_verifies=verifies,
        reference=token.reference_to(certificate),
        algorithm=_algorithm(token, certificate),
        digests=tuple(dict.fromkeys((token.digest, token.scheme.digest))),
        chain=chains(certificate, token.claimed_signing_time or at),
        attributes=()
        if token.signers == 1
        else (error("signature.several_signers", count=token.signers),),
    )


def _signature(
    token: Token, certificate: x509.Certificate, content: Digestible
) -> tuple[bool, str | None]:
    data, hashed = token.signed_attributes, False
    if data is None:
        # What is long is not hashed again for each of many signers.
        hashed = token.scheme.digests_first
        data = content.digest(token.scheme.digest) if hashed else octets_of(content)
    scheme = token.scheme
    try:
        verifies = any(
            signature_verifies(certificate, scheme, token.signature, data=octets, hashed=hashed)
            for octets in (data or b"", _in_order(token.signed_attributes))
            if octets is not None
        )
    except MalformedObjectError:
        return False, f"{scheme.name}/{key_kind(certificate)[0]}"
    return verifies, None


def _in_order(attributes: bytes | None) -> bytes | None:
    """Return signed attributes as DER orders them, None where they stand so.

    Signed is their DER, whatever order they stand in (RFC 5652 §5.4).
    """
    try:
        inside = read_all(read(attributes or b"\x31\x00", "attributes").content, "attributes")
    except MalformedDERError:
        return None
    ordered = encode(SET, b"".join(sorted(each.whole for each in inside)))
    return None if ordered == attributes or not inside else ordered


def octets_of(content: Digestible) -> bytes:
    """Return what is at hand, in one."""
    return b"".join(content.pieces) if isinstance(content, Parts) else b""


def _algorithm(token: Token, certificate: x509.Certificate) -> Algorithm:
    return token.scheme.algorithm(certificate)


def _with_digest(facts: TokenFacts, *, matches: bool) -> TokenFacts:
    return replace(facts, digest_matches=matches)


def _with_digest_name(facts: TokenFacts, digest: str) -> TokenFacts:
    return replace(facts, digests=tuple(dict.fromkeys((*facts.digests, digest))))
