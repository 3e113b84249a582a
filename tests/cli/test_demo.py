"""The demo's table."""

from __future__ import annotations

import pytest

from understudy.cli.demo import print_table
from understudy.events import StageFinished


def test_the_table_has_a_line_for_each_shot(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {
        "result": {"psnr_db": 25.123, "ssim": 0.81},
        "untouched dst": {"psnr_db": 18.0, "ssim": 0.6},
    }
    print_table([StageFinished(stage="compare", summary=figures)])
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 3
    assert "25.12 dB" in lines[1] and "0.810" in lines[1]
