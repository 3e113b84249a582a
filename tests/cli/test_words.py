"""The last words tell what a person asks first."""

from __future__ import annotations

import pytest

from understudy.cli.words import print_result
from understudy.events import StageFinished


def test_known_stages_tell_their_main_figures_and_others_all(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(
        [
            StageFinished(stage="train", summary={"iterations": 120, "loss": 0.123456, "bfloat16": True}),
            StageFinished(stage="compare", summary={"frames": 3}),
            StageFinished(stage="merge", summary={}),
        ]
    )
    assert capsys.readouterr().out.splitlines() == [
        "train     iterations 120, loss 0.1235",
        "compare   frames 3",
        "merge     done",
    ]
