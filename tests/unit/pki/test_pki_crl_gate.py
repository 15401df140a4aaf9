"""The gate before publication: each list that is wrong in one thing is refused for that thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from pki_world import NOW, World, make_world, new_key

from pki import der
from pki.authority import crl as crl_module
from pki.authority import crl_gate
from pki.authority.crl_der import CRLContent, encode_entries, encode_tbs
from pki.authority.crl_gate import Published, judge_crl
from pki.authority.crl_reader import ReadCRL, read_crl
from pki.authority.life import hold, release
from pki.clock import whole_second
from pki.errors.files import MalformedDERError
from pki.errors.lists import CRLRefusedError
from pki.keys import PrivateKey, algorithm_der, sign_data
from pki.records.certificates import serial_text
from pki.records.lists import Listed

HOUR = timedelta(hours=1)
THEN = (NOW - timedelta(days=9)).replace(tzinfo=None)
NEWER = whole_second(NOW)
OLD: tuple[Listed, ...] = (
    ("07", "keyCompromise", THEN, None),
    ("0abc", "superseded", THEN, None),
    ("0def", "certificateHold", THEN, None),
)
NEW: tuple[Listed, ...] = (*OLD, ("80" + 18 * "00" + "01", "unspecified", THEN, THEN))
IDP = x509.IssuingDistributionPoint(
    full_name=[x509.UniformResourceIdentifier("http://127.0.0.1/one.crl")],
    relative_name=None,
    only_contains_user_certs=True,
    only_contains_ca_certs=False,
    only_some_reasons=None,
    indirect_crl=False,
    only_contains_attribute_certs=False,
)
MORE = "1.3.6.1.4.1.32473.1"
Change = Callable[["Maker"], None]


class Maker:
    """A list that may be published, to be spoilt."""

    def __init__(self, world: World) -> None:
        issuer = world.issuing.issuer
        self.certificate = issuer.certificate
        self.key: PrivateKey = issuer.key
        self.extra: tuple[tuple[str, bool, bytes], ...] = ()
        self.without: tuple[int, int] | None = None
        self.rows: tuple[Listed, ...] = NEW
        self.content = CRLContent(
            issuer=issuer.certificate.subject,
            key_identifier=b"k" * 20,
            algorithm=algorithm_der(issuer.key),
            number=5,
            this_update=NEWER,
            next_update=NEWER + HOUR,
            expired_since=NEWER - 9 * HOUR,
            entries=b"",
        )
        previous = replace(self.content, number=3, this_update=NEWER - 2 * HOUR)
        self.previous = self._signed(previous, OLD)
        self.published = Published(
            issuer=self.certificate,
            now=NOW,
            previous=self.previous,
            newest_number=4,
            newest_update=NEWER - HOUR,
            snapshot=lambda: iter([row[0] for row in NEW]),
        )

    def change(self, **changes: Any) -> None:
        self.content = replace(self.content, **changes)

    def judged(self) -> list[str]:
        made = self._signed(self.content, self.rows)
        return [finding.id for finding in judge_crl(made, self.published)]

    def _signed(self, content: CRLContent, rows: tuple[Listed, ...]) -> ReadCRL:
        tbs_der = encode_tbs(replace(content, entries=encode_entries(rows)))
        if self.extra or self.without is not None:
            tbs_der = self._with_extensions(tbs_der)
        signature = der.bit_string(sign_data(self.key, tbs_der))
        return read_crl(der.sequence((tbs_der, content.algorithm, signature)))

    def _with_extensions(self, tbs_der: bytes) -> bytes:
        *fields, extensions = der.read_all(der.read(tbs_der, "").content, "")
        listed = [one.whole for one in der.read_all(der.read(extensions.content, "").content, "")]
        if self.without is not None:
            first, last = self.without
            if first == -1:  # the next update, which is the last but entries and extensions
                del fields[last]
            else:
                del listed[first:last]
        for oid, critical, value in self.extra:
            name = x509.ObjectIdentifier(oid)
            listed.append(
                der.sequence(
                    (
                        der.encode(der.OID, _oid(name)),
                        b"\x01\x01\xff" if critical else b"",
                        der.encode(der.OCTET_STRING, value),
                    )
                )
            )
        return der.sequence(
            (*(field.whole for field in fields), der.encode(0xA0, der.sequence(listed)))
        )


def _oid(oid: x509.ObjectIdentifier) -> bytes:
    name = x509.Name([x509.NameAttribute(oid, "x")]).public_bytes()
    (rdn,) = der.read_all(der.read(name, "").content, "")
    (attribute,) = der.read_all(rdn.content, "")
    return der.read_all(attribute.content, "")[0].content


def other_key(maker: Maker) -> None:
    maker.key = new_key()


def other_kind_of_key(maker: Maker) -> None:
    maker.key = new_key("ed25519")


def other_algorithm(maker: Maker) -> None:
    maker.change(algorithm=der.sequence((der.encode(der.OID, b"\x2a\x03\x04"),)))


def other_issuer(maker: Maker) -> None:
    maker.change(issuer=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "khác")]))


def no_number(maker: Maker) -> None:
    maker.without = (1, 2)


def same_number(maker: Maker) -> None:
    maker.change(number=4)


def to_another_base(maker: Maker) -> None:
    maker.change(base_number=2)


def time_goes_back(maker: Maker) -> None:
    maker.change(this_update=NEWER - HOUR - timedelta(seconds=1))


def from_the_future(maker: Maker) -> None:
    maker.change(this_update=NEWER + timedelta(seconds=1))


def already_due(maker: Maker) -> None:
    maker.published = replace(maker.published, now=NEWER + HOUR)


def no_next_update(maker: Maker) -> None:
    maker.without = (-1, 4)


def critical_and_unknown(maker: Maker) -> None:
    maker.extra = ((MORE, True, b"\x05\x00"),)


def another_scope(maker: Maker) -> None:
    maker.extra = (("2.5.29.28", True, IDP.public_bytes()),)


def another_authority_key(maker: Maker) -> None:
    maker.change(key_identifier=b"o" * 20)


def the_expired_no_more(maker: Maker) -> None:
    maker.without = (2, 3)


def one_lost(maker: Maker) -> None:
    maker.rows = (*OLD[1:], NEW[3])
    maker.published = replace(maker.published, snapshot=None)


def date_changed(maker: Maker) -> None:
    maker.rows = ((*OLD[0][:2], THEN + HOUR, None), *NEW[1:])


def reason_milder(maker: Maker) -> None:
    maker.rows = (("07", "superseded", THEN, None), *NEW[1:])


def one_missing(maker: Maker) -> None:
    maker.rows = OLD


def one_unknown(maker: Maker) -> None:
    maker.rows = (*NEW, ("09", "superseded", THEN, None))


def one_twice(maker: Maker) -> None:
    maker.rows = (*NEW, NEW[0])


def removed_in_full(maker: Maker) -> None:
    maker.rows = (*OLD[:2], ("0def", "removeFromCRL", THEN, None), NEW[3])


BROKEN: dict[str, tuple[str, tuple[Change, ...]]] = {
    "pki.crl.signature": ("_signature", (other_key, other_kind_of_key, other_algorithm)),
    "pki.crl.issuer": ("_signature", (other_issuer,)),
    "pki.crl.no_number": ("_number", (no_number,)),
    "pki.crl.number": ("_number", (same_number,)),
    "pki.crl.base": ("_number", (to_another_base,)),
    "pki.crl.back": ("_time", (time_goes_back,)),
    "pki.crl.future": ("_time", (from_the_future,)),
    "pki.crl.no_next_update": ("_time", (no_next_update,)),
    "pki.crl.next_update": ("_time", (already_due,)),
    "pki.crl.critical": ("_scope", (critical_and_unknown,)),
    "pki.crl.scope": ("_scope", (another_scope, another_authority_key, the_expired_no_more)),
    "pki.crl.lost": ("_losses", (one_lost,)),
    "pki.crl.changed": ("_losses", (date_changed, reason_milder)),
    "pki.crl.missing": ("_against", (one_missing,)),
    "pki.crl.unknown": ("_against", (one_unknown,)),
    "pki.crl.twice": ("_against", (one_twice,)),
    "pki.crl.removed": ("_removals", (removed_in_full,)),
}
CASES = [
    pytest.param(code, guard, change, id=change.__name__)
    for code, (guard, changes) in BROKEN.items()
    for change in changes
]


@pytest.fixture
def maker(world: World) -> Maker:
    return Maker(world)


@pytest.mark.parametrize(("code", "guard", "change"), CASES)
def test_a_list_that_is_wrong_in_one_thing_is_refused_for_that(
    maker: Maker,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    guard: str,
    change: Change,
):
    """And nothing but its own check finds it: with that one taken away the list would pass."""
    assert maker.judged() == []
    change(maker)
    assert maker.judged() == [code]
    monkeypatch.setattr(crl_gate, guard, lambda *_: ())
    assert maker.judged() == []


def to_a_compromise(maker: Maker) -> None:
    maker.rows = (OLD[0], *NEW[2:], ("0abc", "keyCompromise", THEN, None))
    maker.published = replace(
        maker.published, snapshot=lambda: iter([row[0] for row in maker.rows])
    )


def hold_released(maker: Maker) -> None:
    maker.rows = (*OLD[:2], NEW[3])
    maker.published = replace(
        maker.published, snapshot=lambda: iter([row[0] for row in maker.rows])
    )


def hold_revoked(maker: Maker) -> None:
    maker.rows = (*OLD[:2], ("0def", "superseded", THEN + HOUR, None), NEW[3])


def in_another_order(maker: Maker) -> None:
    maker.rows = NEW[::-1]


def the_first(maker: Maker) -> None:
    maker.published = Published(maker.certificate, NOW)


def a_delta(maker: Maker) -> None:
    maker.change(base_number=3)
    maker.rows = (("0def", "removeFromCRL", THEN, None), NEW[3])
    maker.published = replace(
        maker.published, snapshot=lambda: iter([row[0] for row in maker.rows])
    )


def in_the_same_second(maker: Maker) -> None:
    maker.published = replace(maker.published, newest_update=NEWER, now=NEWER)


def a_serial_like_a_removal(maker: Maker) -> None:
    """The octets of an entry's removal stand where they mean nothing."""
    maker.rows = (*NEW, (crl_gate.REMOVAL.hex(), "superseded", THEN, None))
    maker.published = replace(
        maker.published, snapshot=lambda: iter([row[0] for row in maker.rows])
    )


@pytest.mark.parametrize(
    "change",
    [
        to_a_compromise,
        hold_released,
        hold_revoked,
        in_another_order,
        the_first,
        a_delta,
        in_the_same_second,
        a_serial_like_a_removal,
    ],
)
def test_what_may_change_does_not_stop_a_list(maker: Maker, change: Change):
    change(maker)
    assert maker.judged() == []


def test_odd_and_huge_serials_are_compared_octet_for_octet(maker: Maker):
    """Invariant 19: of 0, 1, 21 and 200 octets; one that looks the same but is longer is missed."""
    serials = ["00", "01", "ff", "7f" * 21, "81" * 200, "00ff"[2:] + "00"]
    maker.published = Published(maker.certificate, NOW, snapshot=lambda: iter(serials))
    maker.rows = tuple((serial, "superseded", THEN, None) for serial in serials)
    assert maker.judged() == []
    maker.rows = tuple(row for row in maker.rows if row[0] != "81" * 200)
    assert maker.judged() == ["pki.crl.missing"]
    found = judge_crl(maker._signed(maker.content, maker.rows), maker.published)
    assert found[0].facts == {"count": 1, "serials": ("81" * 200,)}


def test_negative_serials_are_read_as_what_they_are(maker: Maker):
    body = der.sequence((der.integer(-5), der.time(NOW)))
    tbs_der = encode_tbs(replace(maker.content, entries=body))
    signature = der.bit_string(sign_data(maker.key, tbs_der))
    read = read_crl(der.sequence((tbs_der, maker.content.algorithm, signature)))
    assert list(read.serials()) == [serial_text(-5)]


def test_an_issuer_whose_key_signs_nothing_issued_no_list(maker: Maker):
    assert maker.judged() == []
    builder = (
        x509.CertificateBuilder()
        .subject_name(maker.certificate.subject)
        .issuer_name(maker.certificate.subject)
        .public_key(X25519PrivateKey.generate().public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + HOUR)
    )
    agreeing = builder.sign(new_key("ed25519"), None)
    maker.published = replace(maker.published, issuer=agreeing)
    assert maker.judged() == ["pki.crl.signature"]


def test_an_element_that_is_cut_off_has_no_span():
    assert der.span(b"\x05\x00\x30\x01\x00", 2, "list") == (0x30, 4, 5)
    for cut in (b"\x30\x02\x00", b"\x30", b""):
        with pytest.raises(MalformedDERError):
            der.span(cut, 0, "list")


@pytest.mark.parametrize(
    "untrusted",
    [b"", b"\x30\x00", b"\x30\x82\xff\xff", bytes(40)],
)
def test_what_is_no_list_is_refused(untrusted: bytes):
    with pytest.raises(MalformedDERError):
        read_crl(untrusted)


def test_a_list_that_fails_is_not_stored_and_costs_a_number(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """An encoder that drops a serial: what was published before stays what is served."""
    world.issuing.revoke(world.issue().serial_number, x509.ReasonFlags.superseded)
    first = world.issuing.issue_crl()
    world.issuing.revoke(world.issue().serial_number, x509.ReasonFlags.superseded)
    encode = crl_module.encode_entries
    with monkeypatch.context() as patch:
        patch.setattr(crl_module, "encode_entries", lambda rows: encode(list(rows)[1:]))
        with pytest.raises(CRLRefusedError) as refused:
            world.issuing.issue_crl()
    reasons = refused.value.facts["reasons"]
    assert [part.id for part in reasons.parts] == ["pki.crl.lost", "pki.crl.missing"]  # type: ignore[union-attr]
    newest = world.register.newest_crl("issuing")
    assert newest is not None
    assert newest.der == first.public_bytes(Encoding.DER)
    world.issuing.issue_crl()
    newest = world.register.newest_crl("issuing")
    assert newest is not None
    assert newest.number == 3


def test_a_released_hold_leaves_the_list(tmp_path):
    world = make_world(tmp_path)
    serial = world.issue().serial_number
    hold(world.issuing, serial, requester="văn thư")
    assert len(world.issuing.issue_crl()) == 1
    release(world.issuing, serial, requester="văn thư")
    assert len(world.issuing.issue_crl()) == 0
    world.register.close()


def test_times_beyond_2049_and_before_1950_stand_in_lists(maker: Maker):
    late, early = datetime(2050, 1, 1), datetime(1949, 12, 31)  # noqa: DTZ001  as the register gives them
    maker.rows = (*NEW, ("01", "superseded", late, late), ("02", "superseded", early, None))
    maker.published = replace(
        maker.published, snapshot=lambda: iter([row[0] for row in maker.rows])
    )
    assert maker.judged() == []
