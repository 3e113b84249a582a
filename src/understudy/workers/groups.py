"""The control groups that this process is in: what a container or a cluster's job was given of the computer.

Only where they are (Linux, admin-guide/cgroup-v2.rst and cgroup-v1); what a limit means is asked beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def groups_of(controller: str, system: Path = Path("/")) -> Iterator[tuple[Path, bool]]:
    """The folders of every group that limits this process by a controller ("memory", "cpu"), each with whether
    its files are of version 1; none elsewhere than on Linux."""
    try:
        lines = (system / "proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, place = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = system / "sys/fs/cgroup" / (controller if controllers else "")
        own = root / place.lstrip("/")  # as the computer names it; in a container the root is its own
        for group in (own, *own.parents):
            yield group, bool(controllers)
            if group == root:
                break
