"""What signing and judging reach out to, built from the home: trust, policy, network, services."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.homes.home import Home
from cli.homes.late_fetcher import LateFetcher
from cli.homes.timestamps import timestamps_of
from cli.session import Session
from pki.clock import Clock
from pki.fetcher import Fetcher, NoNetwork
from signing.failover import TimestampServices
from verify.password import Password
from verify.policy import Policy
from verify.policy_file import load_policy
from verify.trust import TrustStore, load_trust

if TYPE_CHECKING:
    from signing.ledger import Ledger
    from signing.services import SigningServices


LIST_SUFFIXES = frozenset({".xml", ".xtsl", ".tsl"})
"""Of trusted lists; any other file of trust holds certificates."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Trust, rules, network and time-stamp services of one run."""

    trust: TrustStore
    policy: Policy
    fetcher: Fetcher
    timestamps: TimestampServices | None = None
    kept: Path | None = None
    """Where evidence about signatures made here is kept; None where it is not."""
    judged: Ledger | None = None
    """Keeps evidence about signatures judged here."""
    password: Password | None = None
    """Opens documents that are encrypted."""

    def signing(self, clock: Clock) -> SigningServices:
        """Return the same as `signing` wants it."""
        from signing.services import SigningServices  # judging alone does not load pyHanko's half

        return SigningServices(
            clock,
            self.fetcher,
            self.trust,
            self.policy,
            self.timestamps,
            records=None if self.kept is None else _ledger(clock, self.kept),
            password=self.password,
        )


@dataclass(frozen=True, slots=True)
class Lists:
    """How trusted lists are had."""

    signers: tuple[Path, ...] = ()
    """Who may have signed lists that are given in place of the home's anchors."""
    asked_for: bool = False
    """Ask the network for lists that are outdated or missing; else what is kept must do."""


def outside_of(
    session: Session,
    home: Home,
    *,
    trust: Iterable[Path] = (),
    policy: str | None = None,
    offline: bool = False,
    tsa: str | None = None,
    password: Password | None = None,
    lists: Lists = Lists(),
    run_began: datetime | None = None,
) -> Outside:
    """Return what the home is configured for, or what the options say instead.

    Args:
        session: language, clock, output.
        home: the home.
        trust: files and folders of anchors in place of the home's.
        policy: a name or file in place of the home's.
        offline: nothing is asked.
        tsa: an address in place of the home's.
        password: of encrypted documents.
        lists: how trusted lists are had.
        run_began: an address that did not answer since then is not asked again for a minute.

    Raises:
        PKIError: a trust file, list or policy that cannot be read.
    """
    settings = home.settings
    fetcher: Fetcher = NoNetwork()
    if not offline:
        cache = home.cache if home.directory.is_dir() else None
        fetcher = LateFetcher(settings.network.allow, session.clock, cache, run_began)
    rules = load_policy(policy or settings.verify.policy)
    keep = settings.evidence.keep if home.directory.is_dir() else "none"
    return Outside(
        _trust(session, home, tuple(trust), lists, fetcher),
        rules,
        fetcher,
        timestamps_of(home, tsa),
        kept=home.evidence if keep != "none" else None,
        judged=_ledger(session.clock, home.evidence) if keep == "all" else None,
        password=password,
    )


def _ledger(clock: Clock, folder: Path) -> Ledger:
    from signing.ledger import Ledger  # for who keeps something

    return Ledger(folder, clock)


def _trust(
    session: Session, home: Home, given: tuple[Path, ...], lists: Lists, fetcher: Fetcher
) -> TrustStore:
    verify = home.settings.verify
    if not given:
        own = load_trust(path for path in map(home.path, verify.trust) if path.exists())
        if not verify.list:
            return own
        from cli.homes.lists import with_lists  # loads lxml

        return with_lists(own, session, home, fetcher if lists.asked_for else None)
    files = tuple(path for path in given if path.suffix.lower() in LIST_SUFFIXES)
    own = load_trust(path for path in given if path not in files)
    if not files:
        return own
    from cli.homes.lists import with_files

    return with_files(own, session, files, lists.signers)
