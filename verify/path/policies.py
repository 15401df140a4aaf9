"""The valid policy graph: which certificate policies run through a path.

A graph and no tree: one policy is one node at each depth however many ways lead to it, so that
a path whose policies are mapped onto each other many times over costs no more than its octets.
Qualifiers are left out; nothing here shows them.

Spec: RFC 9618 §5 (which replaces RFC 5280 §6.1.2 (a), 6.1.3 (d)-(f), 6.1.4 (b), 6.1.5 (g)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from verify.path.extensions import ANY_POLICY


@dataclass(slots=True, eq=False)
class _Node:
    policy: str
    expected: frozenset[str]
    parents: tuple[_Node, ...]


class PolicyGraph:
    """The nodes of each depth by their policy; the anchor is depth 0."""

    def __init__(self) -> None:
        self._levels = [{ANY_POLICY: _Node(ANY_POLICY, frozenset({ANY_POLICY}), ())}]

    def is_null(self) -> bool:
        """Say whether no policy runs through the path so far."""
        return not self._levels[-1]

    def take(self, policies: frozenset[str] | None, *, any_counts: bool) -> None:
        """Go one certificate further: §6.1.3 (d) and (e).

        Args:
            policies: what the certificate names; None when it has no such extension.
            any_counts: anyPolicy stands for all others here.
        """
        above = self._levels[-1]
        expecting: dict[str, list[_Node]] = {}
        for node in above.values():
            for policy in node.expected:
                expecting.setdefault(policy, []).append(node)
        everything = [above[ANY_POLICY]] if ANY_POLICY in above else []
        named = policies or frozenset()
        level = {
            policy: _leaf(policy, expecting.get(policy, everything))
            for policy in named - {ANY_POLICY}
            if expecting.get(policy, everything)
        }
        if ANY_POLICY in named and any_counts:
            for policy, parents in expecting.items():
                level.setdefault(policy, _leaf(policy, parents))
        self._levels.append(level)
        self._prune()

    def map(self, mappings: Mapping[str, frozenset[str]], *, allowed: bool) -> None:
        """Follow policy mappings out of the certificate just taken, or cut them: §6.1.4 (b)."""
        level = self._levels[-1]
        for theirs, own in mappings.items():
            if not allowed:
                level.pop(theirs, None)
            elif theirs in level:
                level[theirs].expected = own
            elif ANY_POLICY in level:
                level[theirs] = _Node(theirs, own, level[ANY_POLICY].parents)
        self._prune()

    def constrained_to(self, wanted: frozenset[str]) -> frozenset[str]:
        """Return those of `wanted` that run through the path, in the anchor's words: §6.1.5 (g)."""
        found = {
            node.policy
            for level in self._levels[1:]
            for node in level.values()
            if node.policy != ANY_POLICY and node.parents[0].policy == ANY_POLICY
        }
        if ANY_POLICY in wanted:
            return frozenset(found | ({ANY_POLICY} & self._levels[-1].keys()))
        return wanted if ANY_POLICY in self._levels[-1] else wanted & found

    def _prune(self) -> None:
        """Take away the nodes of lesser depths that lead nowhere: §6.1.3 (d)(3)."""
        for depth in range(len(self._levels) - 1, 0, -1):
            alive = {id(parent) for node in self._levels[depth].values() for parent in node.parents}
            above = self._levels[depth - 1]
            self._levels[depth - 1] = {
                policy: node for policy, node in above.items() if id(node) in alive
            }


def _leaf(policy: str, parents: list[_Node]) -> _Node:
    return _Node(policy, frozenset({policy}), tuple(parents))
