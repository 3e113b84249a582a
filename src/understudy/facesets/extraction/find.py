"""The first pass over a clip: every wanted frame that the log lacks is looked at, and the finds are noted.

Resumes at any frame. Who is who is decided later (`people.py`), on the log alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from understudy.events import Event, Progress
from understudy.facesets.extraction.finder import FinderPlan
from understudy.facesets.extraction.found import FoundLog
from understudy.facesets.extraction.looking import looked_at
from understudy.media.clip import Clip


def find(clip: Clip, log: FoundLog, plan: FinderPlan, wanted: range) -> Iterator[Event]:
    """Look at the wanted frames that the log lacks; what was found before a stop is kept in it."""
    left = log.left(wanted)
    if not left:
        if not log.is_finished(wanted):
            log.finish(wanted)
        return
    done, total, started = len(wanted) - len(left), len(wanted), time.monotonic()
    before = done
    for found in looked_at(clip, plan.make(), left):
        log.append(found)
        done += len(found)
        rate = (done - before) / max(time.monotonic() - started, 1e-6)
        yield Progress(stage="find", done=done, total=total, rate=rate, seconds_left=(total - done) / rate)
    log.finish(wanted)
