"""Takes out of what was seen whatever names a person: for a report that leaves the office.

Left out: names, e-mail addresses, personal numbers, the labels of tokens and readers' numbers; of
a token's serial number the last four characters stay, of a certificate the SHA-256's beginning, its
period and its issuer. Paths lose the user's name.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from hsm.discovery.p11kit import ConfigFinding
from hsm.doctor.seen import Seen, SeenCertificate, SeenModule, SeenReader, SeenToken
from pki.errors.tree import Fact, PKIError

KEPT_OF_SERIAL = 4
KEPT_OF_SHA256 = 16
_HOMES = re.compile(
    r"(?:[A-Za-z]:)?[\\/](?:home|Users|Documents and Settings)[\\/][^\\/]+|(?<![^\s=:])/root\b",
    re.IGNORECASE,
)
"""A user's name may have spaces in it, so it ends at the next slash."""
_EMAIL = re.compile(r"[^\s<>,;:=/\\]+@[^\s<>,;:=/\\]+")
_NUMBER = re.compile(r"\d(?:[\s.-]?\d){5,}")
"""Six digits and more, spaced or not: the shortest personal number has nine."""


def anonymous(seen: Seen, home: Path | None = None) -> Seen:
    """Return the same without anything that names a person.

    Args:
        seen: what was looked at.
        home: the user's folder, beside those that are known by their names.
    """
    mask = _Mask(home)
    return replace(
        seen,
        modules=tuple(map(mask.module, seen.modules)),
        readers=tuple(map(mask.reader, seen.readers)),
        tokens=tuple(mask.token(token, f"#{n}") for n, token in enumerate(seen.tokens, 1)),
        remarks=tuple(map(mask.remark, seen.remarks)),
    )


class _Mask:
    def __init__(self, home: Path | None) -> None:
        self._home = home

    def path(self, path: Path) -> Path:
        return Path(self.text(str(path)))

    def text(self, text: str) -> str:
        if self._home is not None and self._home != Path(self._home.anchor):
            text = text.replace(str(self._home), "~")
        return _NUMBER.sub("…", _EMAIL.sub("…", _HOMES.sub("~", text)))

    def module(self, module: SeenModule) -> SeenModule:
        return replace(
            module,
            name=self.text(module.name),
            path=self.path(module.path),
            detail=self.text(module.detail),
            said=self.text(module.said),
            error=self.error(module.error),
        )

    def reader(self, reader: SeenReader) -> SeenReader:
        return replace(reader, name=self.text(reader.name), module=self.text(reader.module))

    def token(self, token: SeenToken, name: str) -> SeenToken:
        serial = token.token.serial
        info = replace(
            token.token,
            label=name,
            serial=f"…{serial[-KEPT_OF_SERIAL:]}" if len(serial) > KEPT_OF_SERIAL else serial,
            manufacturer=self.text(token.token.manufacturer),
            model=self.text(token.token.model),
        )
        return replace(
            token,
            token=info,
            module=self.text(token.module),
            also_in=tuple(map(self.text, token.also_in)),
            certificates=tuple(map(self.certificate, token.certificates)),
            error=self.error(token.error, token=name, serial=info.serial),
        )

    def certificate(self, one: SeenCertificate) -> SeenCertificate:
        prefix = one.sha256[:KEPT_OF_SHA256]
        # Who signs for themselves is named as issuer, too.
        issuer = "" if one.issuer == one.name else self.text(one.issuer)
        return replace(
            one,
            name=f"SHA-256 {prefix}…",
            serial=f"{prefix}…",
            issuer=issuer,
            sha256=prefix,
            key_sha256=one.key_sha256[:KEPT_OF_SHA256],
        )

    def remark(self, remark: ConfigFinding) -> ConfigFinding:
        return replace(remark, path=self.path(remark.path), detail=self.text(remark.detail))

    def error(self, error: PKIError | None, **known: str) -> PKIError | None:
        """The same error, with facts that name nobody."""
        if error is None:
            return None
        masked = {name: known.get(name, self._fact(fact)) for name, fact in error.facts.items()}
        return type(error)(**masked)

    def _fact(self, fact: Fact) -> Fact:
        match fact:
            case Path():
                return self.path(fact)
            case str():
                return self.text(fact)
            case tuple():
                return tuple(map(self.text, fact))
            case _:
                return fact
