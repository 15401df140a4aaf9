"""What path validation starts from, beside the path and the time.

Spec: RFC 5280 §6.1.1 (c)-(i).
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

from verify.path.extensions import ANY_POLICY
from verify.policy import Paths


@dataclass(frozen=True, slots=True)
class PathInputs:
    """The initial settings; the defaults ask for nothing."""

    policies: frozenset[str] = frozenset({ANY_POLICY})
    """user-initial-policy-set, as dotted identifiers."""
    explicit_policy: bool = False
    """initial-explicit-policy: one of `policies` must run through the path."""
    inhibit_policy_mapping: bool = False
    """initial-policy-mapping-inhibit."""
    inhibit_any_policy: bool = False
    """initial-any-policy-inhibit."""
    names: x509.NameConstraints | None = None
    """initial-permitted-subtrees and initial-excluded-subtrees."""


NO_DEMANDS = PathInputs()
"""Any policy, none required, no names left out."""


def inputs_of(paths: Paths) -> PathInputs:
    """Return what a policy's table of paths asks."""
    return PathInputs(
        policies=frozenset(paths.policies or (ANY_POLICY,)),
        explicit_policy=paths.explicit_policy,
        inhibit_policy_mapping=paths.inhibit_policy_mapping,
        inhibit_any_policy=paths.inhibit_any_policy,
    )
