"""The linter, the formatter and the type checker have nothing to say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.house.programs import ran
from tests.house.source import REPOSITORY


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        pytest.param(  # takes two minutes; `make lint` asks it too
            ("basedpyright", "src", "--pythonpath", sys.executable),  # also where no .venv lies in the folder
            marks=pytest.mark.journey,
        ),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_tools_find_nothing(command: tuple[str, ...]) -> None:
    program = Path(sys.executable).with_name(command[0])
    run = ran([str(program), *command[1:]], cwd=REPOSITORY, timeout_s=500)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]
