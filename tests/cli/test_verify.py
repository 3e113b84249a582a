"""verify says the worst of several files by its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from understudy.cli.main import main
from understudy.media.images import encode_png


@pytest.fixture
def unmarked(tmp_path: Path) -> Path:
    path = tmp_path / "bild 影.png"
    path.write_bytes(encode_png(np.zeros((16, 16, 3), np.uint8)))
    return path


def test_a_file_without_marks_says_so_in_words_and_exit_code(
    unmarked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(unmarked)]) == 5
    assert capsys.readouterr().out.startswith("none: ")


def test_the_verdict_as_json_names_the_file(unmarked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["verify", str(unmarked), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "none" and told["path"].endswith("影.png")


def test_a_missing_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path / "gone.mp4")]) == 2
    assert "gone.mp4" in capsys.readouterr().err
