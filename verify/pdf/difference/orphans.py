"""Objects that a revision brings and nothing leads to, so that no rule has looked at them.

Programs leave such behind, and no viewer shows them. But one that stands in the place of an object
that was signed, or that a viewer which rebuilds a damaged file would take for the pages, is there
to be found.

Spec: ISO 32000-2 §7.5.6, §7.3.10.
"""

from __future__ import annotations

from pyhanko.pdf_utils.generic import DictionaryObject, Reference

from verify.errors import MalformedObjectError
from verify.pdf.difference.history import Key, entries
from verify.pdf.difference.step import Step

_STRUCTURAL = frozenset({"/Catalog", "/Pages", "/Page"})


def find_orphans(step: Step, tops: frozenset[Key], *, aside: frozenset[int]) -> None:
    """Report the objects of a revision that stand in another's place, or for the pages.

    Args:
        step: the revision.
        tops: what everything in the document is reached from.
        aside: numbers of objects that hold others, or tell where they are.
    """
    history = step.history
    for key in sorted(step.defined):
        if key[0] in aside or not history.exists(key, step.new):
            continue
        replaces = history.exists(key, step.old)
        if not replaces and not _is_structural(step, key):
            continue
        if not history.leading_to({key}, step.new, not_beyond=tops) & tops:
            step.forbid("orphan", f"{key[0]} {key[1]}")


def _is_structural(step: Step, key: Key) -> bool:
    try:
        found = step.after(Reference(*key))
    except MalformedObjectError:
        return True
    return isinstance(found, DictionaryObject) and str(entries(found).get("/Type")) in _STRUCTURAL
