"""A small administration that a trial may do anything to: keys in software, a register of its own.

It is the code of this installation that is tried in it; the keys and the register of the
installation are not touched.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pki.authority.authority import Authority
from pki.authority.create import NewAuthority, create_issuing, create_root
from pki.authority.issuance import Order
from pki.clock import FixedClock
from pki.errors.tree import Fact, Phrase, PKIError, phrase
from pki.profile import Profile, load_profile
from pki.register.scratch import scratch_beside
from pki.register.sql import SQLRegister, create_register
from pki.subject import Subject, build_subject
from pki.urls import AuthorityURLs

PUBLIC_URL = "http://sandbox.invalid"
REQUESTER = "selftest"
Heard = Callable[[bytes], None]
Answer = Callable[[bytes], bytes]


class Broken(Exception):  # noqa: N818  how a trial ends; it reaches nobody outside this package
    """An invariant does not hold."""

    def __init__(self, finding: Phrase) -> None:
        super().__init__(finding.id, dict(finding.facts))
        self.finding = finding


def demand(holds: bool, message_id: str, **facts: Fact) -> None:
    """Say that the invariant is broken unless this holds.

    Raises:
        Broken: it does not.
    """
    if not holds:
        raise Broken(phrase(message_id, **facts))


def refused(expected: type[PKIError], act: Callable[[], object]) -> None:
    """Demand that something is refused, and for this reason.

    Raises:
        Broken: it was done, or was refused for another reason.
    """
    try:
        act()
    except expected:
        return
    except PKIError as error:
        found = phrase("cli.selftest.refused_otherwise", expected=expected.code, code=error.code)
        raise Broken(found) from error
    raise Broken(phrase("cli.selftest.not_refused", expected=expected.code))


class WatchedKey(ec.EllipticCurvePrivateKey):
    """A key in software that says what it is about to sign, and can be made to answer wrongly."""

    def __init__(self) -> None:
        self._inner = ec.generate_private_key(ec.SECP256R1())
        self.heard: Heard = lambda _: None
        self.answered: Answer = lambda data: data

    def sign(self, data: bytes, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # type: ignore[override]  # no other buffers here
        """Tell of the data, and sign what `answered` makes of them."""
        self.heard(data)
        return self._inner.sign(self.answered(data), signature_algorithm)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public key."""
        return self._inner.public_key()

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve."""
        return self._inner.curve

    @property
    def key_size(self) -> int:
        """In bits."""
        return self._inner.key_size

    def exchange(self, *_: object) -> NoReturn:
        """Agree on nothing."""
        raise NotImplementedError

    def private_numbers(self) -> NoReturn:
        """Tell nothing."""
        raise NotImplementedError

    def private_bytes(self, *_: object) -> NoReturn:
        """Tell nothing."""
        raise NotImplementedError

    def __copy__(self) -> WatchedKey:
        return self

    def __deepcopy__(self, _memo: object) -> WatchedKey:
        return self


@dataclass
class Sandbox:
    """A register, a root, and an issuing authority that makes delta lists."""

    folder: Path
    clock: FixedClock
    place: Path | str
    register: SQLRegister
    _people: int = field(default=0, init=False)

    @cached_property
    def root(self) -> Authority:
        """The root."""
        return create_root(self.new_authority("root", "root"), self.register, self.clock)

    @cached_property
    def key(self) -> WatchedKey:
        """The issuing authority's key."""
        return WatchedKey()

    @cached_property
    def issuing(self) -> Authority:
        """The issuing authority."""
        return create_issuing(self.root, self.new_authority("issuing", "issuing", key=self.key))

    def new_authority(
        self, name: str, profile: str, *, key: WatchedKey | None = None
    ) -> NewAuthority:
        """Return an authority to be made."""
        loaded = load_profile(profile)
        if loaded.authority is not None and profile == "issuing":
            table = loaded.authority.model_copy(update={"delta_hours": 1})
            loaded = loaded.model_copy(update={"authority": table})
        return NewAuthority(
            name=name,
            subject=build_subject([("C", "VN"), ("O", "Antin"), ("CN", f"Antin selftest {name}")]),
            key=key or WatchedKey(),
            key_uri=f"file:{name}.key",
            profile=loaded,
            urls=AuthorityURLs.under(PUBLIC_URL, name),
            requester=REQUESTER,
        )

    def someone(self, **more: str) -> Subject:
        """Return a person nobody else is."""
        self._people += 1
        pairs = {"C": "VN", "O": "Antin", "CN": f"Selftest {self._people}", **more}
        return build_subject(pairs.items())

    def order(self, *, key: WatchedKey | None = None, subject: Subject | None = None) -> Order:
        """Return an official's order."""
        public_key = (key or WatchedKey()).public_key()
        return Order(public_key, self.profile, subject or self.someone(), REQUESTER)

    @cached_property
    def profile(self) -> Profile:
        """The profile of an official."""
        return load_profile("official")

    def issue(self) -> x509.Certificate:
        """Issue a certificate to somebody new."""
        return self.issuing.certify(self.order())

    def close(self) -> None:
        """Give the register back."""
        self.register.close()


def make_sandbox(folder: Path, now: datetime, place: Path | str | None = None) -> Sandbox:
    """Make a sandbox in a folder, its clock standing at `now`, its register there or at `place`."""
    clock = FixedClock(now)
    where = place or folder / "register.db"
    return Sandbox(folder, clock, where, create_register(where, clock))


@contextmanager
def sandbox_beside(beside: Path | str, now: datetime) -> Iterator[Sandbox]:
    """Give a sandbox whose register is on the engine of another; nothing is left of it.

    Raises:
        ScratchForbiddenError: the account may make no room for it there.
        UnavailableError: a folder, or whatever the database answers.
    """
    with (
        tempfile.TemporaryDirectory(prefix="antin-selftest-") as folder,
        scratch_beside(beside, Path(folder)) as place,
        closing(make_sandbox(Path(folder), now, place)) as sandbox,
    ):
        yield sandbox
