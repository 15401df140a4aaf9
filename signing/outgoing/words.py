"""Number and date as the clerk writes them: with the noughts that the decree asks for.

Spec: Decree 30/2020/ND-CP, Annex I: numbers below 10, days below 10, and the months 1 and 2 have a
nought in front (not checked against the official text).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from signing.errors.outgoing import NumberMalformedError

LONGEST = 60
_NUMBER = re.compile(r"([0-9]{1,6})([^\W\d_]{0,4})((?:[/.\-–&() ]{1,2}[^\W_]+)*)")
SYMBOL_FORM = "15 | 15/QĐ-UBND"
NUMBER_FORM = "15"


def number_words(number: str, *, symbol_printed: bool) -> str:
    """Return a number as it is written in the document.

    Args:
        number: `15`, `5/QĐ-UBND`; NFD is composed.
        symbol_printed: the symbol stands on the page behind the field.

    Raises:
        NumberMalformedError: it does not begin with digits, has signs that no symbol has, or
            brings the symbol that is there already.
    """
    text = unicodedata.normalize("NFC", number.strip())
    found = _NUMBER.fullmatch(text) if len(text) <= LONGEST else None
    if found is None or (symbol_printed and found[3]):
        form = NUMBER_FORM if symbol_printed else SYMBOL_FORM
        raise NumberMalformedError(number=text[:LONGEST], form=form)
    return f"{found[1]:0>2}{found[2]}{found[3]}"


def date_words(day: date) -> tuple[str, str, str]:
    """Return day, month and year, each as it is written."""
    month = f"{day.month:02}" if day.month <= 2 else str(day.month)
    return f"{day.day:02}", month, f"{day.year:04}"


def whole_date(day: date) -> str:
    """Return the date as it stands in a field of its own."""
    number, month, year = date_words(day)
    return f"ngày {number} tháng {month} năm {year}"
