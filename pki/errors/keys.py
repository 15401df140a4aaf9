"""Keys that nobody should have certified."""

from __future__ import annotations

from pki.errors.tree import InvalidInputError, RefusedError, UnavailableError


class WeakKeyError(RefusedError):
    """The public key may not be certified; its subclasses say why."""


class KeyKindError(WeakKeyError):
    """No type or size of key that is certified."""

    code = "pki.key_kind"


class KeyNotAllowedError(WeakKeyError):
    """The profile does not allow this type of key (facts: `found`, `allowed`)."""

    code = "pki.key_not_allowed"


class RSAExponentError(WeakKeyError):
    """The exponent is even, or not between 2^16 and 2^256 (FIPS 186-5 §5.1)."""

    code = "pki.rsa_exponent"


class RSASmallFactorError(WeakKeyError):
    """A small prime divides the RSA modulus."""

    code = "pki.rsa_small_factor"


class RSAStructuredPrimesError(WeakKeyError):
    """The RSA primes have the structure of CVE-2017-15361 (ROCA)."""

    code = "pki.rsa_structured_primes"


class RSAClosePrimesError(WeakKeyError):
    """The RSA primes are close together (CVE-2022-26320)."""

    code = "pki.rsa_close_primes"


class RSAOnePrimeError(WeakKeyError):
    """The RSA modulus is a prime, or a power of one."""

    code = "pki.rsa_one_prime"


class KeyPointError(WeakKeyError):
    """The key is no point of its curve, or the one at infinity."""

    code = "pki.key_point"


class KeySmallOrderError(WeakKeyError):
    """Anybody can sign under this key: its point has small order."""

    code = "pki.key_small_order"


class KeySubgroupError(WeakKeyError):
    """A point of small order is mixed into the key."""

    code = "pki.key_subgroup"


class KeyBlockedError(WeakKeyError):
    """The key stands in a block list (facts: `spki_sha256`, `list`)."""

    code = "pki.key_blocked"


class BlockListError(InvalidInputError):
    """A block list is not one, so nothing is certified (facts: `path`, `line`)."""

    code = "pki.block_list"


class BlockListUnreadableError(UnavailableError):
    """A block list is not there or cannot be read (facts: `path`, `reason`)."""

    code = "pki.block_list_unreadable"


class KeyMismatchError(RefusedError):
    """The private key does not belong to the certificate (facts: `authority`)."""

    code = "pki.key_mismatch"
