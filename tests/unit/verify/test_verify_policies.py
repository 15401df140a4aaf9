"""Certificate policies through a path: RFC 9618's graph, and what a path is held to at first."""

from __future__ import annotations

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from unit.verify.verify_pki import authority, issue, official, usage

from verify.path.extensions import ANY_POLICY, POLICY_MAPPINGS
from verify.path.inputs import NO_DEMANDS, PathInputs, inputs_of
from verify.path.policies import PolicyGraph
from verify.path.rfc5280 import find_defects
from verify.policy import Paths, default_policy

ROOT = authority("Policy root")
ONE, TWO, THREE = "1.2.3.1", "1.2.3.2", "1.2.3.3"


def named(*oids):
    informations = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]
    return (x509.CertificatePolicies(informations), False)


def mapped(*pairs):
    value = asn1_x509.PolicyMappings(
        [{"issuer_domain_policy": theirs, "subject_domain_policy": own} for theirs, own in pairs]
    ).dump()
    return (x509.UnrecognizedExtension(POLICY_MAPPINGS, value), True)


def required(explicit=None, mapping=None):
    return (x509.PolicyConstraints(explicit, mapping), True)


def no_any(skip=0):
    return (x509.InhibitAnyPolicy(skip), True)


def leaf_of(issuer, *extensions):
    return official(issuer, (usage("digital_signature"), True), *extensions)


def codes(party, inputs=NO_DEMANDS):
    path = tuple(one.certificate for one in party.chain)
    return {finding.code for found in find_defects(path, inputs) for finding in found}


def passes(party, **inputs):
    found = codes(party, PathInputs(**inputs))
    assert found <= {"chain.no_valid_policy"}
    return not found


def test_a_wanted_policy_must_run_through_where_one_is_required():
    party = leaf_of(authority("P", ROOT, named(ONE, TWO)), named(ONE))
    wanted, other = frozenset({ONE}), frozenset({THREE})
    assert passes(party, policies=wanted, explicit_policy=True)
    assert not passes(party, policies=other, explicit_policy=True)
    assert passes(party, policies=other)  # none is required
    assert not passes(leaf_of(authority("None", ROOT), named(ONE)), explicit_policy=True)


@pytest.mark.parametrize(("explicit", "valid"), [(0, False), (1, False), (2, True)])
def test_a_policy_is_required_so_many_certificates_further_down(explicit, valid):
    issuing = authority("Required", ROOT, required(explicit), named(ONE))
    assert passes(leaf_of(issuing, named(TWO))) is valid
    assert passes(leaf_of(issuing, named(ONE)))


def test_the_end_entity_itself_may_require_a_policy():
    issuing = authority("Asked below", ROOT, named(ONE))
    assert not passes(leaf_of(issuing, named(TWO), required(0)))
    assert passes(leaf_of(issuing, named(TWO), required(1)))
    assert passes(leaf_of(issuing, named(ONE), required(0)))


def test_what_the_anchor_s_certificate_asks_is_asked():
    strict = authority("Strict root", None, required(0))
    assert not passes(leaf_of(authority("S", strict), named(ONE)))
    assert passes(leaf_of(authority("S", strict, named(ONE)), named(ONE)))
    narrow = authority("Narrow root", None, named(TWO))
    below = leaf_of(authority("N", narrow, named(ONE, TWO)), named(ONE))
    assert passes(below)
    assert not passes(below, explicit_policy=True)
    wide = leaf_of(authority("N", narrow, named(ONE, TWO)), named(TWO))
    assert passes(wide, explicit_policy=True)
    assert passes(wide, explicit_policy=True, policies=frozenset({ONE, TWO}))
    assert not passes(wide, explicit_policy=True, policies=frozenset({ONE}))


def test_a_mapping_is_followed_unless_it_is_inhibited():
    issuing = authority("Maps", ROOT, named(ONE), mapped((ONE, TWO)))
    party = leaf_of(issuing, named(TWO))
    assert passes(party, explicit_policy=True)
    assert passes(party, explicit_policy=True, policies=frozenset({ONE}))
    assert not passes(party, explicit_policy=True, policies=frozenset({TWO}))
    assert not passes(party, explicit_policy=True, inhibit_policy_mapping=True)
    above = authority("Inhibits", ROOT, required(mapping=0), named(ONE))
    inhibited = authority("Maps", above, named(ONE), mapped((ONE, TWO)))
    assert not passes(leaf_of(inhibited, named(TWO)), explicit_policy=True)
    assert passes(leaf_of(authority("Same", above, named(ONE)), named(ONE)), explicit_policy=True)


def test_a_mapping_of_what_any_policy_stands_for_is_followed():
    issuing = authority("Maps any", ROOT, named(ANY_POLICY), mapped((ONE, TWO), (THREE, TWO)))
    party = leaf_of(issuing, named(TWO))
    assert passes(party, explicit_policy=True, policies=frozenset({ONE}))
    assert not passes(party, explicit_policy=True, policies=frozenset({TWO}))
    useless = authority("Maps nothing", ROOT, named(ONE), mapped((THREE, TWO)))
    assert not passes(leaf_of(useless, named(TWO)), explicit_policy=True)


@pytest.mark.parametrize(
    "pairs", [((ANY_POLICY, TWO),), ((ONE, ANY_POLICY),)], ids=["from any", "to any"]
)
def test_any_policy_is_not_mapped(pairs):
    issuing = authority("Maps badly", ROOT, named(ONE), mapped(*pairs))
    assert codes(leaf_of(issuing, named(ONE))) == {"chain.bad_policy_mapping"}
    assert not codes(leaf_of(authority("Maps well", ROOT, mapped((ONE, TWO)))))


def test_mappings_that_cannot_be_read_are_a_defect():
    broken = (x509.UnrecognizedExtension(POLICY_MAPPINGS, b"\x30\x03\x02\x01"), False)
    assert codes(leaf_of(authority("Broken", ROOT, broken))) == {"chain.bad_policy_mapping"}


def test_any_policy_stands_for_all_until_it_is_inhibited():
    anything = authority("Any", ROOT, named(ANY_POLICY))
    party = leaf_of(anything, named(ONE))
    assert passes(party, explicit_policy=True, policies=frozenset({ONE}))
    assert not passes(party, explicit_policy=True, inhibit_any_policy=True)
    end = leaf_of(anything, named(ANY_POLICY))
    assert passes(end, explicit_policy=True)
    assert passes(end, explicit_policy=True, policies=frozenset({ONE}))
    inhibits = authority("Inhibits any", ROOT, named(ONE), no_any())
    assert not passes(leaf_of(inhibits, named(ANY_POLICY)), explicit_policy=True)
    assert passes(leaf_of(inhibits, named(ONE)), explicit_policy=True)


def test_self_issued_certificates_do_not_count_down():
    late = authority("Late", ROOT, required(1), named(ONE), no_any())
    again = issue(
        "Late",
        late,
        (x509.BasicConstraints(True, None), True),
        (usage("key_cert_sign"), True),
        named(ANY_POLICY),
        key_name="Late again",
    )
    assert passes(leaf_of(again, named(ONE)), explicit_policy=True)
    other = authority("Other", late, named(ANY_POLICY))
    assert not passes(leaf_of(other, named(ONE)), explicit_policy=True)


def again(issuing, *extensions):
    """Return a self-issued certificate with a new key."""
    return authority("Rolled", issuing, *extensions, key_name="Rolled again")


def test_how_far_down_a_policy_is_required_is_counted_without_self_issued_ones():
    late = authority("Rolled", ROOT, required(2))
    assert passes(leaf_of(again(late)))
    assert not passes(leaf_of(authority("Not rolled", late)))


def test_a_self_issued_certificate_may_name_any_policy_but_at_the_end():
    inhibits = authority("Rolled", ROOT, named(ONE), no_any())
    assert passes(leaf_of(again(inhibits, named(ANY_POLICY)), named(ONE)), explicit_policy=True)
    assert not passes(again(inhibits, named(ANY_POLICY)), explicit_policy=True)


def test_a_policy_file_may_ask_for_policies():
    assert inputs_of(default_policy().paths) == NO_DEMANDS
    asked = inputs_of(Paths(policies=(ONE,), explicit_policy=True, inhibit_any_policy=True))
    assert asked == PathInputs(frozenset({ONE}), explicit_policy=True, inhibit_any_policy=True)


def test_names_may_be_left_out_from_the_start():
    party = leaf_of(ROOT)
    directory = x509.DirectoryName(party.certificate.subject)
    only, none = (
        x509.NameConstraints([directory], None),
        x509.NameConstraints(None, [directory]),
    )
    assert not codes(party, PathInputs(names=only))
    assert codes(party, PathInputs(names=none)) == {"chain.name_not_allowed"}


POLICIES = st.frozensets(st.sampled_from([ANY_POLICY, ONE, TWO, THREE]), max_size=3)
MAPPINGS = st.dictionaries(
    st.sampled_from([ONE, TWO, THREE]),
    st.frozensets(st.sampled_from([ONE, TWO, THREE]), min_size=1, max_size=2),
    max_size=2,
)
STEP = st.tuples(st.none() | POLICIES, st.booleans(), MAPPINGS, st.booleans())


class Tree:
    """RFC 5280's tree as the standard tells it: nodes are (depth, policy, expected, parent)."""

    def __init__(self):
        self.nodes = [[0, ANY_POLICY, {ANY_POLICY}, None]]
        self.depth = 0

    def children(self, node):
        return [each for each in self.nodes if each[3] is node]

    def at(self, depth):
        return [each for each in self.nodes if each[0] == depth]

    def take(self, policies, any_counts):
        self.depth += 1
        above = self.at(self.depth - 1)
        for policy in (policies or set()) - {ANY_POLICY}:
            matched = [node for node in above if policy in node[2]]
            for node in matched or [node for node in above if node[1] == ANY_POLICY]:
                self.nodes.append([self.depth, policy, {policy}, node])
        if any_counts and ANY_POLICY in (policies or ()):
            for node in above:
                taken = {child[1] for child in self.children(node)}
                for policy in node[2] - taken:
                    self.nodes.append([self.depth, policy, {policy}, node])
        self.prune(self.depth)

    def map(self, mappings, allowed):
        for theirs, own in mappings.items():
            mine = [node for node in self.at(self.depth) if node[1] == theirs]
            anything = [node for node in self.at(self.depth) if node[1] == ANY_POLICY]
            if not allowed:
                self.nodes = [node for node in self.nodes if node not in mine]
            elif mine:
                for node in mine:
                    node[2] = set(own)
            else:
                for node in anything:
                    self.nodes.append([self.depth, theirs, set(own), node[3]])
        self.prune(self.depth)

    def prune(self, depth):
        gone = True
        while gone:
            gone = [n for n in self.nodes if n[0] < depth and not self.children(n)]
            self.nodes = [n for n in self.nodes if not any(n is each for each in gone)]

    def constrained_to(self, wanted):
        roots = [n for n in self.nodes if n[3] is not None and n[3][1] == ANY_POLICY]
        found = {n[1] for n in roots if n[1] != ANY_POLICY}
        anything = any(n[1] == ANY_POLICY for n in self.at(self.depth))
        if ANY_POLICY in wanted:
            return found | ({ANY_POLICY} if anything else set())
        return set(wanted) if anything else wanted & found


@given(steps=st.lists(STEP, min_size=1, max_size=4), wanted=POLICIES.filter(bool))
def test_the_graph_finds_what_the_tree_of_rfc_5280_finds(steps, wanted):
    graph, tree = PolicyGraph(), Tree()
    for number, (policies, any_counts, mappings, allowed) in enumerate(steps, start=1):
        graph.take(policies, any_counts=any_counts)
        tree.take(policies, any_counts)
        assert graph.is_null() == (not tree.at(tree.depth))
        if number < len(steps):
            graph.map(mappings, allowed=allowed)
            tree.map(mappings, allowed)
    assert graph.constrained_to(wanted) == tree.constrained_to(wanted)


def test_policies_mapped_onto_each_other_cost_no_more_than_their_number():
    """The tree would have 40 to the power of 20 leaves."""
    policies = frozenset(f"1.2.3.{number}" for number in range(40))
    graph = PolicyGraph()
    for _ in range(20):
        graph.take(policies, any_counts=True)
        graph.map(dict.fromkeys(policies, policies), allowed=True)
    graph.take(policies, any_counts=True)
    assert graph.constrained_to(frozenset({ANY_POLICY})) == policies
