"""Training at a terminal: figures that are renewed every two seconds, and keys that ask for something.

One of the readers that `show.py` chooses from. Keys only leave a wish; what follows is the training's. A
clock of its own looks at the keys and renews the figures, since a step, and the training's next word, may take
long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from understudy.cli.keyboard import keys
from understudy.cli.words import clock_time
from understudy.errors import UnderstudyError
from understudy.events import Event, Made, Notice, Progress, StageFinished, StageStarted

_RENEWED_EVERY_S = 2.0
_KEYS_EVERY_S = 0.2
_STEADY_FROM = 10  # iterations
_SIDES = ("src", "dst")
Wishes = Mapping[str, tuple[str, Callable[[], object]]]


class TrainingView:
    """Shows the stage `train`. `wishes` says for each key its word and what pressing it does."""

    def __init__(self, console: Console, started: StageStarted, wishes: Wishes) -> None:
        self._console, self._started, self._wishes = console, started, wishes
        self._said, self._asked, self._progress = 0.0, "", Progress(stage=started.stage, done=started.done)
        self._told = time.monotonic()  # when the training last said how far it is
        self._turn = threading.RLock()  # of the reader or the clock: to listen, change and draw
        self._ended = threading.Event()
        self._failed: OSError | UnderstudyError | None = None
        with ExitStack() as stack:
            self._pressed = stack.enter_context(keys())
            self._live = stack.enter_context(
                Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
            )
            self._stack = stack.pop_all()
        self._renew()
        self._clock = threading.Thread(target=self._by_the_clock, name="training view", daemon=True)
        self._clock.start()

    def read(self, event: Event) -> None:
        """Take in what happened; look at the keys. Raises what a wish or the terminal raised meanwhile."""
        with self._turn:
            if self._failed is not None:
                raise self._failed
            self._read(event)

    def _read(self, event: Event) -> None:
        self._listen()
        if isinstance(event, Progress):
            self._progress, self._told = event, time.monotonic()
            self._renew_in_time()
        elif isinstance(event, Notice | Made):
            word = "warning: " if isinstance(event, Notice) and event.level == "warning" else ""
            text = event.text if isinstance(event, Notice) else f"made {event.what}: {event.path}"
            self._console.print(word + text, markup=False, highlight=False, soft_wrap=True)
        elif isinstance(event, StageFinished):
            self._asked = "nothing left to do" if event.skipped else "done"
            self._ended.set()
            self._renew()

    def say(self, words: str) -> None:
        """Show a word below the figures, at the clock's next look; may be called by a signal's handler."""
        self._asked, self._said = words, 0.0

    def close(self) -> None:
        """Give the terminal back as it was."""
        self._ended.set()
        self._clock.join()
        self._stack.close()

    def _by_the_clock(self) -> None:
        """Until the end: hear keys soon and renew the figures in time, whatever the training is at."""
        while not self._ended.wait(_KEYS_EVERY_S):
            with self._turn:
                if self._ended.is_set():
                    return
                try:
                    self._listen()
                    self._renew_in_time()
                except (OSError, UnderstudyError) as error:  # for the reader, who can end the training
                    self._failed = error
                    return

    def _listen(self) -> None:
        for key in self._pressed():
            wish = self._wishes.get("q" if key in "\r\n" else key.lower())
            if wish is not None:
                self._asked = f"asked to {wish[0]}"
                wish[1]()
                self._renew()

    def _renew_in_time(self) -> None:
        if time.monotonic() - self._said >= _RENEWED_EVERY_S:
            self._renew()

    def _renew(self) -> None:
        self._said = time.monotonic()
        now = self._progress
        if now.seconds_left is not None and not self._ended.is_set():
            left = now.seconds_left - (self._said - self._told)
            now = replace(now, seconds_left=max(0.0, left))
        self._live.update(training_figures(self._started, now, self._asked, self._wishes), refresh=True)


def training_figures(started: StageStarted, progress: Progress, asked: str, wishes: Wishes) -> Group:
    """What the terminal shows: how far, how fast, every loss, and the keys."""
    details: Mapping[str, Any] = progress.details
    lines: list[Any] = [_how_far(started, progress, details)]
    lines += [Text(line) for line in (_of_the_plan(started, progress), _how_fast(progress, details)) if line]
    if losses := details.get("losses"):
        lines.append(_losses(losses))
    if wishes:
        lines.append(Text("   ".join(f"[{key}] {word}" for key, (word, _) in wishes.items()), style="dim"))
    if asked:
        lines.append(Text(asked, style="bold"))
    return Group(*lines)


def _how_far(started: StageStarted, progress: Progress, details: Mapping[str, Any]) -> Table:
    line = Table.grid(padding=(0, 1))
    total = progress.total or started.total
    iteration = details.get("iteration", progress.done)
    words = [f"train  iteration {iteration:,}"]
    left = progress.seconds_left
    is_steady = progress.done - started.done >= _STEADY_FROM  # the first iterations take longest
    if left is None and total and progress.rate and is_steady:
        left = (total - progress.done) / progress.rate
    if left is not None:
        words.append(f"{clock_time(left)} left")
    done, whole = _shares(progress, total, details)
    line.add_row(ProgressBar(total=whole, completed=done, width=28), Text("  |  ".join(words)))
    return line


def _of_the_plan(started: StageStarted, progress: Progress) -> str:
    """A line of its own: beside the bar it would break at 80 columns."""
    total = progress.total or started.total
    parts = [f"{progress.done:,} of {total:,}"] if total else []
    return "  |  ".join([*parts, f"stage {progress.note}"] if progress.note else parts)


def _shares(progress: Progress, total: int | None, details: Mapping[str, Any]) -> tuple[float, float]:
    if "plan_share" in details and details["plan_share"] is not None:
        return float(details["plan_share"]), 1.0
    return (float(progress.done), float(total)) if total else (0.0, 1.0)


def _how_fast(progress: Progress, details: Mapping[str, Any]) -> str:
    parts = []
    if progress.rate:
        parts.append(f"{progress.rate:.3g} it/s" if progress.rate >= 1 else f"{1 / progress.rate:.3g} s/it")
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.4f}")
    if "waiting_share" in details:
        parts.append(f"waiting for faces {details['waiting_share']:.1%}")
    if "memory_bytes" in details:
        parts.append(f"memory {details['memory_bytes'] / 1e9:.2f} GB")
    return "  |  ".join(parts) or "starting"


def _losses(losses: Mapping[str, float]) -> Table:
    """A line for each side, a column for each term."""
    names = list(dict.fromkeys(n.split("_", 1)[1] for n in losses if n.startswith(("src_", "dst_"))))
    table = Table.grid(padding=(0, 2))
    table.add_row("", *(Text(name, style="dim") for name in ("loss", *names)))
    for side in _SIDES:
        figures = [losses.get(side), *(losses.get(f"{side}_{name}") for name in names)]
        table.add_row(side, *("-" if value is None else f"{value:.4f}" for value in figures))
    return table
