"""One process of an office that has several: it issues, revokes and lists. Run by tests."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pki_world import PUBLIC_URL, new_key, someone

from pki.authority.authority import Authority
from pki.authority.create import open_authority
from pki.clock import SystemClock
from pki.errors.clock import ClockBeforeRecordError
from pki.errors.register import RegisterConflictError
from pki.profile import load_profile
from pki.register.sql import open_register
from pki.urls import AuthorityURLs


def work(authority: Authority, certificates: int) -> dict[str, list[object]]:
    """Issue certificates, revoke every third, list after every fifth; say what came of it."""
    told: dict[str, list[object]] = {"serials": [], "crls": [], "overtaken": []}
    profile = load_profile("official")
    for number in range(certificates):
        key, subject = new_key().public_key(), someone(OU=sys.argv[4])
        issued = _in_time(lambda: authority.issue(key, profile, subject, requester=sys.argv[4]))  # noqa: B023  called here
        serial = issued.serial_number
        told["serials"].append(f"{serial:x}")
        if number % 3 == 0:
            _in_time(lambda: authority.revoke(serial, x509.ReasonFlags.superseded))  # noqa: B023  likewise
        if number % 5 == 0:
            try:
                told["crls"].append(_number(_in_time(authority.issue_crl)))
            except RegisterConflictError as overtaken:  # the other's list has a higher number
                told["overtaken"].append(overtaken.facts["reason"])
    return told


T = TypeVar("T")


def _in_time(act: Callable[[], T]) -> T:
    """Act; again where the other process wrote its entry after this one looked at the clock."""
    while True:
        try:
            return act()
        except ClockBeforeRecordError as error:
            late = error.facts["recorded"] - error.facts["now"]
            assert late < timedelta(seconds=5)


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def main() -> None:
    """Work on the register at the address, with the key in the file."""
    url, key_path, certificates, _ = sys.argv[1:]
    register = open_register(url)
    key = load_pem_private_key(Path(key_path).read_bytes(), None)
    urls = AuthorityURLs.under(PUBLIC_URL, "issuing")
    authority = open_authority(register, "issuing", key=key, urls=urls, clock=SystemClock())
    print("ready", flush=True)  # noqa: T201  the test waits for it
    sys.stdin.readline()
    print(json.dumps(work(authority, int(certificates))), flush=True)  # noqa: T201
    register.close()


if __name__ == "__main__":
    main()
