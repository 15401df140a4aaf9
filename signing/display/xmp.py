"""The metadata of a document that Antin writes itself: what it is called, and that it is PDF/A-2a.

Spec: ISO 19005-2 §6.6.2 (XMP), §6.6.4 (the claim of conformance).
"""

from __future__ import annotations

from datetime import datetime
from xml.sax.saxutils import escape

_PRODUCER = "Antin"


def pdfa_metadata(title: str, language: str, made: datetime) -> bytes:
    """Return the metadata as XMP.

    Args:
        title: of the document.
        language: its tag (RFC 5646).
        made: when, which nothing here asks a clock for.
    """
    told = made.isoformat(timespec="seconds")
    text = _XMP.format(title=escape(title), language=language, made=told, producer=_PRODUCER)
    return text.encode()


_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{made}</xmp:CreateDate>
<pdf:Producer>{producer}</pdf:Producer>
<pdfaid:part>2</pdfaid:part>
<pdfaid:conformance>A</pdfaid:conformance>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
