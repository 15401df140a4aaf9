"""A folder of requests for keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.errors import UnreadableFileError
from cli.events.csr_folder import CSRFolder
from pki.request import MAX_REQUEST_BYTES


def test_requests_are_found_by_what_they_are_called(tmp_path: Path):
    (tmp_path / "NV-1.csr").write_bytes(b"one")
    (tmp_path / "NV.2.PEM").write_bytes(b"two")
    (tmp_path / "NV-3.txt").write_bytes(b"none")
    (tmp_path / "NV-4.csr").write_bytes(b"x" * (MAX_REQUEST_BYTES + 1))
    folder = CSRFolder(tmp_path)
    assert (folder.find("NV-1"), folder.find("NV.2")) == (b"one", b"two")
    assert (folder.find("NV-3"), folder.find("nv-1"), folder.find("../NV-1")) == (None, None, None)
    with pytest.raises(UnreadableFileError):
        folder.find("NV-4")
    with pytest.raises(UnreadableFileError):
        CSRFolder(tmp_path / "none")
