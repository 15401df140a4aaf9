"""Where `antin serve` may listen. Nothing here listens beyond this machine."""

import pytest

from cli.errors import BadOptionError, NotLoopbackError
from cli.issuing.listen import check_reach, parse_bind


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("localhost:80", "127.0.0.1:80"),
        ("[::1]:80", "[::1]:80"),
        ("192.0.2.7:0", "192.0.2.7:0"),
    ],
)
def test_an_address_and_a_port(text, shown):
    assert str(parse_bind(text)) == shown


@pytest.mark.parametrize("text", ["", "80", "here:80", "127.0.0.1:", "127.0.0.1:65536", "::1:x"])
def test_anything_else_is_refused(text):
    with pytest.raises(BadOptionError):
        parse_bind(text)


@pytest.mark.parametrize("text", ["192.0.2.7:80", "[2001:db8::1]:80", "[::]:80"])
def test_a_demonstration_stays_on_this_machine_and_a_home_of_ones_own_need_not(text):
    with pytest.raises(NotLoopbackError):
        check_reach(parse_bind(text), demo=True)
    check_reach(parse_bind(text), demo=False)
    check_reach(parse_bind("127.0.0.1:80"), demo=True)
