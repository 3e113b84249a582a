"""The first pass over a clip: every wanted frame that the log lacks is looked at, and the finds are noted.

Resumes at any frame. Who is who is decided later (`people.py`), on the log alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from understudy.events import Event, Notice, Progress
from understudy.facesets.extraction.following import found_in
from understudy.facesets.extraction.found import FoundFrame, FoundLog
from understudy.facesets.extraction.task import Task
from understudy.facesets.extraction.workers import (
    looked_at_by_cluster,
    looked_at_by_workers,
    worker_devices,
)
from understudy.media.clip import Clip
from understudy.workers.options import parse_workers


def find(clip: Clip, log: FoundLog, task: Task, wanted: range) -> Iterator[Event]:
    """Look at the wanted frames that the log lacks; what was found before a stop is kept in it."""
    left = log.left(wanted)
    if not left:
        if not log.is_finished(wanted):
            log.finish(wanted)
        return
    done, total, started = len(wanted) - len(left), len(wanted), time.monotonic()
    before = done
    for found in looked_at_anywhere(clip, task, left):
        if isinstance(found, Notice):
            yield found
            continue
        log.append(found)
        done += len(found)
        rate = (done - before) / max(time.monotonic() - started, 1e-6)
        yield Progress(stage="find", done=done, total=total, rate=rate, seconds_left=(total - done) / rate)
    log.finish(wanted)


def looked_at_anywhere(clip: Clip, task: Task, indices: Sequence[int]) -> Iterator[list[FoundFrame] | Notice]:
    """The finds of the frames `indices`, which ascend, in batches: from this process, or from several where
    they are asked for or worth it."""
    if parse_workers(task.options.workers).cluster:
        yield from looked_at_by_cluster(
            task.clip_path, task.finder_plan(task.devices[0].split(":")[0]), indices, task.color_space
        )
        return
    devices = worker_devices(task.options, task.devices, len(indices))
    plans = [task.finder_plan(device) for device in devices]
    if len(plans) > 1:
        yield Notice(f"{len(plans)} processes look for faces.")
        yield from looked_at_by_workers(task.clip_path, plans, indices, task.color_space)
    else:
        yield from found_in(clip, plans[0].make(), indices)
