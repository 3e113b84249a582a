"""The last words tell what a person asks first."""

from __future__ import annotations

import pytest

from understudy.cli.words import end_of, print_result
from understudy.events import StageFinished


def test_known_stages_tell_their_main_figures_and_others_all(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(
        [
            StageFinished(stage="train", summary={"iteration": 120, "loss": 0.123456, "bfloat16": True}),
            StageFinished(stage="compare", summary={"frames": 3}),
            StageFinished(stage="merge", summary={}),
        ]
    )
    assert capsys.readouterr().out.splitlines() == [
        "train     iteration 120, loss 0.1235",
        "compare   frames 3",
        "merge     done",
    ]


def test_a_stage_that_went_on_tells_the_whole_and_what_of_it_was_done_now(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It told the faces and iterations of the last call alone, as if nothing had been there."""
    found = {"clip": "src", "frames": 140, "frames_with_chosen": 138, "faces_written": 0}
    trained = {"iterations": 100, "iterations_in_all": 900}
    print_result([StageFinished(stage="extract", summary=found), StageFinished(stage="train", summary=trained)])
    assert capsys.readouterr().out.splitlines() == [
        "extract   clip src, frames 140, faces 138, written now 0",
        "train     iterations 900, trained now 100",
    ]


def test_a_figure_that_the_stage_is_called_after_is_not_named_again(capsys: pytest.CaptureFixture[str]) -> None:
    print_result([StageFinished(stage="read src faces", summary={"faces": 140, "bytes": 2})])
    assert capsys.readouterr().out == "read src faces 140, bytes 2\n"


def test_values_are_said_as_people_say_them(capsys: pytest.CaptureFixture[str]) -> None:
    summary = {"copied": False, "whole": True, "unreadable": [], "first": None, "frames": list(range(8))}
    print_result([StageFinished(stage="cut", summary=summary | {"of": {"src": 3, "dst": 0.123456}})])
    assert capsys.readouterr().out.splitlines() == [
        "cut       copied no, whole yes, frames 0 1 2 3 4 5 and 2 more, of src 3 dst 0.1235",
    ]


def test_a_dry_run_ends_in_what_would_be_made_and_layers_are_no_frames_passed_through(
    capsys: pytest.CaptureFixture[str],
) -> None:
    layered = {"frames": 60, "swapped": 0, "passed_through": 60, "layers_kept": 58, "made_now": 58}
    print_result(
        [
            StageFinished(stage="merge", summary={"to_make": [1, 2, 3]}),
            StageFinished(stage="merge", summary={"to_make": []}, skipped=True),
            StageFinished(stage="merge", summary=layered),
        ]
    )
    assert end_of(StageFinished(stage="merge", summary={"to_make": [1]})) == "a dry run, so nothing is made"
    assert capsys.readouterr().out.splitlines() == [
        "merge     3 frames would be made",
        "merge     nothing left to do",
        "merge     frames 60, swapped 0, layers kept 58, passed through 2, made now 58",
    ]
