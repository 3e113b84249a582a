"""Checkpoints are whole or not there; the newest whole one is found; old ones are tidied away."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from understudy import files
from understudy.errors import CheckpointCorrupt, DiskFull, ProjectTooNew
from understudy.events import Notice
from understudy.files import read_json, write_json
from understudy.training.keeping import checkpoint as checkpoint_module
from understudy.training.keeping.checkpoint import (
    FOLDER_NAME,
    Checkpoint,
    newest_checkpoint,
    save_checkpoint,
    set_damaged_aside,
)


def made(iteration: int) -> Checkpoint:
    value = torch.full((3, 2), float(iteration))
    return Checkpoint(
        iteration=iteration,
        model={"w": value},
        ema={"w": value + 0.5},
        optimizer={"w:exp_avg": value * 2},
        state={"plan": {"minutes": 1}},
    )


def found(model: Path, **settings: tuple[str, ...]) -> tuple[list[str], Checkpoint | None]:
    notices, last = [], None
    for item in newest_checkpoint(model, **settings):
        if isinstance(item, Notice):
            notices.append(item.text)
        else:
            last = item
    return notices, last


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, made(7))
    notices, back = found(tmp_path)
    assert not notices and back is not None
    assert (back.iteration, back.state) == (7, {"plan": {"minutes": 1}})
    for part in ("model", "ema", "optimizer"):
        for name, value in getattr(made(7), part).items():
            assert torch.equal(getattr(back, part)[name], value)


def test_weights_of_three_and_optimisers_of_two_are_kept(tmp_path: Path) -> None:
    for iteration in (1, 2, 30, 400):
        save_checkpoint(tmp_path, made(iteration))
    root = tmp_path / FOLDER_NAME
    assert sorted(p.name for p in root.iterdir()) == ["000000002", "000000030", "000000400"]
    kept = [p.parent.name for p in sorted(root.glob("*/optimizer.safetensors"))]
    assert kept == ["000000030", "000000400"]


def test_without_checkpoints_there_is_none_and_no_complaint(tmp_path: Path) -> None:
    assert found(tmp_path) == ([], None)


@pytest.mark.parametrize("part", ["model.safetensors", "ema.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["torn", "flipped", "empty", "foreign"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path: Path, part: str, damage: str) -> None:
    for iteration in (1, 2):
        save_checkpoint(tmp_path, made(iteration))
    path = tmp_path / FOLDER_NAME / "000000002" / part
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        # In JSON the first character, in weights the last number.
        data[0 if part.endswith("json") else -1] ^= 0x5A
    path.write_bytes(
        {"torn": data[:-5], "flipped": data, "empty": b"", "foreign": b'["no checkpoint"]'}[damage]
    )
    notices, back = found(tmp_path)
    assert back is not None and back.iteration == 1
    assert "000000002" in notices[0]


def test_weights_that_are_whole_but_not_the_ones_written_are_passed_over(tmp_path: Path) -> None:
    for iteration in (1, 2):
        save_checkpoint(tmp_path, made(iteration))
    save_file({"w": torch.zeros(3, 2)}, tmp_path / FOLDER_NAME / "000000002" / "model.safetensors")
    _, back = found(tmp_path)
    assert back is not None and back.iteration == 1


def test_a_lost_optimiser_state_costs_only_itself_and_is_said(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, made(1))
    (tmp_path / FOLDER_NAME / "000000001" / "optimizer.safetensors").write_bytes(b"x")
    notices, back = found(tmp_path)
    assert back is not None and not back.optimizer
    assert "optimiser" in notices[0]
    quiet, _ = found(tmp_path, parts=("ema",))
    assert not quiet


def test_when_nothing_is_whole_the_error_says_what_to_do(tmp_path: Path) -> None:
    for iteration in (1, 2):
        save_checkpoint(tmp_path, made(iteration))
        (tmp_path / FOLDER_NAME / f"{iteration:09d}" / "ema.safetensors").unlink()
    with pytest.raises(CheckpointCorrupt, match="None of this model's 2 checkpoints is whole"):
        found(tmp_path)


def test_a_checkpoint_of_a_newer_version_asks_for_an_update_and_stays_where_it_is(tmp_path: Path) -> None:
    for iteration in (1, 2):
        save_checkpoint(tmp_path, made(iteration))
    path = tmp_path / FOLDER_NAME / "000000002" / "state.json"
    write_json(path, read_json(path) | {"layout": 99})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ProjectTooNew, match=r"made by a newer understudy .* Update"):
        found(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_without_state_is_no_checkpoint_and_makes_room_for_one(tmp_path: Path) -> None:
    half = tmp_path / FOLDER_NAME / "000000002"
    half.mkdir(parents=True)
    (half / "model.safetensors").write_bytes(b"half a copy")
    save_checkpoint(tmp_path, made(2))
    notices, back = found(tmp_path)
    assert not notices and back is not None and back.iteration == 2
    (kept,) = (tmp_path / FOLDER_NAME).glob("damaged-000000002-*")
    assert (kept / "model.safetensors").read_bytes() == b"half a copy"


def test_a_checkpoint_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    state = save_checkpoint(tmp_path, made(2)) / "state.json"
    before = state.stat().st_mtime_ns
    save_checkpoint(tmp_path, made(2))
    assert state.stat().st_mtime_ns == before
    assert [p.name for p in (tmp_path / FOLDER_NAME).iterdir()] == ["000000002"]


@pytest.mark.parametrize("part", ["ema.safetensors", "optimizer.safetensors", "state.json"])
def test_a_damaged_checkpoint_makes_room_for_one_of_the_same_iteration(tmp_path: Path, part: str) -> None:
    (save_checkpoint(tmp_path, made(2)) / part).write_bytes(b"torn")
    save_checkpoint(tmp_path, made(2))
    notices, back = found(tmp_path)
    assert not notices and back is not None and back.optimizer
    (kept,) = (tmp_path / FOLDER_NAME).glob("damaged-000000002-*")
    assert (kept / part).read_bytes() == b"torn"


def test_a_writer_that_dies_half_way_leaves_the_older_checkpoint_and_is_swept_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, made(1))
    names = ("000000002.4242", "000000002.9.4242")  # as it was called before, and is now
    leftovers = [tmp_path / FOLDER_NAME / f".{name}{files.ASIDE_SUFFIX}" for name in names]
    for leftover in leftovers:
        leftover.mkdir()
        (leftover / "model.safetensors").write_bytes(b"half")
    assert found(tmp_path)[1].iteration == 1  # type: ignore[union-attr]
    save_checkpoint(tmp_path, made(3))
    assert not any(leftover.exists() for leftover in leftovers)


def before_each_file(monkeypatch: pytest.MonkeyPatch, do: Callable[[Path], object]) -> None:
    real = checkpoint_module.save_file

    def saving(tensors: dict, path: Path) -> None:
        do(path)
        real(tensors, path)

    monkeypatch.setattr(checkpoint_module, "save_file", saving)


def test_threads_that_save_one_iteration_at_once_leave_one_whole_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(2, timeout=30)
    before_each_file(monkeypatch, lambda _: together.wait())
    with ThreadPoolExecutor(2) as pool:
        folders = list(pool.map(lambda _: save_checkpoint(tmp_path, made(7)), range(2)))
    assert folders == [tmp_path / FOLDER_NAME / "000000007"] * 2
    notices, back = found(tmp_path)
    assert not notices and back is not None and torch.equal(back.model["w"], made(7).model["w"])
    assert [p.name for p in (tmp_path / FOLDER_NAME).iterdir()] == ["000000007"]


def test_a_thread_that_tidies_away_leaves_what_another_is_saving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, tidied = threading.Event(), threading.Event()

    def wait(path: Path) -> None:
        if path.parent.name.startswith(".000000002."):
            begun.set()
            assert tidied.wait(30)

    before_each_file(monkeypatch, wait)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(save_checkpoint, tmp_path, made(2))
        assert begun.wait(30)
        save_checkpoint(tmp_path, made(1))
        tidied.set()
        slow.result()
    assert sorted(p.name for p in (tmp_path / FOLDER_NAME).iterdir()) == ["000000001", "000000002"]
    assert found(tmp_path)[0] == []


def test_all_of_a_checkpoint_is_flushed_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: set[int] = set()
    monkeypatch.setattr(checkpoint_module.os, "fsync", lambda file: flushed.add(os.fstat(file).st_ino))
    folder = save_checkpoint(tmp_path, made(1))
    assert {path.stat().st_ino for path in (folder.parent, folder, *folder.iterdir())} <= flushed


def test_a_disk_that_gives_back_something_else_is_noticed_and_the_older_checkpoint_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, made(1))
    real = checkpoint_module.load_file
    with monkeypatch.context() as worn:
        worn.setattr(checkpoint_module, "load_file", lambda path: {n: t + 1 for n, t in real(path).items()})
        with pytest.raises(DiskFull, match="gave back something else"):
            save_checkpoint(tmp_path, made(2))
    assert found(tmp_path)[1].iteration == 1  # type: ignore[union-attr]


def test_a_full_disk_is_noticed_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, made(1))

    def full(folder: Path, *, needed_bytes: int) -> None:
        raise DiskFull("Not enough room.", folder)

    monkeypatch.setattr(checkpoint_module, "require_free_space", full)
    with pytest.raises(DiskFull):
        save_checkpoint(tmp_path, made(2))
    assert [p.name for p in (tmp_path / FOLDER_NAME).iterdir()] == ["000000001"]


def test_a_write_that_fails_midway_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path, made(1))
    real = checkpoint_module.save_file

    def failing(tensors: dict, path: Path) -> None:
        real(tensors, path)
        if path.name.startswith("ema"):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint_module, "save_file", failing)
    with pytest.raises(DiskFull):
        save_checkpoint(tmp_path, made(2))
    assert [p.name for p in (tmp_path / FOLDER_NAME).iterdir()] == ["000000001"]


def test_damaged_checkpoints_are_kept_under_another_name(tmp_path: Path) -> None:
    for iteration in (1, 2):
        save_checkpoint(tmp_path, made(iteration))
    set_damaged_aside(tmp_path, newer_than=1)
    names = sorted(p.name for p in (tmp_path / FOLDER_NAME).iterdir())
    assert names[0] == "000000001" and names[1].startswith("damaged-000000002-")
    save_checkpoint(tmp_path, made(2))
    assert found(tmp_path)[1].iteration == 2  # type: ignore[union-attr]
