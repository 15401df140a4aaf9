"""The tokens of all modules; one that fails is listed with its error and stops nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cli.certificate_text import certificate_object
from cli.exit_status import ExitStatus, status_of_error
from cli.homes.home import Home
from cli.session import Session, error_object, table
from cli.tokens.choose import home_of
from hsm.embedded import EmbeddedTokens
from hsm.module import Module
from hsm.objects import ObjectKind, list_objects
from hsm.tokens import TokenInfo
from pki.errors.tree import PKIError


@dataclass(frozen=True, slots=True)
class Listing:
    """What could be seen, and what could not."""

    tokens: tuple[dict[str, Any], ...]
    modules: tuple[dict[str, Any], ...]
    status: ExitStatus
    """That of the first error where no token at all could be read; done otherwise."""

    def as_json(self) -> dict[str, Any]:
        """Return the listing as JSON."""
        return {"tokens": self.tokens, "modules": self.modules}


def list_everything(session: Session) -> Listing:
    """Return every token of every module with its certificates; nobody logs in.

    Raises:
        PKIError: the home's configuration cannot be read.
    """
    opened, failed = _open_each(home_of(session))
    errors = [error for _, error in failed]
    modules = [_module_object(path, error, session) for path, error in failed]
    tokens = []
    for module in opened:
        path = str(module.path)
        try:
            seen = module.tokens()
        except PKIError as error:
            errors.append(error)
            modules.append(_module_object(path, error, session))
            continue
        modules.append(_module_object(path, None, session))
        for token in seen:
            row, problem = _token_object(module, token, session)
            tokens.append(row)
            errors += [problem] if problem else []
    is_read = any(token["error"] is None for token in tokens)
    status = status_of_error(errors[0]) if errors and not is_read else ExitStatus.DONE
    return Listing(tuple(tokens), tuple(modules), status)


def _open_each(home: Home) -> tuple[list[Module], list[tuple[str, PKIError]]]:
    """Open what can be opened; of the rest, what was named."""
    tokens = home.settings.tokens
    opened: list[Module] = []
    failed: list[tuple[str, PKIError]] = []
    if tokens.embedded:
        try:
            opened.append(EmbeddedTokens(home.tokens).module())
        except PKIError as error:
            failed.append(("softhsm", error))
    if tokens.configured or tokens.searches:
        # Loaded only here: a home with an embedded store is as fast as without all that.
        from cli.homes.found_modules import discover_of, module_uses
        from hsm.opening import open_usable

        found = open_usable(discover_of(home, search=tokens.searches), module_uses(home))
        opened += found.modules
        failed += [(str(one.candidate.path), one.error) for one in found.left_out if one.named]
    return opened, failed


def listing_text(session: Session, listing: Listing) -> str:
    """Return the listing for people."""
    parts = [_token_text(token) for token in listing.tokens]
    parts += [
        table([(one["module"], _problem(one["error"]))])
        for one in listing.modules
        if one["error"] is not None
    ]
    return "\n".join(parts) or session.word("cli.none")


def _token_object(
    module: Module, token: TokenInfo, session: Session
) -> tuple[dict[str, Any], PKIError | None]:
    failed: PKIError | None = None
    certificates: list[dict[str, str]] = []
    try:
        certificates += (
            {**certificate_object(item.certificate), "key": str(item.uri)}
            for item in list_objects(module, token, (ObjectKind.CERTIFICATE,))
            if item.certificate is not None
        )
    except PKIError as error:
        failed = error
    row = {
        "label": token.label,
        "serial": token.serial,
        "model": token.model,
        "module": str(module.path),
        "pin": token.pin_state.value,
        "certificates": certificates,
        "error": error_object(failed, session.language) if failed else None,
    }
    return row, failed


def _module_object(path: str, error: PKIError | None, session: Session) -> dict[str, Any]:
    return {"module": path, "error": error_object(error, session.language) if error else None}


def _token_text(token: dict[str, Any]) -> str:
    rows = [(token["label"], token["serial"], token["pin"])]
    rows += [("", one["serial"], one["subject"]) for one in token["certificates"]]
    if token["error"] is not None:
        rows.append(("", "", _problem(token["error"])))
    return table(rows)


def _problem(error: dict[str, str]) -> str:
    return f"{error['message']} [{error['code']}] {error['hint']}"
