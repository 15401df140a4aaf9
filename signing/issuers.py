"""The way from a signer's certificate to a trusted root, fetched where a piece of it lacks.

A token often holds the signer's certificate alone. Where its issuer lies says the certificate
itself (caIssuers); what comes from there is taken only as a link of a path to a trusted root, and
goes into the signature, so that no receiver has to fetch it.

Spec: RFC 5280 §4.2.2.1; ETSI EN 319 142-1 §6.3 (certificates of the path).
"""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509

from signing.key import SigningKey
from signing.services import SigningServices
from verify.certificate import read_certificate
from verify.collect import Collector
from verify.path.build import Path, build_path
from verify.path.pool import CertificatePool


def with_issuers(signer: SigningKey, services: SigningServices) -> SigningKey:
    """Return the signer with a chain that leads to a trusted root, where there is one to be had.

    Nothing is asked of the network where the chain leads there as it is. Addresses that do not
    answer, and certificates that lead nowhere, leave the signer as it was: the check that follows
    refuses it.

    Args:
        signer: with the issuers that are known here.
        services: trust, the network, and the policy's limits.
    """
    chain = signer.chain
    path = _path(signer.certificate, chain, services)
    collector = Collector(services.fetcher, services.clock)
    while path[-1] not in services.trust and len(path) < services.policy.limits.path_length:
        collector.find_issuer(path[-1])
        fetched = (read_certificate(item.der) for item in collector.evidence.certificates)
        new = tuple(each for each in dict.fromkeys(fetched) if each not in chain)
        if not new:
            return signer
        chain += new
        longer = _path(signer.certificate, chain, services)
        if len(longer) <= len(path) and longer[-1] not in services.trust:
            return signer
        path = longer
    return signer if chain == signer.chain else replace(signer, chain=path[1:])


def _path(
    certificate: x509.Certificate, chain: tuple[x509.Certificate, ...], services: SigningServices
) -> Path:
    pool = CertificatePool(services.trust, chain)
    return build_path(certificate, pool, limits=services.policy.limits, hint=services.clock.now())
