"""The frames of a merge shared out: made in this process, by several, or by the machines of a cluster.

Every process opens the clip and loads the models for itself, makes whole frames and writes them; only what was
made is told here. A frame's pixels do not depend on who makes it. Not here: how a frame is made (`stream`), how
processes are kept at work (`understudy.workers`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from understudy.events import Notice
from understudy.media.clip import Clip
from understudy.media.color_spaces import ColorSpace
from understudy.media.opening import open_clip
from understudy.merging.cast import CastSources
from understudy.merging.plan import MergePlan
from understudy.merging.plate import Plate, PlateFootage
from understudy.merging.stream import MadeFrame, made_frames
from understudy.workers import cluster, crew
from understudy.workers.cores import cores
from understudy.workers.job import Order, Words, Work, stretches, worth_starting
from understudy.workers.options import parse_workers

_WORTH_A_PROCESS_FRAMES = 200  # starting one takes as long as merging about fifty frames
_MEMORY_BYTES = 1_500_000_000
# One thread decodes, in a fifth of a frame's time; on two cores threads were as fast as processes.
_CORES_A_PROCESS = 4
_MOST_FRAMES = 512  # in one stretch: long enough that seeking to its beginning costs little
_MOST_FRAMES_IN_A_CLUSTER = 64  # short enough that a lost one is soon made again
_STRETCHES_IN_A_CLUSTER = 64
_STRETCHES_EACH = 1  # every stretch decodes from the key frame before it: a few long ones cost least
_MOST_PAINTERS = 16
_WORDS = Words(
    does="merged frames",
    again="are made again",
    kept="The frames made before are kept.",
    advice="fewer --workers",
)


@dataclass(frozen=True)
class MergeJob:
    """Make frames of one clip. Can be pickled."""

    clip_path: Path
    folder: Path
    sources: CastSources
    device: str
    painters: int
    plate: PlateFootage | None = None
    color_space: ColorSpace | None = None

    @contextlib.contextmanager
    def opened(self) -> Iterator[Work]:
        """Load the models and open the clip."""
        cast = self.sources.cast(self.device)
        with (
            open_clip(self.clip_path, self.color_space) as clip,
            Plate(self.plate) if self.plate else contextlib.nullcontext() as plate,
        ):

            def work(part: MergePlan) -> Iterator[tuple[int, MadeFrame]]:
                plan = replace(part, cast=cast)
                for made in made_frames(clip, plan, self.folder, plate, painters=self.painters):
                    yield made.index, made

            yield work


def processes_worth_starting(devices: Sequence[str], frames: int) -> int:
    """How many processes pay: one on every accelerator, or for as many cores as its threads keep busy."""
    count = worth_starting(devices, frames, worth_frames=_WORTH_A_PROCESS_FRAMES, memory_bytes=_MEMORY_BYTES)
    return min(count, -(-cores() // _CORES_A_PROCESS)) if list(devices) == ["cpu"] else count


def shared_frames(
    clip: Clip,
    plan: MergePlan,
    folder: Path,
    plate: Plate | None,
    *,
    devices: Sequence[str],
    unsaid: list[MadeFrame],
    color_space: ColorSpace | None = None,
) -> Generator[MadeFrame | Notice]:
    """Make the frames of `plan.todo`, by whom the option `workers` says, in any order.

    Closing the generator ends what was started here; what this process itself had begun is finished and put
    into `unsaid`. Raises WorkerDied, ClusterUnavailable, and what making frames raises.
    """
    workers, sources = parse_workers(plan.settings.base.workers), plan.cast.sources()
    count = workers.count or processes_worth_starting(devices, len(plan.todo))
    if sources is None and (workers.count > 1 or workers.cluster):
        yield Notice("This model can't be loaded by other processes, so it merges alone.", level="warning")
    if sources is None or (count == 1 and not workers.cluster):
        painters = min(cores(), _MOST_PAINTERS)
        yield from made_frames(clip, plan, folder, plate, painters=painters, unsaid=unsaid)
        return
    job = MergeJob(
        clip.info.path.absolute(), folder.absolute(), sources, devices[0], painters=1, color_space=color_space
    )
    if plate is not None:
        job = replace(job, plate=replace(plate.footage, path=plate.footage.path.absolute()))
    order = Order(_WORDS, parcel=plan.part, in_order=False)
    todo = sorted(plan.todo)
    if workers.cluster:
        cut = stretches(todo, step=1, most=_MOST_FRAMES_IN_A_CLUSTER, workers=1, each=_STRETCHES_IN_A_CLUSTER)
        job = replace(job, device=devices[0].split(":")[0])
        yield from cluster.shared_out(workers.cluster, job, cut, order, on_gpu=job.device != "cpu")
        return
    yield Notice(f"{count} processes merge frames.")
    painters = max(1, cores() // count)
    jobs = [replace(job, device=devices[k % len(devices)], painters=painters) for k in range(count)]
    cut = stretches(todo, step=1, most=_MOST_FRAMES, workers=count, each=_STRETCHES_EACH)
    yield from crew.shared_out(jobs, cut, order)
