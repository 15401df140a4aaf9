"""Whether an anchor was one when it was relied on.

A trusted list tells since when a service may be trusted, and times between at which it might not.
What was signed at such a time stays without an anchor, whatever the status of the service became.
An end of trust is another thing: what is proved to be older can still be relied on, and
`verify.rules.control_time` begins there.

Spec: ETSI TS 119 615 §4.3 (status of the service at the time it is asked for).
"""

from __future__ import annotations

from datetime import datetime

from verify.facts import ChainFacts
from verify.finding import error
from verify.indication import SubIndication
from verify.rules.chain import Problem


def not_trusted_then(chain: ChainFacts, time: datetime) -> Problem | None:
    """Return that no anchor of a path was one at `time`, though one was later."""
    anchors = [certificate for certificate in chain.certificates if certificate.trusted]
    for certificate in anchors:
        until, times = certificate.trusted_until, certificate.trusted_times
        ended = until is not None and time >= until
        if ended or not times or any(time in period for period in times):
            return None
    if not anchors:
        return None
    last = anchors[-1]
    since = min(period.start for period in last.trusted_times if period.start > time)
    found = error("chain.not_trusted_then", certificate=last.name, time=time, since=since)
    return SubIndication.NO_CERTIFICATE_CHAIN_FOUND, found
