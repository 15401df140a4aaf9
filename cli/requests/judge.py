"""Wires who judges signatures on acts: `verify`, with the lists of this home's own authorities.

People who act have certificates of the home's authorities or of others that the home trusts. The
status of the home's own is in its register; that of others is asked where their certificates say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cryptography import x509

from cli.homes.office import Office
from cli.homes.outside import outside_of
from pki.authority.succession import check_in_force
from pki.errors.office import SignerUntrustedError
from pki.records.register import Register
from pki.records.requests import Signature
from pki.requests.desk import Desk, find_own
from verify.acts import ActJudge
from verify.collect import Collector
from verify.evidence import NONE, Evidence, Item
from verify.policy import Level, default_policy
from verify.trust import TrustStore


@dataclass(frozen=True, slots=True)
class HomeJudge:
    """Judges by the register what its own authorities issued, and all else by the home's trust."""

    register: Register
    own: ActJudge
    others: ActJudge | None = None

    def judge(self, signature: Signature, at: datetime) -> x509.Certificate:
        """Return the certificate of who signed.

        Raises:
            SignerUntrustedError: anything is wrong with it, or unknown.
            AuthorityRevokedError: the authority that issued it is revoked.
        """
        certificate = self.signer_of(signature.cms)
        record = find_own(self.register, certificate)
        if record is not None:
            authority = self.register.find_authority(record.issuer)
            if authority is not None:
                check_in_force(self.register, authority)
            return self.own.judge(signature, at)
        if self.others is None:
            raise SignerUntrustedError(reason="NO_CERTIFICATE_CHAIN_FOUND")
        return self.others.judge(signature, at)

    def signer_of(self, cms: bytes) -> x509.Certificate:
        """Return the certificate of who made a signature that was judged before.

        Raises:
            SignerUntrustedError: it holds none.
        """
        return self.own.signer_of(cms)


def own_judge(register: Register, others: ActJudge | None = None) -> HomeJudge:
    """Return a judge for the certificates of a register's own authorities, and of others.

    The status of its own certificates stands in the register, which is asked beside the signature
    (`pki.requests.desk.Desk.is_good`): newer than any list, and no list need be as new as a
    certificate. What a list says against one counts all the same.
    """
    known = register.authority_certificates()
    loaded = [x509.load_der_x509_certificate(one.certificate_der) for one in known]
    roots = tuple(one for one in loaded if one.issuer == one.subject)
    policy = default_policy()
    asked = {"signer_evidence": Level.WARN, "authority_evidence": Level.WARN}
    policy = policy.model_copy(
        update={
            "signature": policy.signature.model_copy(update=asked),
            "revocation": policy.revocation.model_copy(update={"proved_at_signing": False}),
        }
    )
    own = ActJudge(policy, TrustStore(roots), partial(own_evidence, register))
    return HomeJudge(register, own, others)


def own_evidence(register: Register, at: datetime) -> Evidence:
    """Return the certificates and the newest lists of the register's own authorities."""
    known = register.authority_certificates()
    newest = (register.newest_crl(one.name) for one in known)
    return Evidence(
        certificates=tuple(Item(one.certificate_der, at) for one in known),
        crls=tuple(Item(crl.der, at) for crl in newest if crl is not None),
    )


def judging_desk(office: Office) -> Desk:
    """Return the home's desk, with its judge: its own authorities, its trust, its network.

    Raises:
        PKIError: the home's trust anchors cannot be read.
    """
    outside = outside_of(office.session, office.home)
    collector = partial(Collector, outside.fetcher, office.session.clock)
    others = ActJudge(outside.policy, outside.trust, lambda _: NONE, collector)
    return office.desk(own_judge(office.register, others))
