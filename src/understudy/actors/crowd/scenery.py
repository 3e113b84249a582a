"""A folder of what is composed with a crowd: backgrounds, cards to hold before faces, pictures without a face.

`backgrounds.npy` uint8 (n, S, S, 3), `cards.npy` uint8 (n, CARD_PX, CARD_PX, 4) with straight alpha,
`no_faces.npy` uint8 (n, S, S, 3). Each is written aside and swapped in; what is there is not drawn again.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt

from understudy.actors.crowd.backgrounds import backgrounds
from understudy.actors.crowd.cards import cards
from understudy.actors.crowd.no_faces import no_faces
from understudy.actors.crowd.people import Part, generator
from understudy.events import Events, Made, Progress, StageFinished, StageStarted
from understudy.files import written_aside
from understudy.workers.begin import begin

_STAGE = "scenery"
_CHUNK = 24  # pictures that one process draws at a time
NAMES = ("backgrounds", "cards", "no_faces")


@dataclass(frozen=True, eq=False)
class Scenery:
    """All pictures of a folder, read from disk only where they are used."""

    backgrounds: npt.NDArray[np.uint8]  # (n, S, S, 3)
    cards: npt.NDArray[np.uint8]  # (n, CARD_PX, CARD_PX, 4)
    no_faces: npt.NDArray[np.uint8]  # (n, S, S, 3)


@dataclass(frozen=True)
class SceneryPlan:
    """How many pictures of each kind; the same plan gives the same pictures."""

    backgrounds: int = 1200
    cards: int = 1200
    no_faces: int = 900
    size_px: int = 176
    seed: int = 0
    part: Part = "train"


def read_scenery(folder: Path) -> Scenery:
    """The pictures of a folder that `render_scenery` filled."""
    return Scenery(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in NAMES})


def render_scenery(folder: Path, plan: SceneryPlan, *, processes: int) -> Events:
    """Draw what `folder` lacks of the plan, over `processes` processes (1 draws in this one)."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in NAMES if not (folder / f"{name}.npy").exists()]
    yield StageStarted(stage=_STAGE, unit="kind", total=len(NAMES), done=len(NAMES) - len(missing))
    with _mapping(processes) as map_over:
        for done, name in enumerate(missing, len(NAMES) - len(missing) + 1):
            total: int = getattr(plan, name)
            sizes = [min(_CHUNK, total - start) for start in range(0, total, _CHUNK)]
            chunks = list(map_over(partial(_chunk, plan, name), range(len(sizes)), sizes))
            with written_aside(folder / f"{name}.npy") as aside, aside.open("wb") as file:
                np.save(file, np.concatenate(chunks))
            yield Progress(stage=_STAGE, done=done, total=len(NAMES))
    yield Made("scenery", folder)
    yield StageFinished(stage=_STAGE, skipped=not missing)


@contextmanager
def _mapping(processes: int) -> Iterator[type[map]]:
    if processes <= 1:
        yield map
        return
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=begin)
    try:
        yield pool.map  # pyright: ignore[reportReturnType]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _chunk(plan: SceneryPlan, name: str, number: int, count: int) -> np.ndarray:
    rng = generator(plan.part, plan.seed, number, 1000 + NAMES.index(name))
    if name == "cards":
        return cards(rng, count)
    if name == "backgrounds":
        return backgrounds(rng, count, plan.size_px)
    return no_faces(rng, count, plan.size_px, plan.part)
