"""Names of hosts, addresses and mail addresses: one form each, or none."""

from __future__ import annotations

import unicodedata

import pytest

from pki.hosts import host_address, host_name, mail_address


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("example.gov.vn", "example.gov.vn"),
        ("WWW.Example.GOV.VN", "www.example.gov.vn"),
        ("a-1.example.vn", "a-1.example.vn"),
        ("1.example.vn", "1.example.vn"),
        ("*.example.vn", "*.example.vn"),
        ("x" * 63 + ".vn", "x" * 63 + ".vn"),
        ("bücher.example", "xn--bcher-kva.example"),
        (unicodedata.normalize("NFD", "Bücher.example"), "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
    ],
)
def test_a_name_is_kept_in_one_form(given: str, kept: str):
    assert host_name(given) == kept
    assert host_name(kept) == kept


@pytest.mark.parametrize(
    "name",
    [
        "",
        "localhost",
        "example.vn.",
        ".example.vn",
        "a..vn",
        "-a.vn",
        "a-.vn",
        "a_b.vn",
        "a b.vn",
        "x" * 64 + ".vn",
        ".".join(["x" * 49] * 5) + ".vn.x.y",
        "10.0.0.7",
        "a.b.7",
        "*",
        "*.vn",
        "a.*.vn",
        "*a.example.vn",
        "**.example.vn",
        "ab--c.vn",
        "xn--a.vn",  # decodes to nothing beyond ASCII
        "xn--bcher-kva-.example",
        "xn--" + "9" * 59 + ".vn",
        "xn--bcher-KVA-.example",
        "xn--mnchen-3ya.xn--",
        "bücher-.example",
        "bü--cher.example",
        "ŀ.example.vn",  # changes under NFKC
        "аpple.example",  # begins with a Cyrillic letter
        "xn--pple-43d.example",  # the same as an A-label
        "ü" * 60 + ".vn",
        "http://example.vn",
        "example.vn:443",
        "example.vn\n",
    ],
)
def test_what_is_no_name_of_a_host(name: str):
    assert host_name(name) is None


def test_a_name_has_a_bound():
    longest = ".".join(["x" * 49] * 5) + ".vn"
    assert len(longest) == 252
    assert host_name(longest) == longest
    assert host_name(f"x{longest}x") is None
    assert host_name(f"*.{longest[:-2]}") is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [("10.0.0.7", "10.0.0.7"), ("203.0.113.9", "203.0.113.9"), ("2001:DB8:0::1", "2001:db8::1")],
)
def test_an_address_is_kept_in_one_form(given: str, kept: str):
    assert str(host_address(given)) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0",
        "10.0.0.256",
        "010.0.0.7",
        "0.0.0.0",  # noqa: S104
        "127.0.0.1",
        "224.0.0.1",
        "169.254.1.1",
        "255.255.255.255",
        "::",
        "::1",
        "ff02::1",
        "fe80::1",
        "fe80::1%eth0",
        "2001:db8::1%eth0",
        "::ffff:10.0.0.7",
        "10.0.0.0/8",
    ],
)
def test_what_is_no_address_of_one_host(text: str):
    assert host_address(text) is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a@example.vn", "a@example.vn"),
        ("Nguyen.Van-A+1@Example.VN", "Nguyen.Van-A+1@example.vn"),
        ("a@sở.example.vn", "a@xn--s-lym.example.vn"),
        ("x" * 64 + "@example.vn", "x" * 64 + "@example.vn"),
    ],
)
def test_a_mail_address_keeps_its_first_part(given: str, kept: str):
    assert mail_address(given) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@example.vn",
        "a@",
        "a@localhost",
        "a@*.example.vn",
        "a@10.0.0.7",
        "a@[10.0.0.7]",
        ".a@example.vn",
        "a.@example.vn",
        "a..b@example.vn",
        "a b@example.vn",
        "a@b@example.vn",
        '"a"@example.vn',
        "nguyễn@example.vn",
        "x" * 65 + "@example.vn",
        "ab@" + ".".join(["x" * 49] * 5) + ".vn",
    ],
)
def test_what_is_no_mail_address(text: str):
    assert mail_address(text) is None
