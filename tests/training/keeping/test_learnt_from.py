"""A model's checkpoints know whose faces its weights learnt from."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.files import write_json
from understudy.training.keeping.learnt_from import (
    NOT_KNOWN,
    STATE_KEY,
    Footage,
    LearntFrom,
    in_state,
    learnt_by,
    learnt_in_all,
)

MIRA = Footage("src", "mira", "close", 40, file="close.mov", sha256="a" * 64)
TOM = Footage("dst", "tom", "shot", 12)


def write_checkpoint(model_dir: Path, iteration: int, weights: str, learnt: LearntFrom | None) -> None:
    state = {} if learnt is None else {STATE_KEY: learnt.as_json()}
    about = {"iteration": iteration, "sha256": {"ema": weights}, "state": state}
    write_json(model_dir / "checkpoints" / f"{iteration:09d}" / "state.json", about)


def test_a_training_adds_to_what_was_learnt_before_and_takes_nothing_away() -> None:
    again = Footage("src", "mira", "close", 55, file="close.mov", sha256="a" * 64)
    joined = LearntFrom((MIRA,)).joined(LearntFrom((again, TOM)))
    assert joined == LearntFrom((again, TOM)) == joined.joined(LearntFrom((MIRA,)))
    assert not joined.joined(NOT_KNOWN).is_whole


def test_another_file_under_the_same_clip_is_another_entry() -> None:
    other = Footage("src", "mira", "close", 3, file="close.mov", sha256="b" * 64)
    assert len(LearntFrom((MIRA,)).joined(LearntFrom((other,))).footage) == 2


def test_it_comes_back_from_json_as_it_was() -> None:
    learnt = LearntFrom((MIRA, TOM), is_whole=False)
    assert in_state({STATE_KEY: learnt.as_json()}, iteration=5) == learnt


@pytest.mark.parametrize(("iteration", "whole"), [(0, True), (9, False)])
def test_weights_without_a_record_know_all_only_where_they_learnt_nothing(iteration: int, whole: bool) -> None:
    assert in_state({}, iteration=iteration) == LearntFrom(is_whole=whole)


def test_of_another_project_the_performers_names_are_not_ours() -> None:
    here = LearntFrom((MIRA,)).as_begun_with("main", of_this_project=True)
    there = LearntFrom((MIRA,)).as_begun_with("main", of_this_project=False)
    assert [(p.side, p.performer, p.model) for p in here.footage] == [("before", "mira", "main")]
    assert [(p.side, p.performer, p.model) for p in there.footage] == [("before", "", "main")]
    again = here.as_begun_with("second", of_this_project=True)
    assert again.footage[0].model == "main", "the model that saw them, not the one between"


def test_every_weights_have_their_own_record(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 10, "1" * 64, LearntFrom((MIRA,)))
    write_checkpoint(tmp_path, 20, "2" * 64, LearntFrom((MIRA, TOM)))
    assert learnt_by(tmp_path, "1" * 64) == LearntFrom((MIRA,))
    assert learnt_by(tmp_path, "3" * 64) is None
    assert learnt_in_all(tmp_path) == LearntFrom((MIRA, TOM))
    assert learnt_in_all(tmp_path / "nothing") is None


def test_one_checkpoint_without_a_record_leaves_the_whole_unknown(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 10, "1" * 64, None)
    write_checkpoint(tmp_path, 20, "2" * 64, LearntFrom((MIRA,)))
    learnt = learnt_in_all(tmp_path)
    assert learnt is not None and not learnt.is_whole and learnt.footage == (MIRA,)
