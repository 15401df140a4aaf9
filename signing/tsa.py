"""Asks a time-stamp service, over the network seam, for what pyHanko needs.

Spec: RFC 3161 §2.4.1, §3.4.
"""

from __future__ import annotations

import secrets

from asn1crypto import algos, cms, tsp
from cryptography import x509
from pyhanko.sign.timestamps import TimeStamper

from pki.clock import Clock
from pki.errors import FetchFailedError
from pki.fetcher import TIMESTAMP_QUERY, Fetcher, FetchRequest
from signing.errors import TSAUnavailableError, TSAWrongAnswerError
from signing.token import certificates_of, check_token, granted_token
from verify.trust import TrustStore

ANSWER_SECONDS = 150.0
"""The Government's service has been seen to take from 2 to 131 seconds."""

TOKEN_BYTES = 10 * 1024
"""Room for one token with its certificates; those of public services take 2 to 8 KiB."""


class FetchingTimeStamper(TimeStamper):
    """A time-stamp service at one address; every answer is checked in full.

    Attributes:
        signers: the certificates that signed the tokens had so far, each once.
        certificates: all that those tokens carried, each once.
    """

    def __init__(self, url: str, *, fetcher: Fetcher, clock: Clock, trust: TrustStore) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]  # pyHanko's
        self._url = url
        self._fetcher = fetcher
        self._clock = clock
        self._trust = trust
        self.signers: tuple[x509.Certificate, ...] = ()
        self.certificates: tuple[x509.Certificate, ...] = ()

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return a token over the digest: what pyHanko asks of a time-stamper.

        Raises:
            TSAUnavailableError: no answer.
            TSARejectedError: the service said no.
            TSAWrongAnswerError: the answer is not one to this request, or not to be trusted.
            FetchRefusedError: the address may not be asked.
        """
        request = _build_request(message_digest, md_algorithm)
        token = granted_token(self._ask(request), request, self._url)
        if len(token.dump()) > TOKEN_BYTES:
            raise TSAWrongAnswerError(url=self._url, reason=f"longer than {TOKEN_BYTES} bytes")
        signer = await check_token(
            token, message_digest, trust=self._trust, at=self._clock.now(), url=self._url
        )
        self.signers = tuple(dict.fromkeys((*self.signers, signer)))
        had = (*self.certificates, *certificates_of(token))
        self.certificates = tuple(dict.fromkeys(had))
        return token

    def _ask(self, request: tsp.TimeStampReq) -> bytes:
        try:
            return self._fetcher.fetch(
                FetchRequest(
                    self._url,
                    body=request.dump(),
                    content_type=TIMESTAMP_QUERY,
                    max_bytes=1024 * 1024,
                    timeout_seconds=ANSWER_SECONDS,
                )
            )
        except FetchFailedError as error:
            reason = str(error.facts.get("reason", ""))
            raise TSAUnavailableError(url=self._url, reason=reason) from error


def _build_request(digest: bytes, digest_name: str) -> tsp.TimeStampReq:
    return tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": digest_name}),
                "hashed_message": digest,
            },
            "nonce": secrets.randbits(63) | (1 << 62),  # fixed width, positive
            "cert_req": True,
        }
    )
