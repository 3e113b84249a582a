"""Programs that the tests run on the repository; one that takes too long ends with all that it has begun."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path


def ran(command: Sequence[str], *, cwd: Path, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """What a program says and how it ends. Raises TimeoutExpired once it and its children are gone: checkers
    are begun by a program of their own, and killing that alone leaves them at work."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=timeout_s)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(list(command), process.returncode, out, err)
