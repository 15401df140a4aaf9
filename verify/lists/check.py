"""A trusted list that may be relied on now: signed by who may, of a known version, not outdated.

Spec: ETSI TS 119 612 §5.3.14 (issue), §5.3.15 (next update); ETSI TS 119 615 §4.1, §4.2.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from cryptography import x509

from verify.errors import ListClosedError, ListExpiredError, ListNotYetError
from verify.lists.read import TrustedList, read_list
from verify.lists.signature import check_signature
from verify.lists.xml import parse_xml

SKEW = timedelta(hours=1)
"""By how much an operator's clock may be ahead."""


def check_list(
    untrusted: bytes, *, signers: Collection[x509.Certificate], at: datetime, name: str
) -> TrustedList:
    """Return a list that may be relied on.

    Args:
        untrusted: the file's bytes.
        signers: who may have signed it.
        at: now.
        name: what to call it in errors.

    Raises:
        ListTooLargeError, ListMalformedError, ListVersionError: not a list that is read here.
        ListUnsignedError, ListSignatureFormError, ListSignerError, ListWeakError,
            ListAlteredError: see `check_signature`.
        ListExpiredError: a newer one should be there.
        ListClosedError: it is the last of its kind.
        ListNotYetError: issued in the future.
    """
    root = parse_xml(untrusted, name)
    signed = check_signature(root, signers=signers, at=at, name=name)
    found = read_list(signed.octets, name)
    if found.issued > at + SKEW:
        raise ListNotYetError(name=name, issued=found.issued)
    if found.next_update is None:
        raise ListClosedError(name=name)
    if found.next_update <= at:
        raise ListExpiredError(name=name, next_update=found.next_update)
    return found
