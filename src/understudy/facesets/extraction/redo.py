"""Look again at the frames whose overlays a person deleted, with the options said now, and replace their faces.

The new finds lie in a log of their own that every later extraction respects. A killed run is begun again: the
overlays are drawn last.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import replace

from understudy.events import Event, Events, Notice, Progress, StageFinished, StageStarted
from understudy.faces.finders import fetched
from understudy.facesets.extraction.choosing import choose
from understudy.facesets.extraction.cropping import planned
from understudy.facesets.extraction.find import looked_at_anywhere
from understudy.facesets.extraction.found import FoundFrame, FoundLog, found_path, with_redone
from understudy.facesets.extraction.overlays import draw_overlays, drawn_log, marks_of
from understudy.facesets.extraction.redone import redone_folder, redone_of, redone_path, set_aside_notice
from understudy.facesets.extraction.storing import PutAway, replace_faces
from understudy.facesets.extraction.summary import as_ranges, summary_of
from understudy.facesets.extraction.task import Task
from understudy.media.clip import Clip


def redo_deleted(clip: Clip, task: Task, put_away: PutAway) -> Events:
    """Do the frames again whose overlays were deleted. Raises what `extract` raises."""
    started = time.monotonic()
    log = drawn_log(task)
    known = [frame for frame in _known(task) if frame.index < clip.info.frame_count]
    deleted = sorted(set(log.deleted()) & {frame.index for frame in known})
    if not deleted:
        why = "was deleted" if log.drawn else "was drawn yet; `understudy extract --overlays` draws them"
        yield Notice(f"{task.clip_name}: no overlay {why}, so no frame is looked at again.")
        yield StageFinished(
            stage="extract", summary={"clip": task.clip_name, "frames_redone": ""}, skipped=True
        )
        return
    frames = with_redone(known, (yield from _find_again(clip, task, deleted)))
    meant = yield from choose(clip, task, frames)
    plans = planned(meant.person, task.options)
    again = [plan for plan in plans if plan.sighting.frame.index in set(deleted)]
    done = yield from replace_faces(clip, task, again, deleted, put_away)
    marks = marks_of(task, frames, meant.people, meant.person, plans)
    yield from draw_overlays(clip, task, marks, only=deleted)
    summary = summary_of(task, frames, meant.people, meant.person)
    counts = {
        "frames_redone": as_ranges(deleted),
        "faces_written": len(done.plans),
        "faces_put_away": done.written_before,
        "seconds": round(time.monotonic() - started, 2),
    }
    yield StageFinished(stage="extract", summary=summary | counts)


def _find_again(clip: Clip, task: Task, indices: Sequence[int]) -> Generator[Event, None, list[FoundFrame]]:
    """Yields events; returns all finds that were ever asked for again."""
    task = replace(task, options=task.options.changed(detect_every=1))  # single frames, nothing leads to them
    plan, done = task.finder_plan(), 0
    yield from fetched(plan.options.detector, plan.options.landmarker, plan.inputs)
    yield StageStarted(stage="find again", unit="frames", total=len(indices))
    path = redone_path(redone_folder(task), task.clip_name)
    with FoundLog.open(path, {"content": task.content}) as log:
        yield from set_aside_notice(task, log.set_aside)
        for found in looked_at_anywhere(clip, task, indices):
            if isinstance(found, Notice):
                yield found
                continue
            log.append(found)
            done += len(found)
            yield Progress(stage="find again", done=done, total=len(indices))
        return log.frames


def _known(task: Task) -> list[FoundFrame]:
    """What was found before, with whatever options."""
    frames = FoundLog.look(found_path(task.cache, task.clip_name), content=task.content)
    return with_redone(frames, redone_of(task))
