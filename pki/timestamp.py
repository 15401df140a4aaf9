"""The time-stamp authority: a query becomes a token that says when the imprint was there.

1. Read the query; bytes that are none, or a version other than 1: badDataFormat, badRequest.
2. Judge what is asked: imprint algorithm and length, policy, extensions.
3. Write the TSTInfo with the clock's whole second and a random serial.
4. Sign it as CMS SignedData; the key signs once.

Spec: RFC 3161, RFC 5816 (ESSCertIDv2), RFC 5652.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki._asn1 import TimestampQuery, encode_rejected, parse_query
from pki.clock import Clock, whole_second
from pki.errors.files import MalformedDERError
from pki.keys import PrivateKey, sign_data
from pki.timestamp_der import TokenContent, build_template, encode_token_content

IMPRINT_OCTETS = {
    "2.16.840.1.101.3.4.2.1": 32,  # SHA-256
    "2.16.840.1.101.3.4.2.2": 48,  # SHA-384
    "2.16.840.1.101.3.4.2.3": 64,  # SHA-512
}
"""Imprint algorithms that are stamped, and how long their imprints are."""


class TimestampAuthority:
    """One time-stamping unit: a certificate, its key and a policy."""

    def __init__(
        self,
        certificate: x509.Certificate,
        key: PrivateKey,
        *,
        chain: Sequence[x509.Certificate],
        clock: Clock,
        policy_oid: str,
    ) -> None:
        self._period = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        embedded = [other.public_bytes(Encoding.DER) for other in (certificate, *chain)]
        self._template = build_template(certificate, embedded, key.public_key())
        self._key = key
        self._clock = clock
        self._policy = policy_oid

    def respond(self, untrusted_query: bytes) -> bytes:
        """Return the DER of a TimeStampResp, whatever comes in. Raises nothing.

        Spec: RFC 3161 §2.4.
        """
        try:
            query = parse_query(untrusted_query)
        except MalformedDERError:
            return encode_rejected("bad_data_format", "not a time-stamp request")
        refusal = self._judge(query)
        if refusal is not None:
            return encode_rejected(*refusal)
        try:
            if not self._may_stamp_now():
                return encode_rejected(
                    "time_not_available", "the service's certificate is not valid"
                )
            return self._stamp(query)
        except Exception:  # noqa: BLE001  the protocol has a word for it, whatever went wrong
            return encode_rejected("system_failure", "the time-stamp service failed")

    def _judge(self, query: TimestampQuery) -> tuple[str, str] | None:
        octets = IMPRINT_OCTETS.get(query.imprint_algorithm)
        if query.version != 1:
            return "bad_request", "the version is not 1"
        if octets is None:
            return "bad_alg", "the imprint is not SHA-256, SHA-384 or SHA-512"
        if len(query.imprint) != octets:
            return "bad_data_format", "the imprint has the wrong length"
        if query.policy not in {None, self._policy}:
            return "unaccepted_policy", "this policy is not offered"
        if query.has_extensions:
            return "unaccepted_extensions", "no extension is supported"
        return None

    def _may_stamp_now(self) -> bool:
        not_before, not_after = self._period
        return not_before <= self._clock.now() <= not_after

    def _stamp(self, query: TimestampQuery) -> bytes:
        content = TokenContent(
            policy=self._policy,
            imprint_der=query.imprint_der,
            serial=1 << 126 | secrets.randbits(126),
            time=whole_second(self._clock.now()),
            nonce=query.nonce,
        )
        content_der = encode_token_content(content)
        attributes = self._template.signed_attributes(content_der)
        signature = sign_data(self._key, attributes)
        return self._template.granted(
            content_der, attributes, signature, certificates=query.certificate_wanted
        )
