"""Scripts in a process of their own that begins small, for what is counted of a process."""

from __future__ import annotations

import subprocess
import sys

_STARTER = "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', sys.argv[1]]).returncode)"


def said_by(script: str) -> str:
    """What a script prints. Linux lets a process begin with the size of the one that started it, which may be
    gigabytes here; so a small one stands between."""
    command = [sys.executable, "-c", _STARTER, script]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
