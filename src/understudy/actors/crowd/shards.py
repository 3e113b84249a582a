"""A folder of shards: samples of a crowd rendered once, over many processes, for a training that reads them.

A shard is a folder of plain arrays, written aside and swapped in, so what lies under a shard's name is whole:
`rgb.npy` uint8 (n, S, S, 3), `person.npy` and `skin.npy` uint8 (n, S, S) with 255 for 1, `points.npy` float32
(n, 70, 2) in pixels from the corner, `labels.json` a list of n objects with yaw_deg, pitch_deg, roll_deg, tone,
age, look and who. Shard k holds people k * people onwards, always the same ones, so that a second run goes on:
`plan.json` says by what all of them were rendered.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.actors.crowd.draw import STATES, picture
from understudy.actors.crowd.people import Part, person
from understudy.actors.crowd.sample import Sample
from understudy.errors import FolderUnwritable, ShardDamaged, ShardsDiffer
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.files import folder_written_aside, read_json, write_json
from understudy.workers.begin import begin
from understudy.workers.leftovers import clear_half_built

_STAGE = "crowd"
_PLAN_NAME = "plan.json"
_LABELS = ("yaw_deg", "pitch_deg", "roll_deg", "tone", "age", "look", "who")


@dataclass(frozen=True, eq=False)
class Shard:
    """The samples of one shard."""

    rgb: npt.NDArray[np.uint8]  # (n, S, S, 3)
    person: npt.NDArray[np.uint8]  # (n, S, S), 255 is 1
    skin: npt.NDArray[np.uint8]  # (n, S, S), 255 is 1
    points: npt.NDArray[np.float32]  # (n, 70, 2)
    labels: list[dict[str, Any]]


@dataclass(frozen=True)
class ShardPlan:
    """What a folder of shards is to hold. The same plan always gives the same shards."""

    samples: int  # rounded up to whole shards
    size_px: int = 176
    seed: int = 0
    part: Part = "train"
    states: int = STATES  # pictures of one person
    people: int = 8  # in one shard

    @property
    def shards(self) -> int:
        """How many shards hold that many samples."""
        return -(-self.samples // (self.people * self.states))


def shard_paths(folder: Path) -> list[Path]:
    """The whole shards of a folder, in order."""
    return sorted(folder.glob("shard-" + 6 * "[0-9]"))


def read_shard(path: Path, *, mapped: bool = False) -> Shard:
    """A shard's arrays; `mapped` ones are read from disk only where they are used. Raises ShardDamaged."""
    try:
        arrays = {
            name: np.load(path / f"{name}.npy", mmap_mode="r" if mapped else None)
            for name in ("rgb", "person", "skin", "points")
        }
        labels = json.loads((path / "labels.json").read_text("utf-8"))
        if {len(labels)} != {len(array) for array in arrays.values()}:
            raise ValueError("its files hold different numbers of samples")
    except (OSError, ValueError, EOFError, TypeError) as error:
        raise ShardDamaged(
            f"This shard of rendered people is damaged ({error}). Rendering makes it anew.", path
        ) from error
    return Shard(**arrays, labels=labels)


def cleared_of_damage(folder: Path) -> Iterator[Notice]:
    """Take damaged shards away, so that they are rendered anew, which gives the same; says so of each. What
    killed processes left half-written goes too."""
    clear_half_built(folder)
    for path in shard_paths(folder):
        try:
            read_shard(path, mapped=True)
        except ShardDamaged as error:
            shutil.rmtree(path)
            yield Notice(f"{path.parent.name}/{path.name} is rendered anew: {error.message}", level="warning")


def require_plan(folder: Path, plan: Mapping[str, Any]) -> None:
    """Note what decides how the shards of a folder look. Raises ShardsDiffer where those there are of another
    plan; where nothing is noted they are taken for this one's."""
    try:
        noted = dict(read_json(folder / _PLAN_NAME))
    except (FileNotFoundError, ValueError, TypeError):
        noted = {}
    if noted == plan:
        return
    if noted and shard_paths(folder):
        told = ", ".join(f"{k} {noted.get(k)!r}, not {v!r}" for k, v in plan.items() if noted.get(k) != v)
        raise ShardsDiffer(
            f"The people in this folder were rendered by another plan ({told}), and what was added would not "
            "belong to them. Name another folder, or move this one away.",
            folder,
        )
    write_json(folder / _PLAN_NAME, dict(plan))


def write_shard(path: Path, samples: list[Sample]) -> None:
    """Write samples of one size under `path` in one step. One that has come meanwhile stays: it is the same."""
    try:
        with folder_written_aside(path) as aside:
            np.save(aside / "rgb.npy", np.stack([sample.rgb for sample in samples]))
            for name in ("person", "skin"):
                layer = np.stack([getattr(sample, name) for sample in samples])
                np.save(aside / f"{name}.npy", np.round(layer * 255).astype(np.uint8))
            np.save(aside / "points.npy", np.stack([sample.points for sample in samples]).astype(np.float32))
            labels = [{name: getattr(sample, name) for name in _LABELS} for sample in samples]
            (aside / "labels.json").write_text(json.dumps(labels), "utf-8")
    except FolderUnwritable:
        if not path.is_dir():
            raise


def render_shards(folder: Path, plan: ShardPlan, *, processes: int, seconds: float | None = None) -> Events:
    """Render what `folder` lacks of the plan, over `processes` processes (1 renders in this one).

    After `seconds` no further shard is begun and those unfinished are given up; a later call goes on. Closing
    the iterator stops the processes. Raises ShardsDiffer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    require_plan(folder, {name: value for name, value in asdict(plan).items() if name != "samples"})
    yield from cleared_of_damage(folder)
    missing = [k for k in range(plan.shards) if not _path(folder, k).exists()]
    done = plan.shards - len(missing)
    yield StageStarted(stage=_STAGE, unit="shard", total=plan.shards, done=done)
    began = time.monotonic()
    deadline = None if seconds is None else began + seconds
    for made, _ in enumerate(_rendered(folder, plan, missing, processes, deadline), 1):
        rate = made / max(time.monotonic() - began, 1e-6)
        yield Progress(stage=_STAGE, done=done + made, total=plan.shards, rate=rate)
    yield Made("shards", folder)
    whole = len(shard_paths(folder))
    yield StageFinished(
        stage=_STAGE,
        summary={
            "shards": whole,
            "samples": whole * plan.people * plan.states,
            "seconds": time.monotonic() - began,
        },
        skipped=not missing,
    )


def _path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:06d}"


def _rendered(
    folder: Path, plan: ShardPlan, missing: list[int], processes: int, deadline: float | None
) -> Iterator[int]:
    """Numbers of shards as they are finished, until all are there or the deadline has passed."""
    if processes <= 1:
        for number in missing:
            if deadline is not None and time.monotonic() >= deadline:
                return
            yield _render_one(_path(folder, number), plan, number, deadline)
        return
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=begin)
    waiting: set[Future[int]] = set()
    ahead = iter(missing)
    try:
        while True:
            while len(waiting) < 2 * processes and (number := next(ahead, None)) is not None:
                waiting.add(pool.submit(_render_one, _path(folder, number), plan, number, deadline))
            if not waiting:
                return
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                if (number := future.result()) >= 0:
                    yield number
            if deadline is not None and time.monotonic() >= deadline:
                ahead = iter(())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _render_one(path: Path, plan: ShardPlan, number: int, deadline: float | None) -> int:
    """Render one shard; its number, or -1 where the deadline came first (the clock is the whole machine's)."""
    samples: list[Sample] = []
    for k in range(number * plan.people, (number + 1) * plan.people):
        who = person(k, seed=plan.seed, part=plan.part)
        for state in range(plan.states):
            if deadline is not None and time.monotonic() >= deadline:
                return -1
            samples.append(picture(who, state, plan.seed, plan.size_px))
    write_shard(path, samples)
    return number
