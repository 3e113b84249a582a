"""No test writes into the home of whoever runs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from understudy.provenance.identity import HOME_VARIABLE


@pytest.fixture(scope="session", autouse=True)
def home_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys, trusted roots and known ledgers of a session lie in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(tmp_path_factory.mktemp("home")))
        yield
