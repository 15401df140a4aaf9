"""Where `antin serve` may listen, and how. Nothing here listens beyond this machine."""

import asyncio
import socket

import pytest

from cli.errors import BadOptionError, NotLoopbackError
from cli.serving.listen import check_reach, listening_socket, parse_bind


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


async def sends_at_once(listener: socket.socket) -> bool:
    """Say whether a connection that is accepted there sends what it is given at once."""
    found = asyncio.get_running_loop().create_future()

    class Asked(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            accepted = transport.get_extra_info("socket")
            found.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            transport.close()

    server = await asyncio.get_running_loop().create_server(Asked, sock=listener)
    async with server:
        _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        answer = await asyncio.wait_for(found, 10)
        writer.close()
        await writer.wait_closed()
    return bool(answer)


@pytest.mark.parametrize("text", ["127.0.0.1:0", "[::1]:0"])
def test_the_second_half_of_an_answer_does_not_wait_for_the_first_to_be_confirmed(text):
    """That takes 40 ms, for each answer."""
    assert asyncio.run(sends_at_once(listening_socket(parse_bind(text))))


def test_a_socket_of_which_asyncio_does_not_know_that_it_is_tcp_holds_it_back():
    """The mutant."""
    listener = socket.socket(socket.AF_INET)
    listener.bind(("127.0.0.1", 0))
    assert not asyncio.run(sends_at_once(listener))
