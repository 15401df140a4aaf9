"""Who judges the lines of a file and who signs: processes where there are many lines.

A key on a token is opened in one process alone, which writes and signs; this one never opens it. A
key in a file without a password is read by each process, one with a password by this one alone.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cryptography import x509

from cli.homes.keys import open_modules
from cli.homes.module_addresses import module_addresses
from cli.homes.office import Office
from cli.issuing.bulk_process import begin, key_in_file
from hsm.errors import KeyPasswordNeededError
from hsm.locate import FILE_SCHEME, file_path
from hsm.uri import KeyURI
from hsm.workers.messages import KeyOrder
from hsm.workers.pool import signing_workers
from hsm.workers.process import worker_key
from pki.authority.bulk import Workers
from pki.authority.bulk_work import OpenKey
from pki.collecting import collect_seldom
from pki.records.authorities import AuthorityRecord

MANY_OCTETS = 32 * 1024
"""Of a file: some hundred lines, worth the half second in which a process starts."""

Pools = Sequence[Workers]


@contextmanager
def judging_workers(path: Path) -> Iterator[Pools]:
    """Give processes that judge the lines of a file; none for a short one."""
    try:
        many = path.stat().st_size > MANY_OCTETS
    except OSError:  # said when it is read
        many = False
    if not many:
        yield ()
        return
    context = multiprocessing.get_context("spawn")
    pools = [
        ProcessPoolExecutor(1, mp_context=context, initializer=begin)
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        yield pools
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


@contextmanager
def issuing_workers(
    office: Office, record: AuthorityRecord, judging: Pools
) -> Iterator[tuple[OpenKey, Pools]]:
    """Give what opens an authority's key, and the processes in which that works; none for this one.

    Args:
        office: asks for the PIN, once.
        record: of the authority.
        judging: processes that are there already.

    Raises:
        PKIError: whatever the token answers, or the file.
    """
    uri = record.key_uri
    certificate = x509.load_der_x509_certificate(record.certificate_der)
    if uri.startswith(FILE_SCHEME):
        path = file_path(uri)
        try:
            key_in_file(path)
        except KeyPasswordNeededError:
            key = office.open_key(uri, certificate)
            yield (lambda: key), ()
        else:
            yield partial(key_in_file, path), judging
        return
    parsed = KeyURI.parse(uri)
    modules = open_modules(office.home, parsed.module_path, session=office.session)
    order = KeyOrder(
        parsed,
        module_addresses(office.home, modules),
        certificate,
        begin=collect_seldom,
    )
    pins = office.pins
    pool = pins.retrying(lambda: signing_workers(order, pins, workers=1))
    with pool:
        yield worker_key, (pool,)
