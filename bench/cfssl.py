"""cfssl's server beside Antin: it signs what comes over HTTP, and neither stores nor lints.

Its client is this process: a few connections that are kept open, each with one request on its way.
"""

from __future__ import annotations

import json
import selectors
import shutil
import socket
import subprocess
import time
from pathlib import Path

from cryptography import x509

from bench.material import Material
from bench.rounds import Contender, Task

CONNECTIONS = 8
CONFIGURATION = {
    "signing": {
        "default": {
            "expiry": "8760h",
            "usages": ["digital signature", "content commitment", "client auth"],
            "crl_url": "http://pki.example.vn/crl/issuing.crl",
            "ocsp_url": "http://pki.example.vn/ocsp",
            "issuer_urls": ["http://pki.example.vn/ca/issuing.cer"],
        }
    }
}
END = b"\r\n\r\n"


class Server(Task):
    """`cfssl serve` on loopback with the same P-256 key."""

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        folder = material.folder / "cfssl"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(CONFIGURATION), "utf-8")
        self._address = ("127.0.0.1", _free_port())
        command = ["cfssl", "serve", "-address", self._address[0], "-port", str(self._address[1])]
        command += ["-ca", str(material.folder / "issuing.pem"), "-loglevel", "5"]
        command += ["-ca-key", str(material.folder / "issuing.key")]
        command += ["-config", str(folder / "config.json")]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        self._connections = [self._connect() for _ in range(CONNECTIONS)]
        self._messages = [_message(path) for path in material.mixed()]
        self._answers: list[bytes] = []

    def work(self) -> None:
        self._answers = []
        waiting = iter(self._messages)
        with selectors.DefaultSelector() as selector:
            for connection, message in zip(self._connections, waiting, strict=False):
                connection.sendall(message)
                selector.register(connection, selectors.EVENT_READ, bytearray())
            while selector.get_map():
                for key, _ in selector.select():
                    assert isinstance(key.fileobj, socket.socket)
                    key.data.extend(key.fileobj.recv(65536))
                    if not _is_whole(key.data):
                        continue
                    self._answers.append(bytes(key.data))
                    key.data.clear()
                    message = next(waiting, None)
                    if message is None:
                        selector.unregister(key.fileobj)
                    else:
                        key.fileobj.sendall(message)

    def check(self) -> None:
        assert len(self._answers) == len(self._messages) == self.material.requests
        for answer in self._answers:
            pem = json.loads(_body(answer))["result"]["certificate"]
            x509.load_pem_x509_certificate(pem.encode())

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        self._process.terminate()
        self._process.wait()

    def _connect(self) -> socket.socket:
        for _ in range(200):
            try:
                connection = socket.create_connection(self._address)
            except ConnectionRefusedError:
                time.sleep(0.05)
            else:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
        raise AssertionError("cfssl does not listen")


def _message(path: Path) -> bytes:
    body = json.dumps({"certificate_request": path.read_text("utf-8")}).encode()
    head = f"POST /api/v1/cfssl/sign HTTP/1.1\r\nHost: cfssl\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\nContent-Type: application/json" + END + body


def _is_whole(answer: bytearray) -> bool:
    head, end, body = answer.partition(END)
    if b"Transfer-Encoding: chunked" in head:
        return body.endswith(b"\r\n0\r\n\r\n")
    length = head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]
    return bool(end) and len(body) >= int(length)


def _body(answer: bytes) -> bytes:
    head, _, body = answer.partition(END)
    if b"Transfer-Encoding: chunked" not in head:
        return body
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        parts.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return b"".join(parts)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


PEERS = (Contender("cfssl serve", Server),) if shutil.which("cfssl") else ()
