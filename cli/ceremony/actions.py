"""What a ceremony's steps do, on the tokens and in the register of one home.

Every step finds what it made before, where it was interrupted before it was written down.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from cli.actor import actor
from cli.ceremony import keys, tokens
from cli.homes.change_settings import add_table
from cli.homes.keys import open_modules
from cli.homes.office import Office
from hsm.certificates import find_place, put_certificate
from hsm.errors import TokenExistsError
from hsm.uri import KeyURI
from pki.atomic import write_atomically
from pki.audit.stored import read_edge
from pki.audit.tree import Edge
from pki.authority.authority import Authority
from pki.authority.create import NewAuthority, check_new, create_issuing, create_root
from pki.ceremony.plan import (
    AuthorityStep,
    ExportStep,
    KeyStep,
    ListStep,
    LogStep,
    Plan,
    Step,
    TokenStep,
)
from pki.ceremony.profiles import Texts, profile_in
from pki.ceremony.transcript import Transcript, fixed, varies
from pki.errors.files import OutputExistsError
from pki.keys import PublicKey
from pki.profile import Profile
from pki.strength import spki_sha256
from pki.subject import parse_subject
from pki.urls import AuthorityURLs

_SERVICE = Path("services/audit.pem")


@dataclass
class Workshop:
    """Does the steps of one ceremony (`pki.ceremony.run.Actions`)."""

    office: Office
    plan: Plan
    texts: Texts
    policy_arc: str
    folder: Callable[[str], Path]
    """Where a folder of the plan lies."""
    ask: Callable[[int, Step], None]
    rehearsal: bool = False
    so_pin_source: str | None = None
    """Of tokens that lie blank; None is a prompt."""
    made: dict[str, PublicKey] = field(default_factory=dict)
    """Public halves by the names of their keys."""
    artefacts: dict[str, bytes] = field(default_factory=dict)
    """DER by the names of files."""

    def recall(self, transcript: Transcript) -> None:
        """Know what the steps before an interruption made."""
        for step, entry in zip(self.plan.step, transcript.steps, strict=False):
            self._remember(step, entry["result"])

    def confirm(self, number: int, step: Step) -> None:
        """Ask those who confirm the step."""
        self.ask(number, step)

    def log_edge(self) -> Edge:
        """Return how the audit log stands."""
        register = self.office.register
        last = register.last_audit_entry()
        return read_edge(last.sequence if last else 0, register.find_audit_entries)

    def act(self, step: Step, *, again: bool) -> dict[str, Any]:
        """Do a step.

        Raises:
            PKIError: whatever the token, the register or the disk answers.
        """
        doing: Mapping[str, Callable[..., dict[str, Any]]] = {
            "token": self._token,
            "key": self._key,
            "authority": self._authority,
            "crl": self._list,
            "log": self._log,
            "export": self._export,
        }
        result = doing[step.do](step, again=again)
        self._remember(step, result)
        return result

    def _remember(self, step: Step, result: Mapping[str, Any]) -> None:
        match step:
            case KeyStep():
                key = load_der_public_key(base64.b64decode(fixed(result["public_key"])))
                assert isinstance(key, PublicKey)  # noqa: S101  it was made by `_key`
                self.made[step.key] = key
            case AuthorityStep():
                self._keep(f"{step.authority}.cer", result["certificate"])
            case ListStep():
                self._keep(f"{step.authority}.crl", result["crl"])
            case LogStep():
                self._keep(f"{step.key}.cer", result["certificate"])
            case _:
                pass

    def _keep(self, name: str, marked: object) -> None:
        self.artefacts[name] = base64.b64decode(fixed(marked))

    def _token(self, step: TokenStep, *, again: bool) -> dict[str, Any]:
        if step.blank and not self.rehearsal:
            tokens.initialise(self.office, step, self.so_pin_source, again=again)
        elif step.initialise or self.rehearsal:
            try:
                tokens.make_embedded(self.office, step.token)
            except TokenExistsError:
                if not again:
                    raise
        _, token = keys.find_place(self.office, step.token)
        about = {name: varies(getattr(token, name)) for name in ("serial", "manufacturer", "model")}
        return {"label": token.label, "initialised": step.initialise, **about}

    def _key(self, step: KeyStep, *, again: bool) -> dict[str, Any]:
        half = keys.make(self.office, step, again=again)
        attributes = keys.demanded(self.office, step, self.plan.key_attributes, half)
        assert half.public_key is not None  # noqa: S101  a key that was just made tells its own
        spki = half.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {**_artefact("public_key", spki), "attributes": attributes}

    def _authority(self, step: AuthorityStep, *, again: bool) -> dict[str, Any]:
        office = self.office
        record = office.register.find_authority(step.authority)
        if record is not None and again:
            authority = office.authority(step.authority)
        else:
            authority = self._create(step)
        certificate = authority.issuer.certificate
        der = certificate.public_bytes(Encoding.DER)
        folders = [office.home.authorities]
        if step.parent is None:
            folders.append(office.home.directory / "trust")
        for folder in folders:
            _write(folder / f"{step.authority}.pem", certificate.public_bytes(Encoding.PEM))
        self._put(step.key, certificate)
        return {"subject": step.subject, **_artefact("certificate", der)}

    def _create(self, step: AuthorityStep) -> Authority:
        office, profile = self.office, self._profile(step.profile)
        parent = office.authority(step.parent) if step.parent is not None else None
        check_new(step.authority, profile, office.register, parent=parent)
        uri = self._uri(step.key)
        new = NewAuthority(
            name=step.authority,
            subject=parse_subject(step.subject),
            key=office.open_key(uri),
            key_uri=uri,
            profile=profile,
            urls=AuthorityURLs.under(self.plan.public_url, step.authority),
            requester=actor(),
            blocked=office.blocked_keys(),
        )
        if parent is None:
            return create_root(new, office.register, office.session.clock)
        return create_issuing(parent, new)

    def _list(self, step: ListStep, *, again: bool) -> dict[str, Any]:
        newest = self.office.register.newest_crl(step.authority) if again else None
        if newest is not None:
            return _artefact("crl", newest.der)
        crl = self.office.authority(step.authority).issue_crl(requester=actor())
        return _artefact("crl", crl.public_bytes(Encoding.DER))

    def _log(self, step: LogStep, *, again: bool) -> dict[str, Any]:
        home, key = self.office.home, self.made[step.key]
        if home.settings.audit is not None and not again:
            raise OutputExistsError(path=home.path(_SERVICE))
        authority = self.office.authority(step.authority)
        found = authority.issued_for(spki_sha256(key)) if again else ()
        if found:
            certificate = x509.load_der_x509_certificate(found[0].der or b"")
        else:
            certificate = authority.issue(
                key, self._profile("audit"), parse_subject(step.subject), requester=actor()
            )
        home.path(_SERVICE.parent).mkdir(exist_ok=True)
        _write(home.path(_SERVICE), certificate.public_bytes(Encoding.PEM))
        self._put(step.key, certificate)
        self._configure(step)
        return _artefact("certificate", certificate.public_bytes(Encoding.DER))

    def _configure(self, step: LogStep) -> None:
        home = self.office.home
        if home.settings.audit is not None:
            return
        key = self._uri(step.key)
        told = {"origin": step.origin, "certificate": _SERVICE.as_posix(), "key": key}
        add_table(home.directory / "antin.toml", "[audit]", told)

    def _export(self, step: ExportStep, *, again: bool) -> dict[str, Any]:
        del again
        folder = self.folder(step.folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, der in self.artefacts.items():
            _write(folder / name, der)
        files = [
            {"name": name, "sha256": varies(hashlib.sha256(der).hexdigest())}
            for name, der in self.artefacts.items()
        ]
        return {"files": files}

    def _profile(self, name: str) -> Profile:
        return profile_in(self.texts, name, self.policy_arc)

    def _uri(self, key: str) -> str:
        steps = (one for one in self.plan.step if isinstance(one, KeyStep))
        return keys.find(self.office, next(one for one in steps if one.key == key), self.made[key])

    def _put(self, key: str, certificate: x509.Certificate) -> None:
        modules = open_modules(self.office.home, session=self.office.session)
        place = find_place(modules, KeyURI.parse(self._uri(key)), certificate)
        self.office.pins.retrying(lambda: put_certificate(place, certificate, self.office.pins))


def _artefact(name: str, der: bytes) -> dict[str, Any]:
    return {
        name: varies(base64.b64encode(der).decode("ascii")),
        "sha256": varies(hashlib.sha256(der).hexdigest()),
    }


def _write(path: Path, data: bytes) -> None:
    """Write a file, unless just this stands there already."""
    if not (path.exists() and path.read_bytes() == data):
        write_atomically(path, data, overwrite=False)
