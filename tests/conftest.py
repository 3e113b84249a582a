"""No test writes into the home of whoever runs it, none waits for the disk, and each process takes one core."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from understudy.provenance.identity import HOME_VARIABLE


def pytest_configure() -> None:
    """Where pytest-xdist runs a process for each core, torch starts no threads beside them: they would wait for
    work by spinning, on the others' cores. Before any test imports torch, and for all that tests start."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def power_that_stays_on() -> Iterator[None]:
    """No test cuts it, so none waits until what was written lies on the disk. Processes of their own do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def home_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys, trusted roots and known ledgers of a session lie in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(tmp_path_factory.mktemp("home")))
        yield
