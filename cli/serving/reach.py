"""Who may be given verdicts: this machine, or document systems that are known, over TLS."""

from __future__ import annotations

from cli.errors import ServiceOpenError
from cli.homes.home import Home
from cli.serving.listen import Bind


def may_be_reached(bind: Bind, home: Home) -> bool:
    """Say whether verdicts may be given there: on this machine, or with TLS to whom it knows."""
    settings = home.settings
    tls = settings.service.tls
    known = bool(settings.verify.service.key) or (tls is not None and tls.clients is not None)
    return bind.address.is_loopback or (tls is not None and known)


def check_verdicts_reach(bind: Bind, home: Home) -> None:
    """Refuse to judge for whoever comes along.

    Raises:
        ServiceOpenError: see `may_be_reached`.
    """
    if not may_be_reached(bind, home):
        raise ServiceOpenError(address=str(bind))
