"""The doctor's table, and its report where it was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.cli.main import main


def test_the_doctor_says_what_works_and_writes_its_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bericht 影.zip"
    assert main(["doctor", "--report", str(path)]) == 0
    said = capsys.readouterr().out
    assert "devices" in said and "mtcnn" in said and "made report" in said
    assert path.is_file()
