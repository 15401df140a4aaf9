"""The counters and the policy graph that are carried from the anchor down to the end entity.

Spec: RFC 5280 §6.1.2 (a), (d)-(f); §6.1.3 (d)-(f); §6.1.4 (b), (h)-(j); §6.1.5 (a), (b), (g);
RFC 5937 §3.2 (what the anchor's own certificate asks).
"""

from __future__ import annotations

from cryptography import x509

from verify.compare import self_issued
from verify.path.extensions import (
    ANY_POLICY,
    extension,
    mappings_of,
    mappings_readable,
    policies_of,
)
from verify.path.inputs import PathInputs
from verify.path.policies import PolicyGraph


def policy_runs_through(path: tuple[x509.Certificate, ...], inputs: PathInputs) -> bool:
    """Say whether a policy runs through the whole path, or none has to.

    Args:
        path: the end entity first; the last is taken for the anchor.
        inputs: which policies are wanted, and whether one is required.
    """
    state = _State(len(path) - 1, inputs, anchor=path[-1])
    for index in range(len(path) - 2, -1, -1):
        state.take(path[index], last=index == 0)
        if state.explicit_policy == 0 and state.graph.is_null():
            return False  # §6.1.3 (f)
        if index:
            state.prepare(path[index])
    state.wrap_up(path[0])
    return state.explicit_policy > 0 or bool(state.graph.constrained_to(state.wanted))


class _State:
    """§6.1.2: what is initialised."""

    def __init__(self, length: int, inputs: PathInputs, *, anchor: x509.Certificate) -> None:
        self.graph = PolicyGraph()
        self.explicit_policy = 0 if inputs.explicit_policy else length + 1
        self.policy_mapping = 0 if inputs.inhibit_policy_mapping else length + 1
        self.inhibit_any_policy = 0 if inputs.inhibit_any_policy else length + 1
        self.wanted = inputs.policies
        self._tighten(anchor)
        own = policies_of(anchor)
        if own is not None and ANY_POLICY not in own:
            self.wanted = own if ANY_POLICY in self.wanted else self.wanted & own

    def take(self, certificate: x509.Certificate, *, last: bool) -> None:
        """§6.1.3 (d) and (e)."""
        any_counts = self.inhibit_any_policy > 0 or (not last and self_issued(certificate))
        self.graph.take(policies_of(certificate), any_counts=any_counts)

    def prepare(self, certificate: x509.Certificate) -> None:
        """§6.1.4 (b), (h), (i), (j)."""
        if mappings_readable(certificate):  # else it is a defect of its own
            self.graph.map(mappings_of(certificate), allowed=self.policy_mapping > 0)
        if not self_issued(certificate):
            self.explicit_policy = max(0, self.explicit_policy - 1)
            self.policy_mapping = max(0, self.policy_mapping - 1)
            self.inhibit_any_policy = max(0, self.inhibit_any_policy - 1)
        self._tighten(certificate)

    def wrap_up(self, certificate: x509.Certificate) -> None:
        """§6.1.5 (a) and (b)."""
        self.explicit_policy = max(0, self.explicit_policy - 1)
        constraints = extension(certificate, x509.PolicyConstraints)
        if constraints is not None and constraints.require_explicit_policy == 0:
            self.explicit_policy = 0

    def _tighten(self, certificate: x509.Certificate) -> None:
        constraints = extension(certificate, x509.PolicyConstraints)
        if constraints is not None:
            self.explicit_policy = _least(self.explicit_policy, constraints.require_explicit_policy)
            self.policy_mapping = _least(self.policy_mapping, constraints.inhibit_policy_mapping)
        inhibit = extension(certificate, x509.InhibitAnyPolicy)
        if inhibit is not None:
            self.inhibit_any_policy = _least(self.inhibit_any_policy, inhibit.skip_certs)


def _least(one: int, other: int | None) -> int:
    return one if other is None else min(one, other)
