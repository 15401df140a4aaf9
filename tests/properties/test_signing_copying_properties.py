"""What a page names is found however it is written; pages are read, or refused in our words."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import DictionaryObject, NameObject, NumberObject, StreamObject
from pyhanko.pdf_utils.generic import pdf_name as named

from cli.documents.copies import read_pages
from cli.errors import BadOptionError
from signing.copying.resources import pruned

# pyHanko writes octets below 16 with one digit, which is no name any more.
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12)


@given(used=NAMES, other=NAMES, around=st.sampled_from([b" ", b"\n", b"[", b"("]))
def test_a_resource_that_a_page_names_is_kept_and_another_is_not(used, other, around):
    written = BytesIO()
    NameObject(f"/{used}").write_to_stream(written)
    drawing = StreamObject(stream_data=b"q" + written.getvalue() + around + b"Do Q")
    fonts = DictionaryObject({named(f"/{each}"): NumberObject(1) for each in (used, other)})
    kept = pruned(DictionaryObject({named("/Font"): fonts}), (drawing,))["/Font"]
    assert set(kept) == {f"/{used}"}


@given(st.text(st.sampled_from("0123456789-, a"), max_size=12))
def test_pages_are_ranges_that_rise_or_none(text):
    try:
        found = read_pages(text)
    except BadOptionError:
        return
    assert found
    assert all(1 <= first <= last for first, last in found)
