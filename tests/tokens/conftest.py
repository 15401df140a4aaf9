"""The token this suite is for; tests/README.md says how another one is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tokens_world import TokenUnderTest, open_token


@pytest.fixture(scope="module")
def bench_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenUnderTest]:
    """The token under test; what was made on it is removed at the end."""
    under_test = open_token(tmp_path_factory.mktemp("tokens"))
    yield under_test
    under_test.clean()
