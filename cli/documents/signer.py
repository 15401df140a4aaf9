"""Who signs: a key and its certificate, named on the command line or the one that fits.

Nothing here logs in: the key is opened by `signing`, after its checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from cli.errors import ManySignersError, NoSignerError, UnreadableFileError
from cli.files import read_small
from cli.homes.home import Home
from cli.homes.keys import PINs, open_modules
from hsm.locate import FILE_SCHEME, open_any
from hsm.module import Module
from hsm.search import TokenCertificate, see_certificates
from hsm.uri import KeyURI
from pki.errors.tree import PKIError
from pki.keys import PrivateKey
from pki.names import common_name
from pki.records.certificates import serial_text
from pki.words import message_of
from signing.check import check_usage
from signing.errors.standing import WrongUsageError
from signing.key import SigningKey
from verify.policy import Policy

MAX_CHAIN = 8


@dataclass(frozen=True, slots=True)
class LocatedSigner:
    """A signer, and where the key lies."""

    signer: SigningKey
    uri: str | None = None
    """Of a key on a token; None where it is in a file."""
    modules: tuple[Module, ...] = ()
    """Where the token is looked for."""


@dataclass(frozen=True, slots=True)
class SignerSearch:
    """Where a signer is looked for."""

    home: Home
    pins: PINs
    policy: Policy
    issuers: tuple[x509.Certificate, ...]
    """Authorities this home knows: those it trusts and those it has."""


class OpenOnce:
    """Opens a key at the first call and remembers it, or why not, for the documents after it.

    A PIN that was wrong for the first document is not tried again for the second.
    """

    def __init__(self, open_key: Callable[[], PrivateKey]) -> None:
        self._open_key = open_key
        self._outcome: PrivateKey | PKIError | None = None

    def __call__(self) -> PrivateKey:
        """Return the key.

        Raises:
            PKIError: as it did the first time.
        """
        if self._outcome is None:
            try:
                self._outcome = self._open_key()
            except PKIError as error:
                self._outcome = error
        if isinstance(self._outcome, PKIError):
            raise self._outcome
        return self._outcome


def find_signer(search: SignerSearch, key: str | None, certificate: Path | None) -> LocatedSigner:
    """Return the signer that the options name, or the only one on all tokens that fits.

    Raises:
        NoSignerError: none fits.
        ManySignersError: several do; the choice is never guessed.
        UnreadableFileError: the certificate file cannot be read.
        PKIError: whatever a token answers.
    """
    if key is not None and key.startswith(FILE_SCHEME):
        return LocatedSigner(_from_file(search, key, certificate))
    uri = KeyURI.parse(key) if key is not None else KeyURI()
    modules = open_modules(search.home, uri.module_path, session=search.pins.session)
    seen = see_certificates(modules, token=uri)
    for failure in seen.failures:
        reason = message_of(failure.error, search.pins.session.language)
        search.pins.session.tell("cli.tokens.unseen", where=failure.where, reason=reason)
    on_tokens = seen.certificates
    if certificate is not None:
        wanted = read_certificates(certificate)[0]
        others = (*read_certificates(certificate), *_all(on_tokens))
        signer = _signing_key(search, str(uri), wanted, others, modules)
        return LocatedSigner(signer, str(uri), modules)
    chosen = _choose(search, [one for one in on_tokens if _is_meant(one, uri)])
    place = str(chosen.uri)
    signer = _signing_key(search, place, chosen.certificate, _all(on_tokens), modules)
    return LocatedSigner(signer, place, modules)


def _is_meant(found: TokenCertificate, uri: KeyURI) -> bool:
    return uri.id in (None, found.id) and uri.object in (None, found.label)


def _all(on_tokens: Iterable[TokenCertificate]) -> tuple[x509.Certificate, ...]:
    return tuple(one.certificate for one in on_tokens)


def _choose(search: SignerSearch, on_tokens: list[TokenCertificate]) -> TokenCertificate:
    fitting = [one for one in on_tokens if _fits(one.certificate, search.policy)]
    now = search.pins.session.clock.now()
    in_period = [one for one in fitting if one.certificate.not_valid_after_utc >= now]
    # An expired one is chosen only where there is no other: its refusal says what is wrong.
    candidates = in_period or fitting
    if not candidates:
        raise NoSignerError(tokens=tuple(sorted({one.token.label for one in on_tokens})) or ("-",))
    if len({one.certificate for one in candidates}) > 1:
        raise ManySignersError(certificates=tuple(_describe(one) for one in candidates))
    return candidates[0]


def _describe(found: TokenCertificate) -> str:
    serial = serial_text(found.certificate.serial_number)
    return f"{common_name(found.certificate.subject)} ({serial}) --key {found.uri}"


def _fits(certificate: x509.Certificate, policy: Policy) -> bool:
    try:
        check_usage(certificate, policy)
    except WrongUsageError:
        return False
    return True


def _signing_key(
    search: SignerSearch,
    uri: str,
    certificate: x509.Certificate,
    others: Iterable[x509.Certificate],
    modules: tuple[Module, ...],
) -> SigningKey:
    pins = search.pins

    def open_key() -> PrivateKey:
        return pins.retrying(
            lambda: (
                open_any(
                    uri,
                    lambda _named: modules,
                    pins,
                    certificate=certificate,
                    allow_final_try=pins.final_try,
                    one_pin=pins.one_pin,
                ).key
            )
        )

    chain = _chain(certificate, (*search.issuers, *others))
    return SigningKey(certificate, chain, OpenOnce(open_key))


def _from_file(search: SignerSearch, key: str, certificate: Path | None) -> SigningKey:
    given = read_certificates(certificate) if certificate is not None else ()
    if given:
        signer = given[0]

        def open_key() -> PrivateKey:
            return search.pins.retrying(
                lambda: open_any(key, _no_modules, search.pins, certificate=signer).key
            )

        return SigningKey(signer, _chain(signer, (*search.issuers, *given)), OpenOnce(open_key))
    # A PKCS#12 keeps its certificate under the password too: it has to be opened to be checked.
    bundle = search.pins.retrying(lambda: open_any(key, _no_modules, search.pins))
    if bundle.certificate is None:
        raise NoSignerError(tokens=(key.removeprefix(FILE_SCHEME),))
    chain = _chain(bundle.certificate, (*search.issuers, *bundle.chain))
    return SigningKey(bundle.certificate, chain, lambda: bundle.key)


def _no_modules(_named: str | None) -> tuple[Module, ...]:
    return ()  # the key is in a file


def _chain(
    certificate: x509.Certificate, known: Iterable[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """Return the issuers, nearest first, as far as they are known; `signing` judges the path.

    After a rollover two authorities may have one name: the one whose key signed is meant.
    """
    known = tuple(known)
    chain: list[x509.Certificate] = []
    last = certificate
    while last.issuer != last.subject and len(chain) < MAX_CHAIN:
        issuer = next((one for one in known if _issued(one, last)), None)
        if issuer is None:
            break
        chain.append(issuer)
        last = issuer
    return tuple(chain)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def certificates_in(folder: Path) -> tuple[x509.Certificate, ...]:
    """Return the certificates in a folder's `.pem` files; none where there is no folder.

    Raises:
        UnreadableFileError: a file without one.
    """
    files = sorted(folder.glob("*.pem"))
    return tuple(found for path in files for found in read_certificates(path))


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Return the certificates in a PEM or DER file, at least one.

    Raises:
        UnreadableFileError: there is none in it.
    """
    data = read_small(path)
    try:
        if b"-----BEGIN" in data:
            return tuple(x509.load_pem_x509_certificates(data))
        return (x509.load_der_x509_certificate(data),)
    except ValueError as error:
        raise UnreadableFileError(path=path, reason="no certificate") from error
