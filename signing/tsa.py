"""Asks time-stamp services, over the network seam, for what pyHanko needs.

Spec: RFC 3161 §2.4.1, §3.4.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import partial

from asn1crypto import cms
from cryptography import x509

from pki.clock import Clock
from pki.errors.fetching import FetchFailedError, FetchTooLateError
from pki.fetcher import TIMESTAMP_QUERY, Fetcher, FetchRequest
from signing.errors.times import (
    TSATimeError,
    TSATooLateError,
    TSAUnavailableError,
    TSAWrongAnswerError,
)
from signing.failover import TimestampService, TimestampServices
from signing.token import (
    GrantedToken,
    Question,
    certificates_of,
    check_token,
    granted_token,
)
from verify.trust import TrustStore

ANSWER_BYTES = 64 * 1024
"""More than any answer with a token that has its place; a longer one is not read to its end."""

TOKEN_BYTES = 10 * 1024
"""Room for one token with its certificates; those of public services take 2 to 8 KiB."""

BEHIND = timedelta(minutes=5)
"""By how much a service's clock may be behind this machine's: more, and one of them is wrong."""
AHEAD = timedelta(seconds=60)
"""By how much it may be ahead, where the policy says nothing else: a time-stamp that lies further
in the future proves nothing to whoever judges it now."""


class FetchingTimeStamper:
    """Time-stamp services behind one another; every answer is checked in full.

    Attributes:
        signers: the certificates that signed the tokens had so far, each once.
        certificates: all that those tokens carried, each once.
        urls: the services that gave them, one for each token.
    """

    def __init__(
        self,
        services: TimestampServices,
        *,
        fetcher: Fetcher,
        clock: Clock,
        trust: TrustStore,
        ahead: timedelta = AHEAD,
    ) -> None:
        self._services = services
        self._fetcher = fetcher
        self._clock = clock
        self._trust = trust
        self._ahead = ahead
        self.signers: tuple[x509.Certificate, ...] = ()
        self.certificates: tuple[x509.Certificate, ...] = ()
        self.urls: tuple[str, ...] = ()

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return a token over the digest: what pyHanko asks of a time-stamper.

        Raises:
            PKIError: see `stamp`.
        """
        return cms.ContentInfo.load(self.stamp(message_digest, md_algorithm))

    def stamp(self, message_digest: bytes, md_algorithm: str) -> bytes:
        """Return a token over the digest, DER.

        Raises:
            TSAUnavailableError: no answer.
            TSATooLateError: no answer within the service's limit.
            TSARejectedError: the service said no.
            TSAOtherRequestError: the answer is one to another request.
            TSAWrongAnswerError: the answer is not what was asked for, or not to be trusted.
            TSATimeError: it tells another time than this machine's clock.
            TSANoneAnsweredError: several services, and none gave what can be used.
            FetchRefusedError: the address may not be asked.
        """
        ask_one = partial(self._ask_one, digest=message_digest, digest_name=md_algorithm)
        token, signer = self._services.ask(ask_one)
        self.signers = tuple(dict.fromkeys((*self.signers, signer)))
        had = (*self.certificates, *certificates_of(token))
        self.certificates = tuple(dict.fromkeys(had))
        return token

    def _ask_one(
        self, service: TimestampService, *, digest: bytes, digest_name: str
    ) -> tuple[bytes, x509.Certificate]:
        url = service.url
        nonce = secrets.randbits(63) | (1 << 62)  # fixed width, positive
        question = Question(digest_name, digest, nonce, service.policy_oid)
        asked_at = self._clock.now()
        token = granted_token(self._fetch(service, question), question, url)
        if len(token.der) > TOKEN_BYTES:
            raise TSAWrongAnswerError(url=url, reason=f"longer than {TOKEN_BYTES} bytes")
        now = self._clock.now()
        signer = check_token(token.der, digest, trust=self._trust, at=now, url=url)
        if not asked_at - BEHIND <= token.time <= now + self._ahead:
            raise TSATimeError(url=url, time=token.time, now=now)
        _check_accuracy(token, service)
        self.urls = (*self.urls, url)
        return token.der, signer

    def _fetch(self, service: TimestampService, question: Question) -> bytes:
        url = service.url
        try:
            return self._fetcher.fetch(
                FetchRequest(
                    url,
                    body=question.encoded(),
                    content_type=TIMESTAMP_QUERY,
                    max_bytes=ANSWER_BYTES,
                    timeout_seconds=service.answer_seconds,
                    credentials=service.credentials,
                )
            )
        except FetchTooLateError as error:
            raise TSATooLateError(url=url, seconds=f"{service.answer_seconds:g}") from error
        except FetchFailedError as error:
            reason = str(error.facts.get("reason", ""))
            raise TSAUnavailableError(url=url, reason=reason) from error


def _check_accuracy(token: GrantedToken, service: TimestampService) -> None:
    """Check it where the configuration asks for one; a token that says none says nothing."""
    if service.accuracy is None:
        return
    if token.accuracy is None or token.accuracy > service.accuracy:
        raise TSAWrongAnswerError(url=service.url, reason="accuracy")
