"""Render everything that a training needs, over all processes at once and until a time is up.

First the people to test with, then the scenery, then people to train with, the looks taking turns. Whatever is
there already is kept, so the same call goes on, with the time that is left; what is damaged is made anew. The
folder then holds `test/`, `scenery/`, `train/` and, of a head mesh pack, `mesh/` and `mesh-test/`, and
`rendering.json` with the seconds that were spent.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import chain, zip_longest
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from understudy.actors.crowd.draw import STATES, picture
from understudy.actors.crowd.people import Part, person
from understudy.actors.crowd.sample import Sample
from understudy.actors.crowd.scenery import NAMES, SceneryPlan, render_scenery
from understudy.actors.crowd.shards import cleared_of_damage, require_plan, write_shard
from understudy.actors.mesh_look.samples import mesh_studio
from understudy.events import Event, Events, Notice, Progress, StageFinished, StageStarted
from understudy.files import read_json, sha256_of, write_json
from understudy.workers.begin import begin

STAGE = "people"
SPENT_NAME = "rendering.json"
SIZE_PX = 176
PEOPLE = 8  # in one shard
SEED, TEST_SEED = 0, 7


@dataclass(frozen=True)
class Rendering:
    """What is to be rendered. Numbers of pictures are rounded up to whole shards."""

    data: Path
    samples: int = 40_000
    test_samples: int = 800
    mesh_pack: Path | None = None  # a folder; its people come beside our own
    scenery: SceneryPlan = SceneryPlan()  # noqa: RUF009 (frozen)
    people: int = PEOPLE


@dataclass(frozen=True)
class _Task:
    """One shard to render."""

    folder: Path
    number: int
    part: Part
    people: int
    mesh_pack: Path | None = None

    @property
    def path(self) -> Path:
        return self.folder / f"shard-{self.number:06d}"


def render_people(asked: Rendering, *, processes: int, seconds: float) -> Events:
    """Render until all is there or `seconds` are over, those of earlier calls included.

    Shards that are not whole by then are given up. Raises ShardsDiffer.
    """
    began = time.time()
    spent = yield from _spent_before(asked.data)
    deadline = began + seconds - spent
    tasks = _tasks(asked)
    for folder, task in {task.folder: task for task in tasks}.items():
        folder.mkdir(parents=True, exist_ok=True)
        require_plan(folder, _plan_of(task))
        yield from cleared_of_damage(folder)
    missing = [task for task in tasks if not task.path.exists()]
    tests = [task for task in missing if task.part == "test"]
    others = [task for task in missing if task.part == "train"]
    done = len(tasks) - len(missing)
    why = f"{spent / 60:.0f} of {seconds / 60:.0f} minutes are spent."
    yield StageStarted(stage=STAGE, unit="shard", total=len(tasks), done=done, why=why)
    if missing and time.time() >= deadline:
        yield Notice(
            f"The time to render in is spent: {len(missing)} shards stay away. More of it renders them."
        )
    made = done
    for wanted, scenery in ((tests, False), ((), True), (others, False)):
        if scenery and time.time() < deadline and not _has_scenery(asked.data):
            yield from render_scenery(asked.data / "scenery", asked.scenery, processes=processes)
        for _ in _rendered(wanted, processes, deadline):
            made += 1
            _note_spent(asked.data, spent + time.time() - began)
            rate = (made - done) / max(time.time() - began, 1e-6)
            yield Progress(stage=STAGE, done=made, total=len(tasks), rate=rate)
    if missing:
        _note_spent(asked.data, spent + time.time() - began)
    yield StageFinished(stage=STAGE, summary={"shards": made, "seconds": round(time.time() - began, 1)})


def _spent_before(data: Path) -> Generator[Event, None, float]:
    """Seconds that earlier calls rendered for."""
    path = data / SPENT_NAME
    try:
        return float(read_json(path)["seconds"]) if path.exists() else 0.0
    except (ValueError, KeyError, TypeError) as error:
        text = f"How long was rendered before can't be read ({error}), so it counts as nothing. {path}"
        yield Notice(text, level="warning")
        return 0.0


def _note_spent(data: Path, seconds: float) -> None:
    write_json(data / SPENT_NAME, {"seconds": round(seconds, 1)})


def _has_scenery(data: Path) -> bool:
    return all((data / "scenery" / f"{name}.npy").exists() for name in NAMES)


def _tasks(asked: Rendering) -> list[_Task]:
    """All shards in the order in which they are worth most."""

    def shards(name: str, samples: int, part: Part, pack: Path | None = None) -> list[_Task]:
        count = -(-samples // (asked.people * STATES))
        return [_Task(asked.data / name, k, part, asked.people, pack) for k in range(count)]

    own = shards("train", asked.samples, "train")
    tests = shards("test", asked.test_samples, "test")
    if asked.mesh_pack is None:
        return tests + own
    tests += shards("mesh-test", asked.test_samples, "test", asked.mesh_pack)
    mesh = shards("mesh", asked.samples, "train", asked.mesh_pack)
    taking_turns = chain.from_iterable(zip_longest(own, mesh))
    return tests + [task for task in taking_turns if task is not None]


def _plan_of(task: _Task) -> dict[str, Any]:
    """All that decides how the shards of a task's folder look."""
    plan = {"size_px": SIZE_PX, "seed": _seed(task), "part": task.part, "states": STATES, "people": task.people}
    return plan | ({} if task.mesh_pack is None else {"mesh_pack": sha256_of(task.mesh_pack)})


def _seed(task: _Task) -> int:
    return TEST_SEED if task.part == "test" else SEED


def _rendered(tasks: list[_Task] | tuple[()], processes: int, deadline: float) -> Iterator[_Task]:
    """Tasks as they are done. Closing the iterator stops the processes."""
    if processes <= 1:
        for task in tasks:
            if not _render_one(task, deadline):
                return
            yield task
        return
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=begin)
    waiting: dict[Future[bool], _Task] = {}
    ahead = iter(tasks)
    try:
        while True:
            while len(waiting) < 2 * processes and time.time() < deadline and (task := next(ahead, None)):
                waiting[pool.submit(_render_one, task, deadline)] = task
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                task = waiting.pop(future)
                if future.result():
                    yield task
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _render_one(task: _Task, deadline: float) -> bool:
    """Render one shard; False where the deadline came first."""
    samples: list[Sample] = []
    for number in range(task.number * task.people * STATES, (task.number + 1) * task.people * STATES):
        if time.time() >= deadline:
            return False
        samples.append(_sample(task, number))
    write_shard(task.path, samples)
    return True


def _sample(task: _Task, number: int) -> Sample:
    seed = _seed(task)
    if task.mesh_pack is not None:
        return mesh_studio(task.mesh_pack).sample(number, SIZE_PX, part=task.part, seed=seed)
    who = person(number // STATES, seed=seed, part=task.part)
    return picture(who, number % STATES, seed, SIZE_PX)
