"""Build hook: compiles the message catalogues, for wheels and for editable installs alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LANGUAGES = ("en", "vi")


def compile_catalogues(root: Path) -> list[Path]:
    """Merge `pki/locale/<language>/*.po` into one `LC_MESSAGES/antin.mo` a language.

    Raises:
        ValueError: a message id stands in two files of one language.
    """
    made = []
    for language in LANGUAGES:
        folder = root / "pki" / "locale" / language
        merged = Catalog(locale=language, domain="antin", charset="utf-8", fuzzy=False)
        for source in sorted(folder.glob("*.po")):
            with source.open("rb") as file:
                for message in read_po(file, locale=language, abort_invalid=True):
                    if not message.id:
                        continue
                    if message.id in merged:
                        raise ValueError(f"{source}: {message.id!r} stands twice")
                    merged.add(message.id, message.string)
        target = folder / "LC_MESSAGES" / "antin.mo"
        target.parent.mkdir(exist_ok=True)
        with target.open("wb") as file:
            write_mo(file, merged)
        made.append(target)
    return made


class CatalogueHook(BuildHookInterface):
    """Runs before every wheel, standard or editable."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  hatchling's signature
        """Compile the catalogues beside their sources."""
        compile_catalogues(Path(self.root))


if __name__ == "__main__":
    for path in compile_catalogues(Path(__file__).resolve().parent.parent):
        print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
