"""What of a certificate's subject is to change, in the words of form 04."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cryptography import x509

from pki.forms.filled import Facts
from pki.forms.form import Fill
from pki.subject import ATTRIBUTES

Subject = Mapping[str, Sequence[str]]
"""Values by the short names of attributes."""
_WORDS = {
    "CN": "Tên",
    "T": "Chức vụ",
    "O": "Cơ quan, tổ chức",
    "OU": "Đơn vị",
    "L": "Địa bàn",
    "ST": "Tỉnh/Thành phố",
}
"""Attributes that are told: none of them is a number of a person."""


def subject_of(certificate: x509.Certificate) -> Subject:
    """Return what a certificate says of its subject, of the attributes that are told."""
    return {
        short: [
            str(one.value)
            for one in certificate.subject.get_attributes_for_oid(ATTRIBUTES[short].oid)
        ]
        for short in _WORDS
    }


def subject_in(pairs: Sequence[Sequence[str]]) -> Subject:
    """Return the same of a request's document, where a subject is a list of pairs."""
    return {short: [value for name, value in pairs if name == short] for short in _WORDS}


def changed_facts(before: Subject, after: Subject) -> Facts:
    """Return what is to change, and what into: a line for each attribute.

    Args:
        before: what a certificate says.
        after: what it shall say; an attribute that is not told of stays as it is.
    """
    old, new = [], []
    for short, word in _WORDS.items():
        was, becomes = ", ".join(before.get(short, ())), ", ".join(after.get(short, ()))
        if short in after and was != becomes:
            old.append(f"{word}: {was or '(không có)'}")
            new.append(f"{word}: {becomes or '(không có)'}")
    return {Fill.BEFORE: "\n".join(old), Fill.AFTER: "\n".join(new)} if old else {}
