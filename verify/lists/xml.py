"""The one place that reads XML: bounded, with nothing outside the file, and its canonical form.

What makes XML dangerous is refused before it is parsed: a document type, and with it every entity,
any encoding but UTF-8, more bytes than a list ever has. libxml2 itself stops at 256 levels.

Spec: XML 1.0; Exclusive XML Canonicalization 1.0 (without comments).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from pki.errors.tree import phrase
from verify.errors import ListMalformedError, ListTooLargeError

Element = Any
"""An element of lxml, which has no types of its own."""

LIST_BYTES = 32 * 1024 * 1024
"""The largest list of a country had some 8 MB in 2025."""
MARKUP = 500_000
"""Elements and attributes: each takes some 300 bytes once it is read, and a list of 1.4 MB has
24,000 of them."""
_NAMESPACES = 64
"""On one element: what canonicalization looks through for each element below."""

TSL = "{http://uri.etsi.org/02231/v2#}"
ADDITIONAL = "{http://uri.etsi.org/02231/v2/additionaltypes#}"
QUALIFICATIONS = "{http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def parse_xml(untrusted: bytes, name: str) -> Element:
    """Read XML and return its root, comments left out.

    Args:
        untrusted: the file's bytes, at most `LIST_BYTES`.
        name: what to call it in errors.

    Raises:
        ListTooLargeError: more bytes.
        ListMalformedError: no XML, or XML with what no list has.
    """
    if len(untrusted) > LIST_BYTES:
        raise ListTooLargeError(name=name, size=len(untrusted), limit=LIST_BYTES)
    if b"<!DOCTYPE" in untrusted:
        raise ListMalformedError(name=name, reason=phrase("verify.list_reason.doctype"))
    if untrusted.count(b"<") + untrusted.count(b"=") > MARKUP:
        raise ListMalformedError(name=name, reason=phrase("verify.list_reason.markup"))
    try:
        untrusted.decode("utf-8")
        root = etree.fromstring(untrusted, _parser())
    except (etree.LxmlError, ValueError) as error:
        raise ListMalformedError(name=name, reason=str(error)[:200]) from error
    if _has_instructions(root):
        raise ListMalformedError(name=name, reason=phrase("verify.list_reason.instructions"))
    if any(len(each.nsmap) > _NAMESPACES for each in (root, *root)):
        raise ListMalformedError(name=name, reason=phrase("verify.list_reason.namespaces"))
    return root


def _parser() -> Any:  # noqa: ANN401  lxml has no types
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        collect_ids=False,
    )


def _has_instructions(root: Element) -> bool:
    beside = (root.getprevious(), root.getnext(), next(root.iter(etree.PI), None))
    return any(each is not None for each in beside)


def canonical(element: Element, name: str, *, exclusive: bool = True) -> bytes:
    """Return an element as it is signed.

    Raises:
        ListMalformedError: it has no canonical form.
    """
    try:
        form: bytes = etree.tostring(
            element, method="c14n", exclusive=exclusive, with_comments=False
        )
    except (etree.LxmlError, ValueError) as error:
        raise ListMalformedError(name=name, reason=str(error)[:200]) from error
    return form


def take_out(child: Element) -> None:
    """Remove an element from its parent; the text after it stays."""
    parent, before = child.getparent(), child.getprevious()
    if child.tail and before is not None:
        before.tail = (before.tail or "") + child.tail
    elif child.tail:
        parent.text = (parent.text or "") + child.tail
    parent.remove(child)


def identified(root: Element, identity: str) -> list[Element]:
    """Return the elements that may be meant by an identity, however the attribute is spelled."""
    found: list[Element] = _IDENTIFIED(root, identity=identity)
    return found


_IDENTIFIED = etree.XPath(
    "descendant-or-self::*[@Id=$identity or @ID=$identity or @id=$identity or @xml:id=$identity]"
)


def text_of(element: Element, path: str) -> str | None:
    """Return the text at a path below an element, without the space around it; None: not there."""
    found = element.find(path)
    return None if found is None or found.text is None else str(found.text).strip()


def spoken(element: Element, path: str) -> str:
    """Return the text at a path in Vietnamese, else English, else as it comes first."""
    words = {str(each.get(_LANGUAGE)): each for each in reversed(element.findall(path))}
    first = words.get("vi", words.get("en"))
    if first is None:
        first = next(reversed(words.values()), None)
    return "" if first is None else " ".join(str(first.text or "").split())


def moment_of(text: str | None, name: str) -> datetime:
    """Return an xs:dateTime; one without a zone is UTC (§5.1.4).

    Raises:
        ListMalformedError: there is none.
    """
    try:
        moment = datetime.fromisoformat(text or "")
        # Without a zone it would be this machine's: no two machines would read the same.
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ListMalformedError(name=name, reason=phrase("verify.list_reason.date")) from error


def attributes(elements: Iterator[Element], attribute: str) -> tuple[str, ...]:
    """Return an attribute of each element that has it, each value once."""
    values = (each.get(attribute) for each in elements)
    return tuple(dict.fromkeys(str(value) for value in values if value))
