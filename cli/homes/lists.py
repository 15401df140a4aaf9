"""The trusted lists that a home is configured for, and lists that are handed in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cli.homes.home import Home
from cli.session import Session
from pki.errors.tree import phrase
from pki.fetcher import Fetcher
from verify.errors import ListOtherError, ListUnpinnedError, TrustFileError
from verify.lists.check import check_list
from verify.lists.follow import Follower
from verify.lists.had import Had, Source, trust_in
from verify.lists.kept import KeptLists
from verify.lists.signers import load_signers
from verify.trust import TrustStore


def sources_of(home: Home) -> tuple[Source, ...]:
    """Return the configured lists."""
    return tuple(
        Source(
            one.name,
            tuple(map(home.path, one.signers)),
            url=one.url,
            file=None if one.file is None else home.path(one.file),
            territories=one.territories,
        )
        for one in home.settings.verify.list
    )


def follow_lists(
    session: Session, home: Home, fetcher: Fetcher | None, *, anew: bool = False
) -> tuple[Had, ...]:
    """Get every configured list, and those they lead to.

    Args:
        session: its clock says which count.
        home: whose lists.
        fetcher: the network; None asks nobody.
        anew: ask for all, whatever is kept.

    Raises:
        TrustFileError: a file of permitted signers that cannot be read.
    """
    follower = Follower(KeptLists(home.lists), session.clock, fetcher, anew=anew)
    return tuple(follower.follow(sources_of(home)))


def with_lists(
    own: TrustStore, session: Session, home: Home, fetcher: Fetcher | None
) -> TrustStore:
    """Return the home's anchors with those of its lists.

    Raises:
        TrustFileError: a file of permitted signers that cannot be read.
    """
    return trust_in(own, follow_lists(session, home, fetcher), session.clock.now())


def with_files(
    own: TrustStore, session: Session, files: Iterable[Path], signers: tuple[Path, ...]
) -> TrustStore:
    """Return anchors with those of lists in files.

    Args:
        own: other anchors.
        session: its clock says which lists count.
        files: the lists.
        signers: files of certificates that may have signed them.

    Raises:
        ListUnpinnedError: nobody was named who may have signed them.
        ListOtherError: a list of lists, which names no services.
        TrustFileError: a file that cannot be read.
        PKIError: a list that may not be relied on; see `verify.lists.check`.
    """
    had = []
    for file in files:
        if not signers:
            raise ListUnpinnedError(name=file.name)
        try:
            untrusted = file.read_bytes()
        except OSError as error:
            raise TrustFileError(path=file, reason=str(error)) from error
        found = check_list(
            untrusted, signers=load_signers(signers), at=session.clock.now(), name=file.name
        )
        if found.of_lists:
            lists = phrase("verify.list_reason.list_of_lists")
            wanted = phrase("verify.list_reason.list_of_services")
            raise ListOtherError(name=file.name, found=lists, wanted=wanted)
        had.append(Had(file.name, file.name, str(file), found))
    return trust_in(own, had, session.clock.now())
