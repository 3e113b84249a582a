"""The demo's table."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.cli.demo import print_table, too_little_learnt
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


def test_the_table_says_what_laid_to_fit_means(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {name: {"psnr_db": 25.0, "ssim": 0.8} for name in ("result", "result, laid to fit")}
    print_table([StageFinished(stage="compare", summary=figures)])
    assert capsys.readouterr().out.splitlines()[-1].startswith("laid to fit: ")


def test_a_swap_that_is_no_better_than_a_tinted_dst_says_how_to_go_on() -> None:
    def told(result_db: float, out: Path) -> str:
        shots = {"result": result_db, "untouched dst": 18.0, "untouched dst, tinted": 20.0}
        summary = {name: {"psnr_db": db, "ssim": 0.6} for name, db in shots.items()}
        return too_little_learnt([StageFinished(stage="compare", summary=summary)], out)

    assert told(20.1, Path("demo")) == ""
    assert "`understudy demo --minutes 12`" in told(19.9, Path("demo"))
    assert "`understudy demo --out there --minutes 12`" in told(19.9, Path("there"))
