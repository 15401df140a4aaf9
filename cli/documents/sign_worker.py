"""Signing in a process of its own: what it is told, what it does with a document.

The key is the worker's own (`hsm.workers`); everything else is read from the home again, as an
open connection or a loaded policy cannot be sent.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.documents.password import document_password
from cli.documents.sign_documents import for_later, sign_later
from cli.documents.sign_wishes import SignWishes
from cli.documents.signer import LocatedSigner
from cli.documents.worker_start import begin_worker
from cli.errors import BadOptionError
from cli.homes.home import find_home, home_directory
from cli.homes.keys import PINs
from cli.homes.module_addresses import module_addresses
from cli.homes.outside import outside_of
from cli.session import Session
from hsm.uri import KeyURI
from hsm.workers.messages import KeyOrder
from hsm.workers.pool import SigningWorkers, signing_workers
from hsm.workers.process import worker_key
from signing.batch.made import MadeDocument, judge_document, make_beside
from signing.batch.workers import InWorkers
from signing.files import Existing
from signing.key import SigningKey
from signing.sign import Signatory


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What a worker is told, with each document."""

    session: Session
    wishes: SignWishes
    certificates: tuple[bytes, ...]
    """The signer's and its chain, DER."""
    existing: Existing
    noted: bool = False
    """All outputs go into one folder, whose journal is held and notes them."""


def order_of(
    session: Session, wishes: SignWishes, signer: SigningKey, *, existing: Existing, noted: bool
) -> WorkOrder:
    """Return what workers are told."""
    certificates = tuple(
        one.public_bytes(Encoding.DER) for one in (signer.certificate, *signer.chain)
    )
    return WorkOrder(session, wishes, certificates, existing, noted)


def sign_in_worker(order: bytes, source: Path, target: Path) -> MadeDocument:
    """Make one document with the worker's key.

    Args:
        order: a pickled `WorkOrder`; as bytes it is known again with the next document.
        source: the document.
        target: where it will go.

    Raises:
        PKIError: see `signing.batch.made.make_beside`.
    """
    return prepare(order)(source, target)


@cache
def prepare(data: bytes) -> Callable[[Path, Path], MadeDocument]:
    """Read the home, once a worker: what documents have in common; return what makes one.

    Raises:
        PKIError: the home, or what it names, cannot be read.
    """
    order: WorkOrder = pickle.loads(data)  # noqa: S301  from the process that started this one
    session, wishes = order.session, order.wishes
    home = find_home(home_directory(session.home), session.configuration)
    options = wishes.options(home)
    later = sign_later(wishes, home, options)
    options = for_later(options) if later else options
    password = document_password(session, wishes.password_source)
    outside = outside_of(session, home, tsa=wishes.tsa, password=password)
    services = outside.signing(session.clock)
    certificate, *chain = (x509.load_der_x509_certificate(der) for der in order.certificates)
    signatory = Signatory(SigningKey(certificate, tuple(chain), worker_key), options, services)
    return partial(
        make_beside,
        signatory=signatory,
        later=later,
        existing=order.existing,
        noted=order.noted,
    )


def workers_for(
    located: LocatedSigner, pins: PINs, order: WorkOrder, *, signatory: Signatory, workers: int
) -> InWorkers:
    """Return what makes documents in workers; nothing is started yet.

    Args:
        located: who signs, with a key on a token.
        pins: gives the PIN, once.
        order: what the workers are told.
        signatory: judges, before the PIN is asked for.
        workers: how many.

    Raises:
        BadOptionError: the key is in a file.
    """
    if located.uri is None:
        raise BadOptionError(option="--workers", value=str(workers), form="1: --key file:…")
    payload = pickle.dumps(order)
    key_order = KeyOrder(
        KeyURI.parse(located.uri),
        module_addresses(pins.home, located.modules),
        located.signer.certificate,
        allow_final_try=pins.final_try,
        one_pin=pins.one_pin,
        begin=partial(begin_worker, payload),
    )

    def start(number: int) -> SigningWorkers:
        signatory.check()
        return pins.retrying(lambda: signing_workers(key_order, pins, workers=number))

    def submit(pool: SigningWorkers, source: Path, target: Path) -> Future[MadeDocument]:
        return pool.submit(sign_in_worker, payload, source, target)

    judge = partial(judge_document, signatory=signatory, existing=order.existing)
    return InWorkers(start, submit, workers, judge=judge)
