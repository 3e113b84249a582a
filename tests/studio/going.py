"""Files and folders that go between the moment somebody sees them and the moment they are opened."""

from __future__ import annotations

from pathlib import Path

import pytest


def goes_once_seen(monkeypatch: pytest.MonkeyPatch, going: Path) -> None:
    """Let `going` be there for who asks first, and gone for whoever opens it then."""
    exists = Path.exists

    def seen(path: Path) -> bool:
        was_there = exists(path)
        if was_there and path == going:
            path.rename(path.with_name("gone"))
        return was_there

    monkeypatch.setattr(Path, "exists", seen)
