"""Who may import whom, and what must not be loaded before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import REPOSITORY, modules

HEAVY = {"torch", "cv2", "av"}
_SAY_WHAT_IS_LOADED = "import json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
# `cli.reference` is run while developing only: it lists the options and presets of every room.
_FOR_MAKERS = {"understudy.cli.reference"}


def _loaded_after(code: str) -> set[str]:
    """Top-level packages in a fresh interpreter after `code` has run."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{_SAY_WHAT_IS_LOADED}"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return set(json.loads(run.stdout.splitlines()[-1]))


def _modules_below(package: str) -> list[str]:
    return [m.name for m in modules() if f"{m.name}.".startswith(f"understudy.{package}.")]


def test_imports_only_point_down() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [str(command), "--no-cache"], capture_output=True, text=True, cwd=REPOSITORY, check=False, timeout=120
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
    assert "0 broken" in run.stdout


@pytest.mark.parametrize("package", ["media", "provenance", "project", "cli"])
def test_light_rooms_do_not_load_torch(package: str) -> None:
    names = [name for name in _modules_below(package) if name not in _FOR_MAKERS]
    assert "torch" not in _loaded_after("\n".join(f"import {name}" for name in names))


def test_the_floor_and_every_rooms_options_load_nothing_heavy() -> None:
    floor = [m.name for m in modules() if m.name.count(".") == 1 and m.path.name != "__init__.py"]
    options = [m.name for m in modules() if m.name.endswith(".options")]
    names = [name for name in (*floor, *options) if name != "understudy.__main__"]
    assert "understudy.files" in names
    assert _loaded_after("\n".join(f"import {name}" for name in names)) & HEAVY == set()


def test_help_loads_neither_torch_nor_opencv_nor_ffmpeg() -> None:
    code = (
        "import sys\nfrom understudy.cli.main import main\n"
        "try:\n    code = main(['--help'])\nexcept SystemExit as leave:\n    code = leave.code or 0\n"
        "assert code == 0, code"
    )
    assert _loaded_after(code) & HEAVY == set()


def test_the_command_also_runs_as_a_module() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "understudy", "--help"], capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert "swap" in run.stdout
