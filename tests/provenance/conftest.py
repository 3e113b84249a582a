"""A user's data folder of its own for every test, and films that are made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provenance.material import make_image, make_movie


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder."""
    folder = tmp_path / "data of the user"
    monkeypatch.setenv("UNDERSTUDY_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One unsigned file of each kind by its ending."""
    folder = tmp_path_factory.mktemp("Mein Prøjekt 影")
    movies = {ending: make_movie(folder / f"take.{ending}") for ending in ("mp4", "mov", "mkv")}
    return {**movies, "png": make_image(folder / "take.png")}
