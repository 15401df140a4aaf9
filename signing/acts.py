"""Signs what somebody does: a CMS apart from the statement, with its claimed time (CAdES-B).

Spec: ETSI EN 319 122-1 §5, §6 (baseline B-B); RFC 5652 §5.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from signing.key import SigningKey
from signing.signer import KeySigner


def sign_act(signer: SigningKey, statement: bytes, *, at: datetime) -> bytes:
    """Return the signature over a statement, DER; the key is opened here.

    Args:
        signer: who acts.
        statement: the octets that say what is done.
        at: the present, which the signature claims.

    Raises:
        PKIError: whatever opening the key raises (no token, wrong PIN), or it is another's key.
    """
    with_key = KeySigner(signer)
    with_key.open_key()
    digest = hashlib.new(with_key.digest_name, statement).digest()
    attributes = with_key.signed_attributes(digest, at=at)
    return with_key.finish(attributes, with_key.sign(attributes))
