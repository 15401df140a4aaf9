"""What a page draws of the resources it is given: pages often share one map of everything.

An extract must not carry the pictures of the pages left out.

Spec: ISO 32000-2 §7.8.3 (resources), §7.3.5 (names).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyhanko.pdf_utils.generic import DictionaryObject, StreamObject, pdf_name

from signing.objects import entry

_NAME = re.compile(rb"/([^\x00\t\n\f\r ()<>\[\]{}/%]*)")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
MAPS = ("/XObject", "/Pattern", "/Shading", "/Properties", "/Font", "/ExtGState", "/ColorSpace")


def pruned(resources: DictionaryObject, contents: Iterable[StreamObject]) -> DictionaryObject:
    """Return the resources without those that no drawing of the page names.

    A drawing inside the page that has no resources of its own takes the page's; what it names
    stays too.
    """
    named = set[str]()
    left = list(contents)
    while left:
        fresh = _names_in(left.pop().data) - named
        named |= fresh
        left += _borrowers(resources, fresh)
    kept = DictionaryObject()
    for key in MAPS:
        found = entry(resources, key)
        if isinstance(found, DictionaryObject):
            kept[pdf_name(key)] = DictionaryObject(
                {name: found.raw_get(name) for name in found if str(name) in named}
            )
    return kept


def _names_in(data: bytes) -> set[str]:
    """Return every name in a drawing, and words in its texts that only look like one."""
    return {_decoded(_ESCAPED.sub(_letter, each)) for each in _NAME.findall(data)}


def _decoded(name: bytes) -> str:
    """Return a name as pyHanko has it."""
    try:
        return f"/{name.decode()}"
    except UnicodeDecodeError:
        return f"/{name.decode('latin-1')}"


def _letter(escaped: re.Match[bytes]) -> bytes:
    return bytes([int(escaped[1], 16)])


def _borrowers(resources: DictionaryObject, names: Iterable[str]) -> list[StreamObject]:
    """Return the forms among these names that have no resources of their own."""
    forms = entry(resources, "/XObject")
    found = (entry(forms, name) for name in names)
    return [
        each
        for each in found
        if isinstance(each, StreamObject)
        and str(entry(each, "/Subtype")) == "/Form"
        and entry(each, "/Resources") is None
    ]
