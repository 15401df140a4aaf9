"""Writes `docs/displays.md`: each display profile as a picture, with its rule."""

from __future__ import annotations

from pathlib import Path

from display_pictures import picture, write_picture

from pki.words import Language
from signing.display.profile import DisplayProfile, load_display
from signing.display.tables import CornerPlace, PersonPlace, SignerPlace

CHECKOUT = Path(__file__).resolve().parent.parent
ORDER = (
    *("person", "agency", "annex", "copy-sao-y", "copy-sao-luc", "copy-trich-sao"),
    *("digitised", "archive-copy", "text", "none"),
)
COMMANDS = {
    "person": "antin sign decision.pdf --display person --image signature.png",
    "agency": "antin sign decision.pdf --display agency --image seal.png",
    "copy-sao-y": "antin copy decision.pdf --kind sao-y",
    "copy-sao-luc": "antin copy decision-sao-y.pdf --kind sao-luc",
    "copy-trich-sao": "antin copy decision.pdf --kind trich-sao --pages 1,3-4",
    "annex": "antin sign annex.pdf --display annex --number 12/QĐ-UBND",
}
HEADER = """<!-- Written by `make docs` from signing/display/*.toml: change it there. -->
# What a signature shows, and where

A display profile is a TOML file. Those below come with Antin, one for each rule; the pictures are
made by the same code that signs. The rules were read in secondary sources and not checked against
the official texts.

- Title and name are searched for in the text of the last 64 pages, in a process of its own that
  ends after 20 seconds. The name has to be a line of its own, with the title above it and at least
  8 mm between them. Where there is no such place, or more than one, nothing is signed, and
  `--place` says it: `--place page=3`, `--place "title=Phó Chủ tịch"`,
  `--place page=1,x=120mm,y=200mm`.
- Millimetres count from the top left corner of the page as it is seen: turned (`/Rotate`), cropped
  (`/CropBox`) and scaled (`/UserUnit`).
- Images are PNG files of at most 16 MiB and 16 million pixels, on a transparent ground, of which at
  least half the ink has the colour that the rule asks for. Transparent margins are cut away: the
  size is the size of the ink. `[signing] image` in `antin.toml` names the image once and for all.
- PDF/A-1 allows nothing transparent: there the image is a stencil of the ink in one colour.
- Words are real text in Times New Roman or a font of the same metrics, which can be searched,
  copied and read aloud; the time is ISO 8601 with `+07:00`. The field has a name for screen
  readers. Letters and seals of a given size are never made smaller: a field that is too small for
  them is refused.
- In a field that is there already (`--field`, `--place field=…`), the look stands in its middle.

An administration's own profiles are files `NAME.toml` in the folder `displays` of the home, or
anywhere (`--display path/to/own.toml`):

```console
$ antin display list
$ antin display show agency
$ antin display check own.toml
```

```toml
name = "seal-42"
visible = true
label = "Dấu của {name}"    # what a screen reader says

[image]
ink = "red"                 # or "blue"; left out: any colour
width_mm = 42.0
height_mm = 42.0
exact = true                # in that very size, or refused

[place]
by = "person"               # over the image of the person who signed before
share = 0.3333              # of its width, on its left
```

With `[text]` come `lines` (with `{name}`, `{title}`, `{organization}`, `{number}`, `{time}`),
`required`, `font_size_pt`, `color`, `align`, `width_mm`, `exact`. `[place]` has `by = "corner"`
(`page`, `corner`, `margin_x_mm`, `margin_y_mm`), `by = "signer"` (`clearance_mm`) and
`by = "person"` (`share`). Everything that is wrong with a file is told at once.
"""


def write_page() -> str:
    """Return the page."""
    return "\n".join([HEADER, *(_section(load_display(name)) for name in ORDER)])


def write_pictures(folder: Path) -> None:
    """Write the picture of each display that shows something."""
    for name in ORDER:
        if load_display(name).visible:
            write_picture(folder / f"{name}.png", picture(name))


def _section(profile: DisplayProfile) -> str:
    lines = [f"## {profile.name}", ""]
    lines += [profile.about[Language.EN], "", f"*{profile.about[Language.VI]}*", ""]
    if profile.visible:
        lines += [
            f"![A document signed with the display {profile.name}](displays/{profile.name}.png)"
        ]
        lines += ["", *(f"- {fact}" for fact in _facts(profile)), ""]
    if profile.name in COMMANDS:
        lines += ["```console", f"$ {COMMANDS[profile.name]}", "```", ""]
    return "\n".join(lines)


def _facts(profile: DisplayProfile) -> list[str]:
    facts = [f"Rule: {profile.clause}"] if profile.clause else []
    facts.append(f"Place: {_place(profile)}")
    if profile.image is not None:
        image = profile.image
        size = f"{image.width_mm:g} by {image.height_mm:g} mm"
        how = "exactly, or refused" if image.exact else "at most, in its own proportions"
        facts.append(f"Image: {image.ink or 'any colour'}, {size}, {how}")
    else:
        facts.append("Image: none; one that is given is refused")
    if profile.text is not None:
        text = profile.text
        words = " / ".join(f"`{line}`" for line in text.lines)
        size = f"{text.font_size_pt:g} pt" + (", never smaller" if text.exact else "")
        facts.append(f"Words: {words}; {size}")
    return facts


def _place(profile: DisplayProfile) -> str:
    match profile.place:
        case CornerPlace() as place:
            page = "first" if place.page == 1 else "last"
            margins = f"{place.margin_x_mm:g} mm from the side, {place.margin_y_mm:g} mm from the"
            edge = place.corner.partition("-")[0]
            return f"{place.corner.replace('-', ' ')} of the {page} page, {margins} {edge}"
        case SignerPlace():
            return "half way between the signer's title and the signer's name"
        case PersonPlace() as place:
            return f"over the left {place.share:.0%} of the image of the person who signed before"
        case None:
            return "none"


if __name__ == "__main__":
    (CHECKOUT / "docs" / "displays.md").write_text(write_page(), encoding="utf-8")
    write_pictures(CHECKOUT / "docs" / "displays")
