"""Who may be given verdicts: this machine, or document systems that are known, over TLS.

Lists, certificates, OCSP and time-stamps are asked for over plain HTTP by everybody. So what is
reached from other machines is one or the other, each in a process of its own.
"""

from __future__ import annotations

from cli.errors import ServiceOpenError
from cli.homes.home import Home
from cli.serving.listen import Bind


def may_be_reached(bind: Bind, home: Home, *, alone: bool) -> bool:
    """Say whether verdicts may be given there.

    Args:
        bind: where.
        home: with TLS, keys, authorities of callers.
        alone: nothing else is served there, so that TLS is spoken.
    """
    service = home.settings.verify.service
    known = bool(service.key) or (service.tls is not None and service.tls.clients is not None)
    return bind.address.is_loopback or (alone and service.tls is not None and known)


def check_verdicts_reach(bind: Bind, home: Home, *, alone: bool) -> None:
    """Refuse to judge for whoever comes along.

    Raises:
        ServiceOpenError: see `may_be_reached`.
    """
    if not may_be_reached(bind, home, alone=alone):
        raise ServiceOpenError(address=str(bind))
