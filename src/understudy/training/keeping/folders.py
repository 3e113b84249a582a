"""Which numbered folders of a model are checkpoints or backups. Not here: what lies in them; needs no torch."""

from __future__ import annotations

from pathlib import Path

STATE_NAME = "state.json"


def numbered_folders(root: Path) -> list[Path]:
    """All of them, newest iteration first, also what is left of one."""
    found = [path for path in root.iterdir() if path.name.isdigit()] if root.is_dir() else []
    return sorted(found, key=lambda path: int(path.name), reverse=True)


def whole_folders(root: Path) -> list[Path]:
    """Those that have a state file, newest iteration first: it is written last and removed first."""
    return [folder for folder in numbered_folders(root) if (folder / STATE_NAME).exists()]
