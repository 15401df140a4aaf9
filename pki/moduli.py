"""What can be wrong with an RSA modulus that looks like any other.

Each question is answered from the public key alone. None of them proves a modulus sound: they find
the mistakes that generators are known to have made.

Spec: NIST SP 800-89 §5.3.3 (composite, no power of a prime, no factor below 752).
"""

from __future__ import annotations

from math import gcd, isqrt, prod

FERMAT_ROUNDS = 100
"""What Böck's tool runs too; the printers of CVE-2022-26320 need one."""

_LARGEST_SMALL_PRIME = 751
_GENERATOR = 65537


def _primes_up_to(limit: int) -> tuple[int, ...]:
    return tuple(
        number
        for number in range(2, limit + 1)
        if all(number % i for i in range(2, isqrt(number) + 1))
    )


_SMALL_PRIMES = prod(_primes_up_to(_LARGEST_SMALL_PRIME))


def has_small_factor(modulus: int) -> bool:
    """Say whether a prime below 752 divides the modulus; an even one is divided by 2."""
    return gcd(modulus, _SMALL_PRIMES) != 1


# Structured primes


def _logarithms(prime: int) -> dict[int, int]:
    """Return the powers of 65537 modulo the prime, with the exponent of each."""
    powers: dict[int, int] = {}
    power, exponent = 1, 0
    while power not in powers:
        powers[power] = exponent
        power, exponent = power * _GENERATOR % prime, exponent + 1
    return powers


STRUCTURE = tuple(
    sorted(
        ((prime, _logarithms(prime)) for prime in _primes_up_to(167)[1:]),
        key=lambda entry: len(entry[1]) / (entry[0] - 1),
    )
)
"""The odd primes of the shortest primorial M that the library used (it divides the longer ones),
each with its logarithms to the base 65537; first those with the fewest, which let the fewest
honest moduli through."""

_STRUCTURE_PRODUCT = prod(prime for prime, _ in STRUCTURE)


def has_structured_primes(modulus: int) -> bool:
    """Say whether the modulus is a power of 65537 modulo M, as the Infineon library's are.

    Its primes are k·M + (65537^a mod M), so their product is a power of 65537 as well. M is a
    product of small primes: the logarithm is looked up modulo each, and all must agree on one
    exponent. A modulus drawn at random passes about once in 2^154.

    Spec: Nemec, Sys, Svenda, Klinec, Matyas: The Return of Coppersmith's Attack (CCS 2017) §2;
    CVE-2017-15361.
    """
    residue = modulus % _STRUCTURE_PRODUCT
    exponent, period = 0, 1
    for prime, logarithms in STRUCTURE:
        logarithm = logarithms.get(residue % prime)
        shared = gcd(period, len(logarithms))
        if logarithm is None or (logarithm - exponent) % shared:
            return False
        step = len(logarithms) // shared
        inverse = pow(period // shared, -1, step)
        exponent += period * ((logarithm - exponent) // shared * inverse % step)
        period *= step
    return True


# Close primes

_BITS, _ODD = 1024, 5 * 7 * 11 * 13
_SQUARES = tuple(
    frozenset(root * root % divisor for root in range(divisor)) for divisor in (_BITS, _ODD)
)
"""What squares leave: one number in sixty leaves both, and of the others no root is taken."""


def has_close_primes(modulus: int) -> bool:
    """Say whether Fermat's factorisation succeeds in a hundred rounds; squares fall in the first.

    Spec: Böck: Fermat Factorization in the Wild (2023); CVE-2022-26320.
    """
    middle = isqrt(modulus - 1) + 1
    rest, step = middle * middle - modulus, 2 * middle + 1
    by_bits, by_odd = _SQUARES
    for _ in range(FERMAT_ROUNDS):
        if rest & _BITS - 1 in by_bits and rest % _ODD in by_odd and isqrt(rest) ** 2 == rest:
            return True
        rest, step = rest + step, step + 2
    return False


# One prime alone


def is_power_of_prime(modulus: int) -> bool:
    """Say whether the modulus passes for a prime, or is a power: whoever sees it can sign.

    Fermat's test to the bases 2 and 3, and a root for every exponent under which the root would not
    be a small factor. This takes 30 ms for 2048 bits, hundreds of times as long as the questions
    above together, and no generator is known to fail here: it is for keys of authorities.

    Spec: NIST SP 800-89 §5.3.3 step 5.
    """
    if all(pow(base, modulus - 1, modulus) == 1 for base in (2, 3)):
        return True
    highest = modulus.bit_length() // (_LARGEST_SMALL_PRIME.bit_length() - 1)
    return any(_root(modulus, k) ** k == modulus for k in _primes_up_to(highest))


def _root(number: int, exponent: int) -> int:
    """Return the largest integer whose power is not above the number, by Newton's method."""
    root = 1 << -(-number.bit_length() // exponent)
    while True:
        better = ((exponent - 1) * root + number // root ** (exponent - 1)) // exponent
        if better >= root:
            return root
        root = better
