"""The time-stamp services of a home, as its configuration names them."""

from __future__ import annotations

from datetime import timedelta

from cli.homes.home import Home
from cli.homes.settings import TimestampServer
from pki.fetcher import Credentials
from signing.failover import TimestampService, TimestampServices


def timestamps_of(home: Home, url: str | None = None) -> TimestampServices | None:
    """Return the services in the order they are asked; None where there is none.

    Args:
        home: whose.
        url: this one alone, with what the configuration says of it.
    """
    servers = home.settings.signing.timestamp_servers
    if url is not None:
        known = tuple(server for server in servers if server.url == url)
        servers = known or (TimestampServer(url=url),)
    if not servers:
        return None
    return TimestampServices([_service(home, server) for server in servers])


def _service(home: Home, server: TimestampServer) -> TimestampService:
    accuracy = server.accuracy_seconds
    return TimestampService(
        server.url,
        answer_seconds=server.limit_seconds,
        tries=server.tries,
        policy_oid=server.policy,
        accuracy=None if accuracy is None else timedelta(seconds=accuracy),
        credentials=_credentials(home, server),
    )


def _credentials(home: Home, server: TimestampServer) -> Credentials | None:
    from cli.homes.secret_source import Authorization  # for services that know their callers

    found = Credentials(
        Authorization(server.secret, home.directory, server.user) if server.secret else None,
        home.path(server.client_certificate) if server.client_certificate else None,
        home.path(server.client_key) if server.client_key else None,
        home.path(server.trust) if server.trust else None,
    )
    return None if found == Credentials() else found
