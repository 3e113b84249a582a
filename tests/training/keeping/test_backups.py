"""Backups outlive checkpoints, take no room beside them, and come back whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

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
    assert [b.iteration for b in backups(tmp_path)] == [10, 100]


def test_a_backup_that_goes_while_they_are_listed_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, 10)
    back_up(tmp_path, 10, kept=2)
    listed = module._folders

    def with_one_that_goes(root: Path) -> list[Path]:
        return [root / "000000009", *listed(root)]

    monkeypatch.setattr(module, "_folders", with_one_that_goes)
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
