"""Looks at modules, readers and tokens, and keeps what was seen as plain values; nobody logs in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsm.discovery.modules import Discovery, TriedModule
from hsm.discovery.probe_result import ProbeState
from hsm.doctor.seen import KeySight, Seen, SeenCertificate, SeenModule, SeenReader, SeenToken
from hsm.look import identity
from hsm.module import Module
from hsm.objects import ObjectKind, TokenObject, list_objects
from hsm.opening import ModuleUse, open_as, why_unusable
from hsm.tokens import TokenInfo
from pki.errors.tree import PKIError
from pki.keys import PublicKey
from pki.names import common_name
from pki.records.certificates import serial_text

Fits = Callable[[x509.Certificate], bool]
"""Whether documents can be signed with a certificate, by the policy of whoever asks."""


@dataclass(frozen=True, slots=True)
class EmbeddedStore:
    """The home's own SoftHSM: opened, or why not."""

    path: Path
    module: Module | None
    error: PKIError | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the caller wants to look."""

    fits: Fits
    now: datetime
    uses: Sequence[ModuleUse] = ()
    """How certain modules are opened."""
    searches: bool = True
    """The home uses modules that nobody named."""


def look_at(discovery: Discovery, wishes: Wishes, embedded: EmbeddedStore | None = None) -> Seen:
    """Open every module that has a token, and read what its tokens show.

    Nothing raises for a module or token that fails: that is what is to be seen.
    """
    modules: list[SeenModule] = []
    tokens: list[list[SeenToken]] = []
    if embedded is not None:
        modules.append(_store(embedded))
        if embedded.module is not None:
            tokens.append(_tokens(embedded.module, modules[0], wishes))
    for tried in discovery.modules:
        seen = _module(tried, searches=wishes.searches)
        if tried in discovery.usable:
            try:
                module = open_as(tried.candidate.path, wishes.uses)
                tokens.append(_tokens(module, seen, wishes))
            except PKIError as error:  # it worked a moment ago, in its own process
                seen = replace(seen, error=error)
        modules.append(seen)
    readers = tuple(reader for tried in discovery.modules for reader in _readers(tried))
    return Seen(
        wishes.now,
        discovery.service,
        tuple(modules),
        readers,
        _each_once(tokens),
        discovery.findings,
    )


def describe_certificate(
    certificate: x509.Certificate, key: KeySight, public_key: PublicKey | None, *, fits: bool
) -> SeenCertificate:
    """Return what is told of a certificate; fields that cannot be read are shown as `?`."""
    return SeenCertificate(
        name=_name(lambda: certificate.subject),
        serial=serial_text(certificate.serial_number),
        issuer=_name(lambda: certificate.issuer),
        sha256=certificate.fingerprint(SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        fits=fits,
        authority=_certifies(certificate),
        key=key,
        key_sha256=_key_sha256(public_key),
    )


def _store(embedded: EmbeddedStore) -> SeenModule:
    state = ProbeState.USABLE if embedded.error is None else ProbeState.UNLOADABLE
    return SeenModule("SoftHSM", embedded.path, None, state, error=embedded.error)


def _module(tried: TriedModule, *, searches: bool) -> SeenModule:
    candidate, result = tried.candidate, tried.result
    seen = SeenModule(
        candidate.name,
        candidate.path,
        candidate.origin,
        result.state,
        result.stage.value,
        result.detail,
        confidence=candidate.confidence,
        said=candidate.said,
        version=result.library_version,
        critical=candidate.critical,
        error=why_unusable(result),
    )
    return replace(seen, used=seen.named or searches)


def _readers(tried: TriedModule) -> Iterable[SeenReader]:
    if tried.candidate.aggregate:
        return ()
    return (
        SeenReader(slot.description, tried.candidate.name, slot.token_present, slot.trouble)
        for slot in tried.result.slots
        if slot.removable
    )


def _tokens(module: Module, seen: SeenModule, wishes: Wishes) -> list[SeenToken]:
    return [
        _token(module, token, seen, wishes.fits)
        for token in module.all_tokens()
        if token.initialized or seen.origin is not None  # SoftHSM always has a blank one to give
    ]


def _token(module: Module, token: TokenInfo, seen: SeenModule, fits: Fits) -> SeenToken:
    shown = SeenToken(token, seen.name, seen.used)
    if not token.initialized:
        return shown
    try:
        now = module.refresh(token)
        objects = list_objects(module, now)
    except PKIError as error:
        return replace(shown, error=error)
    certificates = tuple(_certificate(one, objects, fits) for one in objects if one.certificate)
    return replace(
        shown, token=now, certificates=certificates, keys=len(objects) - len(certificates)
    )


def _certificate(item: TokenObject, objects: Iterable[TokenObject], fits: Fits) -> SeenCertificate:
    assert item.certificate is not None  # noqa: S101  chosen so where this is called
    try:
        is_fitting = fits(item.certificate)
    except (PKIError, ValueError):  # a certificate that only half parses
        is_fitting = False
    key = _sight(item, [one for one in objects if one.kind is not ObjectKind.CERTIFICATE])
    return describe_certificate(item.certificate, key, item.public_key, fits=is_fitting)


def _sight(item: TokenObject, halves: list[TokenObject]) -> KeySight:
    if item.public_key is None:
        return KeySight.UNUSABLE
    beside = [one for one in halves if item.id and one.id == item.id]
    if any(one.public_key == item.public_key for one in halves):
        return KeySight.SEEN
    if any(one.public_key is not None for one in beside):
        return KeySight.OTHER
    return KeySight.SEEN if beside else KeySight.UNSEEN


def _each_once(by_module: list[list[SeenToken]]) -> tuple[SeenToken, ...]:
    """Leave a card to its first module, by what both say alike or by a certificate on it."""
    kept: list[SeenToken] = []
    for tokens in by_module:
        before = len(kept)  # one module's own tokens are never taken for one
        for token in tokens:
            first = next((n for n in range(before) if _is_same(kept[n], token)), None)
            if first is None:
                kept.append(token)
            else:
                kept[first] = _joined(kept[first], token)
    return tuple(kept)


def _joined(first: SeenToken, other: SeenToken) -> SeenToken:
    better = first if first.error is None else other
    return replace(better, module=first.module, also_in=(*first.also_in, other.module))


def _is_same(one: SeenToken, other: SeenToken) -> bool:
    if not one.token.serial or one.token.serial != other.token.serial:
        return False
    shared = {c.sha256 for c in one.certificates} & {c.sha256 for c in other.certificates}
    return bool(shared) or identity(one.token) == identity(other.token)


def _name(of: Callable[[], x509.Name]) -> str:
    try:
        return common_name(of())
    except ValueError:
        return "?"


def _certifies(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _key_sha256(key: PublicKey | None) -> str:
    if key is None:
        return ""
    digest = Hash(SHA256())
    digest.update(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()
