"""Brings an authority that others kept into the home, as `antin ca import` asks for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cli.actor import actor
from cli.certificate_text import certificate_object
from cli.errors import BadOptionError
from cli.homes.office import Office
from cli.session import Session, table
from pki.atomic import write_atomically
from pki.authority.create import check_new, open_authority
from pki.errors.files import OutputExistsError
from pki.importing.apply import Terms, apply_plan, check_list, check_unblocked
from pki.importing.encoded import take_file
from pki.importing.judge import Judged
from pki.importing.material import Finding, Material
from pki.importing.plan import IMPORTED, Plan, build_plan
from pki.importing.plan import Wanted as WantedPlan
from pki.importing.sources import Shape, read_source
from pki.profile import Profile
from pki.records.certificates import serial_text
from pki.urls import AuthorityURLs
from pki.words import harmless

SHOWN = 40
"""Findings of one kind that the words show; JSON has them all."""
_MAX_CRL_DAYS = 366
_COUNTS = (
    *("certificates", "expired", "others", "unverified", "lists", "revoked", "held"),
    *("without_certificate", "new_certificates"),
)
"""Fields of `pki.importing.plan.Counts`, as the words show them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `antin ca import`."""

    name: str
    sources: tuple[Path, ...]
    shape: str | None
    certificate: Path | None
    key: str | None
    profile: str | None
    crl_days: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """What was read, and what would come of it."""

    plan: Plan
    shapes: tuple[Shape, ...]
    key_uri: str | None
    profile: Profile
    crl_lifetime: timedelta


def plan_import(office: Office, wanted: Wanted) -> Found:
    """Read the sources and work out the import; nothing is changed and no PIN is asked for.

    Raises:
        BadOptionError: a certificate or a number of days that is none.
        PKIError: the sources cannot be read, or leave open whose they are.
    """
    office.public_url()  # lists and certificates will name it: known before anything is done
    shape = Shape(wanted.shape) if wanted.shape else None
    material, shapes = Material(), []
    for source in wanted.sources:
        read_as, one = read_source(source, shape)
        material.add(one)
        shapes.append(read_as)
    if wanted.profile is not None:
        office.profile(wanted.profile)
    plan = build_plan(
        material,
        WantedPlan(
            wanted.name, actor(), wanted.profile or IMPORTED, _certificate(wanted.certificate)
        ),
        office.register,
        office.session.clock.now(),
    )
    is_root = plan.certificate.issuer == plan.certificate.subject
    profile = office.profile("root" if is_root else "issuing")
    if office.register.find_authority(wanted.name) is None:
        check_new(wanted.name, profile, office.register)
    key_uri = wanted.key or (f"file:{material.key.resolve()}" if material.key else None)
    return Found(plan, tuple(shapes), key_uri, profile, _lifetime(wanted, profile))


def import_it(office: Office, found: Found, wanted: Wanted) -> int:
    """Do it; return the number of the list issued at its end, which holds all that was revoked.

    Raises:
        BadOptionError: no key is named, and none was found.
        OutputExistsError: another certificate lies where the authority's is to lie.
        PKIError: the plan is blocked, the key is another's, or the register cannot be written.
    """
    plan = found.plan
    check_unblocked(plan)  # before anybody is asked for a PIN
    if found.key_uri is None:
        raise BadOptionError(option="--key", value="-", form="pkcs11:… | file:PATH")
    folders = [office.home.authorities]
    if found.profile.name == "root":
        folders.append(office.home.directory / "trust")
    pem = plan.certificate.public_bytes(Encoding.PEM)
    for folder in folders:
        _check_free(folder / f"{plan.name}.pem", pem)
    key = office.open_key(found.key_uri, plan.certificate)
    register, clock = office.register, office.session.clock
    terms = Terms(key, found.key_uri, found.profile.name, found.crl_lifetime, actor())
    apply_plan(plan, terms, register, clock)
    for folder in folders:
        write_atomically(folder / f"{plan.name}.pem", pem, overwrite=True)
    urls = AuthorityURLs.under(office.public_url(), wanted.name)
    authority = open_authority(register, plan.name, key=key, urls=urls, clock=clock)
    crl = authority.issue_crl(requester=actor())
    check_list(plan, crl, register)
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def put_plan(session: Session, found: Found, *, crl_number: int | None = None) -> None:
    """Show what was found, and what of it is done."""
    plan = found.plan
    counts = asdict(plan.counts)
    data: dict[str, Any] = {
        "name": plan.name,
        "formats": [shape.value for shape in found.shapes],
        "authority": certificate_object(plan.certificate),
        "parent": plan.parent,
        "key": found.key_uri,
        "counts": counts,
        "last_crl_number": plan.crl_number,
        "crl_number": crl_number,
        "findings": [finding_object(session, one) for one in plan.findings],
        "lint": [_judged_object(session, one) for one in plan.judged],
        "blocked": bool(plan.blocked),
        "done": crl_number is not None,
    }
    session.put("ca.import/1", data, lambda: _text(session, found, counts, crl_number))


def finding_object(session: Session, finding: Finding) -> dict[str, str]:
    """Return a finding as JSON tells it."""
    words = finding.words
    return {
        "severity": finding.severity.value,
        "code": words.id,
        "place": finding.place,
        "message": session.word(words.id, **words.facts),
    }


def _judged_object(session: Session, judged: Judged) -> dict[str, str]:
    words = judged.finding.words
    return {
        "rule": judged.finding.id,
        "serial": serial_text(judged.serial),
        "place": judged.place,
        "message": session.word(words.id, **words.facts),
    }


def finding_lines(session: Session, findings: Iterable[Finding]) -> list[str]:
    """Return findings as lines, the first of each kind; how many more there are stands after."""
    lines, seen = [], dict.fromkeys((one.words.id for one in findings), 0)
    for one in findings:
        seen[one.words.id] += 1
        if seen[one.words.id] <= SHOWN:
            told = finding_object(session, one)
            lines.append(harmless(f"{told['severity']}: {told['place']}: {told['message']}"))
    left = sum(max(0, count - SHOWN) for count in seen.values())
    if left:
        lines.append(session.word("cli.import.more", count=left))
    return lines


def _text(session: Session, found: Found, counts: dict[str, int], crl_number: int | None) -> str:
    plan = found.plan
    rows = [
        (session.word("cli.import.authority"), certificate_object(plan.certificate)["subject"]),
        (session.word("cli.import.key"), found.key_uri or "-"),
        *((session.word(f"cli.import.{name}"), str(counts[name])) for name in _COUNTS),
        (session.word("cli.import.last_crl_number"), str(plan.crl_number)),
    ]
    lines = [table(rows), *finding_lines(session, plan.findings)]
    counted = Counter(one.finding.id for one in plan.judged)
    lines += [
        session.word("cli.import.lint", rule=rule, count=count)
        for rule, count in counted.most_common()
    ]
    if crl_number is not None:
        lines.append(session.word("cli.import.done", name=plan.name, number=crl_number))
    return "\n".join(lines)


def _certificate(path: Path | None) -> x509.Certificate | None:
    if path is None:
        return None
    material = Material()
    take_file(path, material)
    if len(material.certificates) != 1:
        raise BadOptionError(option="--cert", value=str(path), form="PEM | DER")
    return material.certificates[0].certificate


def _lifetime(wanted: Wanted, profile: Profile) -> timedelta:
    days = wanted.crl_days
    if days is None:
        return timedelta(days=profile.authority.crl_days if profile.authority else 0)
    if not 0 < days <= _MAX_CRL_DAYS:
        raise BadOptionError(option="--crl-days", value=str(days), form=f"1-{_MAX_CRL_DAYS}")
    return timedelta(days=days)


def _check_free(path: Path, pem: bytes) -> None:
    if path.exists() and path.read_bytes() != pem:
        raise OutputExistsError(path=path)
