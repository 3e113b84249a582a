"""A long sort as a stage: how far it is comes out as events, its order at the end; closing it stops the sort.

A sort that is quick says nothing. Not here: the orders (`facesets/sorting`), those that a studio keeps
(`kept_orders.py`).
"""

from __future__ import annotations

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Any

from understudy.errors import SortingStopped
from understudy.events import Event, Progress, StageFinished, StageStarted
from understudy.facesets.curation.choose import Choice, chosen, ranked_part, require_limit
from understudy.facesets.sorting.table import Table, table_of
from understudy.facesets.store import Faceset, StoredFace
from understudy.jobs.facesets.kept_orders import Underway

STAGE = "sort"
_QUIET_S = 1.0  # a sort that is done sooner is not worth a bar
_EVERY_S = 0.3

Ranked = tuple[Table, list[Any]]


def ranked_told(faceset: Faceset, choice: Choice) -> Generator[Event, None, Ranked]:
    """What `ranked_table` gives. Raises what it raises."""
    require_limit(choice)
    sort = Underway[Ranked](began_s=time.monotonic())

    def told(share: float) -> None:
        sort.share = share
        if sort.stopped:
            raise SortingStopped("The sort was stopped before its end.")

    with ThreadPoolExecutor(1, thread_name_prefix="sorting") as worker:
        sort.future = worker.submit(ranked_part, table_of(faceset), choice, told)
        try:
            return (yield from _told(sort))
        finally:
            sort.stopped = True


def chosen_told(faceset: Faceset, choice: Choice) -> Generator[Event, None, list[StoredFace]]:
    """What `chosen` gives. Raises what it raises."""
    if not choice.sort:
        return chosen(faceset, choice)
    table, _ = yield from ranked_told(faceset, choice)
    return list(table.faces)


def _told(sort: Underway[Ranked]) -> Generator[Event, None, Ranked]:
    try:
        return sort.future.result(_QUIET_S)
    except NotYet:
        pass
    yield StageStarted(stage=STAGE, unit="%", total=100)
    while True:
        try:
            ranked = sort.future.result(_EVERY_S)
        except NotYet:
            yield Progress(stage=STAGE, done=int(100 * sort.share), total=100, seconds_left=sort.seconds_left)
            continue
        yield Progress(stage=STAGE, done=100, total=100, seconds_left=0.0)
        yield StageFinished(stage=STAGE, summary={"faces": len(ranked[0].faces)})
        return ranked
