"""Several processes, or several machines, look at one clip; finds come back in the order of frames.

Each opens the clip and loads the networks for itself. Knows nothing of logs and resuming; that is `find.py`'s.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.events import Notice
from understudy.facesets.extraction.finder import FinderPlan
from understudy.facesets.extraction.following import found_in, stretches_by_chain
from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.options import ExtractOptions
from understudy.media.color_spaces import ColorSpace
from understudy.media.opening import open_clip
from understudy.workers import cluster, crew
from understudy.workers.job import Order, Stretch, Words, Work, stretches, worth_starting
from understudy.workers.options import parse_workers

_WORTH_A_PROCESS_FRAMES = 300  # loading the networks takes as long as finding faces in about a hundred frames
_MEMORY_BYTES = 1_500_000_000
_MOST_BATCHES = 16  # in one stretch: long enough that seeking to its beginning costs little
_STRETCHES_EACH = 4  # at least, so that no process waits long for the last one
_STRETCHES_IN_A_CLUSTER = 16  # times _STRETCHES_EACH; how many machines there are is not known yet
_ORDER = Order(
    Words(
        does="looked for faces",
        again="are looked at again",
        kept="What was found before is kept.",
        advice="fewer --workers or a smaller --batch-frames",
    )
)

Found = list[FoundFrame]


@dataclass(frozen=True)
class LookingJob:
    """Look for faces in stretches of one clip. Can be pickled."""

    clip_path: Path
    plan: FinderPlan
    color_space: ColorSpace | None = None

    @contextlib.contextmanager
    def opened(self) -> Iterator[Work]:
        """Load the networks and open the clip."""
        finder = self.plan.make()
        with open_clip(self.clip_path, self.color_space) as clip:

            def work(indices: Stretch) -> Iterator[tuple[int, Found]]:
                for found in found_in(clip, finder, indices):
                    yield found[-1].index, found

            yield work


def worker_devices(options: ExtractOptions, devices: Sequence[str], frames: int) -> list[str]:
    """The device of every process that is worth starting for so many frames; one device means this process.

    Automatic is one process on every accelerator and one on every core of the CPU, as far as the clip is long
    enough and the memory lasts.
    """
    count = parse_workers(options.workers).count or worth_starting(
        devices, frames, worth_frames=_WORTH_A_PROCESS_FRAMES, memory_bytes=_MEMORY_BYTES
    )
    return [devices[number % len(devices)] for number in range(max(1, count))]


def looked_at_by_workers(
    clip_path: Path,
    plans: Sequence[FinderPlan],
    indices: Sequence[int],
    color_space: ColorSpace | None = None,
) -> Generator[Found | Notice]:
    """The finds of the frames `indices`, which ascend, in order and in batches, from one process a plan.

    The batches are those of a single process, so the finds are too. Closing the generator ends the processes.
    Raises WorkerDied, and what making a finder raises.
    """
    return crew.shared_out(
        [LookingJob(clip_path, plan, color_space) for plan in plans],
        _stretches(indices, plans[0], workers=len(plans)),
        _ORDER,
    )


def looked_at_by_cluster(
    clip_path: Path, plan: FinderPlan, indices: Sequence[int], color_space: ColorSpace | None = None
) -> Generator[Found | Notice]:
    """Like `looked_at_by_workers`, from the machines of the Ray cluster that the option `workers` names.

    Raises ClusterUnavailable too.
    """
    return cluster.shared_out(
        parse_workers(plan.options.workers).cluster,
        LookingJob(clip_path.absolute(), plan, color_space),
        _stretches(indices, plan, workers=_STRETCHES_IN_A_CLUSTER),
        _ORDER,
        on_gpu=plan.inputs.device != "cpu",
    )


def _stretches(indices: Sequence[int], plan: FinderPlan, *, workers: int) -> list[Stretch]:
    if plan.leads:
        return stretches_by_chain(indices, plan.options.detect_every)
    batch = plan.options.batch_frames
    return stretches(indices, step=batch, most=_MOST_BATCHES, workers=workers, each=_STRETCHES_EACH)
