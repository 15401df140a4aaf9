"""OpenSSL and GnuTLS find their way from either root to what the other one issued."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cryptography import x509
from pki_world import Finder, World, make_world, new_authority, new_key, run

from pki.authority.authority import Authority
from pki.authority.create import create_issuing, create_root
from pki.authority.cross import cross_certify
from pki.authority.rollover import Links, link_roots, retire
from pki.clock import SystemClock
from pki.profile import load_profile
from pki.subject import subject_of
from pki.urls import AuthorityURLs

pytestmark = pytest.mark.peer("openssl")
ROOT, CROSS = load_profile("root"), load_profile("cross")
PUBLIC_URL = "http://pki.example.gov.vn"
WHO = {"requester": "quản trị"}


class Rolled:
    """Two roots with an authority each, and their links."""

    def __init__(self, world: World, *, same_name: bool) -> None:
        more = {"subject": subject_of(world.root.issuer.certificate)} if same_name else {}
        urls = AuthorityURLs.under(PUBLIC_URL, "root-2")
        new = new_authority("root-2", "root", key=new_key("p384"), urls=urls, **more)
        self.world = world
        self.old, self.new = world.root, create_root(new, world.register, world.clock)
        self.links: Links = link_roots(self.old, self.new, ROOT, **WHO)
        retire(self.old, self.new, **WHO)
        self.issuing_2 = create_issuing(self.new, new_authority("issuing-2", "issuing"))

    def verify(
        self,
        openssl: Path,
        root: Authority,
        *between: x509.Certificate,
        leaf: x509.Certificate,
        issuing: Authority,
    ) -> bool:
        write = self.world.write
        authorities = (self.old, self.new, self.world.issuing, self.issuing_2)
        lists = write("all.crl.pem", *(one.issue_crl() for one in authorities))
        done = run(
            openssl, "verify", "-x509_strict", "-crl_check_all", "-extended_crl",
            "-CAfile", write("root.pem", root.issuer.certificate),
            "-untrusted", write("between.pem", issuing.issuer.certificate, *between),
            "-CRLfile", lists, write("leaf.pem", leaf), check=False,
        )  # fmt: skip
        return done.returncode == 0


@pytest.fixture(params=[False, True], ids=["new name", "same name"])
def rolled(request: pytest.FixtureRequest, tmp_path: Path):
    world = make_world(tmp_path, SystemClock(), root_kind="p384", public_url=PUBLIC_URL)
    yield Rolled(world, same_name=request.param)
    world.register.close()


def test_openssl_goes_from_the_new_root_to_what_the_old_one_issued(rolled: Rolled, peer: Finder):
    openssl, link = peer("openssl"), rolled.links.old_with_new
    old = {"leaf": rolled.world.issue(), "issuing": rolled.world.issuing}
    assert rolled.verify(openssl, rolled.old, **old)
    assert not rolled.verify(openssl, rolled.new, **old)
    assert rolled.verify(openssl, rolled.new, link, **old)


def test_openssl_goes_from_the_old_root_to_what_the_new_one_issued(rolled: Rolled, peer: Finder):
    openssl, link = peer("openssl"), rolled.links.new_with_old
    leaf = rolled.world.issue(authority=rolled.issuing_2)
    new = {"leaf": leaf, "issuing": rolled.issuing_2}
    assert rolled.verify(openssl, rolled.new, **new)
    assert not rolled.verify(openssl, rolled.old, **new)
    assert rolled.verify(openssl, rolled.old, link, **new)


def test_certtool_goes_both_ways(rolled: Rolled, peer: Finder):
    certtool, write = peer("certtool"), rolled.world.write
    leaf = rolled.world.issue(authority=rolled.issuing_2)
    new, old = rolled.issuing_2.issuer.certificate, rolled.world.issuing.issuer.certificate
    links = rolled.links
    for root, chain in (
        (rolled.old, (leaf, new, links.new_with_old)),
        (rolled.new, (rolled.world.issue(), old, links.old_with_new)),
    ):
        trusted = write("root.pem", root.issuer.certificate)
        for certificates, good in ((chain, True), (chain[:2], False)):
            done = run(
                certtool, "--verify", "--load-ca-certificate", trusted,
                "--infile", write("chain.pem", *certificates), check=False,
            )  # fmt: skip
            assert (done.returncode == 0) == good, done.stdout + done.stderr


def test_openssl_crosses_to_another_administration(tmp_path: Path, peer: Finder):
    """Who trusts ours alone finds theirs, as deep as the profile lets it and no deeper."""
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    ours = make_world(tmp_path / "ours", SystemClock())
    theirs = make_world(tmp_path / "theirs", SystemClock())
    crossed = cross_certify(ours.root, theirs.issuing.issuer.certificate, CROSS, **WHO)
    deep = cross_certify(ours.root, theirs.root.issuer.certificate, CROSS, **WHO)
    leaf = theirs.write("leaf.pem", theirs.issue())
    trusted = ours.write("root.pem", ours.root.issuer.certificate)
    issuing = theirs.issuing.issuer.certificate
    for between, good in (((crossed,), True), ((issuing,), False), ((issuing, deep), False)):
        untrusted = theirs.write("between.pem", *between)
        done = run(
            peer("openssl"), "verify", "-x509_strict", "-CAfile", trusted,
            "-untrusted", untrusted, leaf, check=False,
        )  # fmt: skip
        assert (done.returncode == 0) == good, done.stdout + done.stderr
    ours.register.close()
    theirs.register.close()


def test_pkilint_has_nothing_against_links_and_crosses(rolled: Rolled):
    path = rolled.world.folder / "crossed.pem"
    made = cross_certify(rolled.new, rolled.world.issuing.issuer.certificate, CROSS, **WHO)
    for certificate in (rolled.links.old_with_new, rolled.links.new_with_old, made):
        rolled.world.write(path.name, certificate)
        linter = ("-m", "pkilint.bin.lint_pkix_cert", "lint", "-s", "ERROR")
        done = run(Path(sys.executable), *linter, path, check=False)
        assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr
