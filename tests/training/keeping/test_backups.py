"""Backups outlive checkpoints, take no room beside them, and come back whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from understudy import files
from understudy.errors import CheckpointCorrupt
from understudy.training.keeping import backups as module
from understudy.training.keeping.backups import back_up, backups, made_words, restore_backup
from understudy.training.keeping.checkpoint import (
    FOLDER_NAME,
    Checkpoint,
    amend_state,
    newest_checkpoint,
    save_checkpoint,
)


def saved(model: Path, *iterations: int) -> None:
    for iteration in iterations:
        weights = {"w": torch.full((4,), float(iteration))}
        save_checkpoint(model, Checkpoint(iteration, weights, weights, weights, state={"loss": 0.5}))


def newest(model: Path) -> Checkpoint:
    (found,) = newest_checkpoint(model)
    assert isinstance(found, Checkpoint)
    return found


def test_a_backup_outlives_its_checkpoint_and_comes_back_with_its_optimiser(tmp_path: Path) -> None:
    model = tmp_path / "m"
    saved(model, 10)
    back_up(model, 10, kept=5)
    saved(model, 20, 30, 40, 50)
    assert not (model / FOLDER_NAME / "000000010").exists()
    moved = restore_backup(model, 10, trash=tmp_path / "trash")
    assert newest(model).iteration == 10 and newest(model).optimizer["w"].tolist() == [10.0] * 4
    assert len(moved) == 3 and all((path / "state.json").exists() for path in moved)
    assert [b.iteration for b in backups(model)] == [10]


def test_a_backup_shares_its_files_and_not_its_state(tmp_path: Path) -> None:
    saved(tmp_path, 10)
    backup, checkpoint = back_up(tmp_path, 10, kept=5), tmp_path / FOLDER_NAME / "000000010"
    assert (backup / "model.safetensors").samefile(checkpoint / "model.safetensors")
    amend_state(tmp_path, 10, loss=9.0)
    assert made_words(backups(tmp_path)[0]).startswith("iteration 10, loss 0.5000")


def test_a_disk_without_links_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(module.os, "link", refused)
    saved(tmp_path, 10)
    backup = back_up(tmp_path, 10, kept=5)
    assert not (backup / "ema.safetensors").samefile(tmp_path / FOLDER_NAME / "000000010/ema.safetensors")
    assert backups(tmp_path)[0].size_bytes > 0


def test_the_oldest_backups_go_first(tmp_path: Path) -> None:
    for iteration in (10, 9, 100):
        saved(tmp_path, iteration)
        back_up(tmp_path, iteration, kept=2)
    assert [b.iteration for b in backups(tmp_path)] == [9, 100]


def went_another_way(model: Path, iteration: int) -> None:
    """A checkpoint of an iteration that had another one once."""
    shutil.rmtree(model / FOLDER_NAME)
    weights = {"w": torch.full((4,), -1.0)}
    save_checkpoint(model, Checkpoint(iteration, weights, weights))


def weights_of(backup: Path) -> list[float]:
    return load_file(backup / "model.safetensors")["w"].tolist()


@pytest.fixture
def gone_back(tmp_path: Path) -> Path:
    """A model with backups of 6000 to 10000, of which five are kept, that went back to 6000."""
    model = tmp_path / "m"
    for iteration in range(6000, 10001, 1000):
        saved(model, iteration)
        back_up(model, iteration, kept=5)
    restore_backup(model, 6000, trash=tmp_path / "trash")
    return model


def test_after_going_back_the_backup_gone_back_to_outlives_those_of_the_way_it_left(gone_back: Path) -> None:
    assert [b.iteration for b in backups(gone_back)] == [7000, 8000, 9000, 10000, 6000]
    went_another_way(gone_back, 6500)
    assert back_up(gone_back, 6500, kept=5).exists()
    assert [b.iteration for b in backups(gone_back)] == [8000, 9000, 10000, 6000, 6500]
    went_another_way(gone_back, 5500)
    assert back_up(gone_back, 5500, kept=5).exists()


def test_a_backup_of_another_way_makes_room_for_that_of_the_same_iteration(gone_back: Path) -> None:
    went_another_way(gone_back, 9000)
    made = back_up(gone_back, 9000, kept=5)
    assert weights_of(made) == [-1.0] * 4
    assert [b.iteration for b in backups(gone_back)] == [7000, 8000, 10000, 6000, 9000]
    assert len(list(made.parent.iterdir())) == 5


def test_the_age_of_backups_is_copied_with_their_project(gone_back: Path) -> None:
    before = backups(gone_back)
    for one in before:
        os.utime(one.folder / "state.json", (2e9 - one.iteration, 2e9 - one.iteration))
    assert backups(gone_back) == before


def test_the_same_backup_again_is_as_old_as_the_newest_and_shares_its_files(tmp_path: Path) -> None:
    saved(tmp_path, 10, 20)
    for iteration in (10, 20, 10):
        made = back_up(tmp_path, iteration, kept=5)
    assert [b.iteration for b in backups(tmp_path)] == [20, 10]
    assert (made / "model.safetensors").samefile(tmp_path / FOLDER_NAME / "000000010/model.safetensors")


def test_a_kill_while_a_backup_is_replaced_leaves_one_of_both(
    gone_back: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    went_another_way(gone_back, 9000)
    with monkeypatch.context() as killed:
        killed.setattr(files, "_put_in_place", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        killed.setattr(module, "_settle", lambda _: None)
        with pytest.raises(KeyboardInterrupt):
            back_up(gone_back, 9000, kept=5)
    assert 9000 not in [b.iteration for b in backups(gone_back)]
    restore_backup(gone_back, 9000, trash=gone_back.parent / "trash")
    assert newest(gone_back).model["w"].tolist() == [9000.0] * 4


def test_a_backup_that_was_half_removed_is_none_and_its_name_is_free(tmp_path: Path) -> None:
    saved(tmp_path, 10, 20)
    half = back_up(tmp_path, 10, kept=5)
    half_removed(half)
    back_up(tmp_path, 20, kept=5)
    assert [made_words(b).split(",")[0] for b in backups(tmp_path)] == ["iteration 20"]
    with pytest.raises(CheckpointCorrupt, match="there are: 20"):
        restore_backup(tmp_path, 10, trash=tmp_path / "trash")
    back_up(tmp_path, 10, kept=5)
    assert [b.iteration for b in backups(tmp_path)] == [20, 10]


def test_a_kill_while_old_backups_go_leaves_no_half_of_one_in_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, 10, 20, 30)
    back_up(tmp_path, 10, kept=2)
    back_up(tmp_path, 20, kept=2)
    real = shutil.rmtree

    def begun(folder: Path, **settings: Any) -> None:
        if (folder / "state.json").exists():
            (folder / "state.json").unlink()
            raise KeyboardInterrupt
        real(folder, **settings)

    with monkeypatch.context() as killed:
        killed.setattr(module.shutil, "rmtree", begun)
        with pytest.raises(KeyboardInterrupt):
            back_up(tmp_path, 30, kept=2)
    assert [made_words(b).split(",")[0] for b in backups(tmp_path)] == ["iteration 20", "iteration 30"]


def test_a_backup_that_goes_while_they_are_listed_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, 10)
    back_up(tmp_path, 10, kept=2)
    listed = module.whole_folders

    def with_one_that_goes(root: Path) -> list[Path]:
        return [root / "000000009", *listed(root)]

    monkeypatch.setattr(module, "whole_folders", with_one_that_goes)
    assert [b.iteration for b in backups(tmp_path)] == [10]


def test_what_a_killed_process_left_half_made_goes_with_the_next_backup(tmp_path: Path) -> None:
    saved(tmp_path, 10)
    left = tmp_path / "backups" / ".000000005.3.4194999.partial"
    left.mkdir(parents=True)
    back_up(tmp_path, 10, kept=5)
    assert [path.name for path in left.parent.iterdir()] == ["000000010"]


def test_a_backup_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    saved(tmp_path, 10)
    back_up(tmp_path, 10, kept=5)
    with pytest.raises(CheckpointCorrupt, match="there are: 10"):
        restore_backup(tmp_path, 11, trash=tmp_path / "trash")


def half_removed(checkpoint: Path) -> None:
    (checkpoint / "state.json").unlink()


def damaged(checkpoint: Path) -> None:
    model = checkpoint / "model.safetensors"
    model.unlink()  # linked with the backup's
    model.write_bytes(b"something else")


@pytest.mark.parametrize("spoil", [half_removed, damaged])
def test_a_backup_replaces_what_is_left_of_its_checkpoint(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    model = tmp_path / "m"
    saved(model, 10)
    back_up(model, 10, kept=5)
    saved(model, 20)
    spoil(model / FOLDER_NAME / "000000010")
    moved = restore_backup(model, 10, trash=tmp_path / "trash")
    assert newest(model).iteration == 10 and newest(model).model["w"].tolist() == [10.0] * 4
    assert [path.name[-9:] for path in moved] == ["000000010", "000000020"]


def test_a_checkpoint_that_is_whole_stays_what_it_is(tmp_path: Path) -> None:
    saved(tmp_path, 10)
    back_up(tmp_path, 10, kept=5)
    amend_state(tmp_path, 10, loss=9.0)
    assert restore_backup(tmp_path, 10, trash=tmp_path / "trash") == []
    assert newest(tmp_path).state["loss"] == 9.0


def test_a_damaged_backup_is_refused_and_nothing_is_moved(tmp_path: Path) -> None:
    model = tmp_path / "m"
    saved(model, 10)
    damaged(back_up(model, 10, kept=5))
    saved(model, 20, 30, 40)
    with pytest.raises(CheckpointCorrupt, match="damaged, so everything stays"):
        restore_backup(model, 10, trash=tmp_path / "trash")
    assert newest(model).iteration == 40
