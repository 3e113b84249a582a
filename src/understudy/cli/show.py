"""Show a stream of events: a moving bar on a terminal, plain lines anywhere else.

One of the readers of `events.py`; it decides nothing. Returns the stages' summaries for a last word.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from understudy.cli.training_view import TrainingView, Wishes
from understudy.cli.words import clock_time, end_of, print_result
from understudy.errors import Stopped
from understudy.events import Event, Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.jobs.stopping import stoppable

_SECONDS_BETWEEN_LINES = 5.0
_SECONDS_BETWEEN_PROGRESS = 0.2
_SECONDS_BETWEEN_GUESSES = 2.0
_LEAST_SECONDS = 0.5  # that a rate is told from
_STEADY_SHARE = 0.25  # of the time left: so near to each other are two guesses that can be told
_STOPPING = "stopping after this step; Ctrl-C again ends at once"
STOPPED_AT_ONCE = "Stopped at once. Run the same command again to go on."


class _Reader(Protocol):
    def read(self, event: Event) -> None: ...
    def close(self) -> None: ...
    def say_stopping(self) -> None:
        print(_STOPPING, file=sys.stderr, flush=True)

    def say_stopped(self, sentence: str) -> None:
        """Nothing here: the command's last word says it."""


def show(
    events: Events,
    *,
    as_json: bool = False,
    beside_output: bool = False,
    wishes: Wishes | None = None,
    stopped: str = "",
) -> list[StageFinished]:
    """Print events until the job ends; give what every stage said at its end.

    With `beside_output` they go to the standard error alone: the standard output is for another program.
    `wishes` are what keys ask of a training at a terminal: the key, its word, and what pressing it does.
    `stopped` is what a job says when it was stopped, where that is not that the same command goes on.
    Raises what the job raises, and Stopped after Ctrl-C.
    """
    finished: list[StageFinished] = []
    reader = _reader_beside() if beside_output else _reader(as_json=as_json, wishes=wishes or {})
    try:
        # Where nothing can be shown any more, at a closed terminal, the job ends as if asked to.
        with closing(stoppable(events, when_asked=reader.say_stopping)) as stream:
            for event in stream:
                reader.read(event)
                if isinstance(event, StageFinished):
                    finished.append(event)
    except (Stopped, KeyboardInterrupt) as stop:
        if isinstance(stop, Stopped) and stopped:
            stop = Stopped(stopped)
        with suppress(OSError):  # nobody reads any more
            reader.say_stopped(str(stop) or STOPPED_AT_ONCE)
        raise stop from None
    finally:
        reader.close()
    return finished


def run(events: Events, *, json: bool, wishes: Wishes | None = None, stopped: str = "") -> None:
    """Show a job, and its figures at the end; `stopped` as in `show`."""
    finished = show(events, as_json=json, wishes=wishes, stopped=stopped)
    if not json:
        print_result(finished)


def tell(sentences: Sequence[str], *, json: bool) -> None:
    """Say what a command answers that is no job: as lines, or for programs each as an event."""
    for sentence in sentences:
        _say(_json_line("Notice", vars(Notice(sentence))) if json else sentence)


def _reader(*, as_json: bool, wishes: Wishes) -> _Reader:
    if as_json:
        return _JsonLines()
    console = Console()
    return _Bars(console, wishes) if console.is_terminal else _Lines()


def _reader_beside() -> _Reader:
    # The output's own lines may pass through it, and stay as they are.
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    return _Bars(console, {}, beside_output=True) if console.is_terminal else _LinesBeside()


class _Clock:
    """Rate and time left of one stage, from what its events say or from our own watch. How long it takes until
    the first unit, as to start processes, says nothing of those after it."""

    def __init__(self, started: StageStarted) -> None:
        self.started = started
        self.began = time.monotonic()
        self._first: tuple[float, float] | None = None  # when the first units were made, and how many
        self._guessed: tuple[float, float] | None = None  # when, and the end that was guessed then
        self._steady = False

    def watch(self, event: Progress) -> None:
        """Take note of how far it is: of every event, also those that are not shown."""
        now, made = time.monotonic(), self._made(event)
        if self._first is None and made > 0:
            self._first = now, made
        left = self._left(event)
        if self._steady or left is None:
            return
        if self._guessed is None:
            self._guessed = now, now + left
        elif now - self._guessed[0] >= _SECONDS_BETWEEN_GUESSES:
            self._steady = abs(now + left - self._guessed[1]) <= _STEADY_SHARE * left
            self._guessed = now, now + left

    def rate(self, event: Progress) -> float | None:
        if event.rate is not None:
            return event.rate
        now, made = time.monotonic(), self._made(event)
        since, before = self._first or (self.began, 0.0)
        if made <= before or now - since < _LEAST_SECONDS:  # several processes make their first units at once
            since, before = self.began, 0.0
        seconds = now - since
        return (made - before) / seconds if made > before and seconds > _LEAST_SECONDS else None

    def seconds_left(self, event: Progress) -> float | None:
        """None until the guesses agree: those of the first moments go from hours to minutes."""
        return self._left(event) if self._steady else None

    def _left(self, event: Progress) -> float | None:
        if event.seconds_left is not None:
            return event.seconds_left
        rate, total = self.rate(event), event.total or self.started.total
        return (total - event.done - event.begun) / rate if rate and total else None

    def _made(self, event: Progress) -> float:
        return event.done + event.begun - self.started.done

    def figures(self, event: Progress) -> str:
        parts = []
        if rate := self.rate(event):
            parts.append(f"{rate:.3g} {self.started.unit}/s")
        if event.loss is not None:
            parts.append(f"loss {event.loss:.4f}")
        if event.note:
            parts.append(event.note)
        if (left := self.seconds_left(event)) is not None:
            parts.append(f"{clock_time(left)} left")
        return " | ".join(parts)


class _Lines(_Reader):
    """For logs and pipes: one line when something changes, at most one in five seconds while it runs."""

    def __init__(self) -> None:
        self._clock: _Clock | None = None
        self._last = 0.0

    def read(self, event: Event) -> None:
        match event:
            case StageStarted():
                self._clock, self._last = _Clock(event), time.monotonic()
                total = f" of {event.total}" if event.total else ""
                self._say(f"{event.stage}: {event.words or f'{event.done}{total} {event.unit}'}")
            case Progress() if self._clock:
                self._clock.watch(event)
                if time.monotonic() - self._last >= _SECONDS_BETWEEN_LINES:
                    self._last = time.monotonic()
                    self._say(f"{event.stage}: {_how_far(event)} | {self._clock.figures(event)}")
            case StageFinished():
                self._say(f"{event.stage}: {end_of(event)}")
            case Notice() | Made():
                self._say(_plain(event))

    def close(self) -> None:
        pass

    def _say(self, line: str) -> None:
        _say(line)


def _how_far(event: Progress) -> str:
    """Counted as `status` and the previews' names do: a model's iteration, and how many this training made."""
    total = f"/{event.total}" if event.total else ""
    made = f"{event.done}{total}"
    at = event.details.get("iteration", event.done)
    return made if at == event.done else f"iteration {at} ({made} of this training)"


class _LinesBeside(_Lines):
    """The same beside an output that is read by a program: how far it is, once that lasts, and what is told."""

    def read(self, event: Event) -> None:
        if isinstance(event, StageStarted):
            self._clock, self._last = _Clock(event), time.monotonic()
        elif not isinstance(event, StageFinished):
            super().read(event)

    def _say(self, line: str) -> None:
        if sys.stderr is not None:  # closed: print would take the standard output
            print(line, file=sys.stderr, flush=True)


class _Bars(_Reader):
    """For people at a terminal."""

    def __init__(self, console: Console, wishes: Wishes, *, beside_output: bool = False) -> None:
        self._wishes = wishes
        self._training: TrainingView | None = None
        self._bars = Bars(
            TextColumn("{task.description:<9}", markup=False),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[done]:.0f}{task.fields[of]}", markup=False),
            TextColumn("{task.fields[figures]}", markup=False),
            console=console,
            # At a terminal, lines of the output go above the bars; in a pipe or a file they must arrive there.
            redirect_stdout=not beside_output or sys.stdout.isatty(),
        )
        self._bars.start()
        self._clock: _Clock | None = None
        self._task: TaskID | None = None

    def read(self, event: Event) -> None:
        if isinstance(event, StageStarted) and event.stage == "train":
            self._bars.stop()
            if event.why:
                self._bars.console.print(event.why, markup=False, highlight=False)
            self._training = TrainingView(self._bars.console, event, self._wishes)
        elif self._training is not None:
            self._training.read(event)
            if isinstance(event, StageFinished) and event.stage == "train":
                self._training.close()
                self._training = None
                self._forget_bars()
                self._bars.start()
        else:
            self._read(event)

    def say_stopping(self) -> None:
        if self._training is None:
            super().say_stopping()
        else:  # which keeps the cursor at the end of its last line
            self._training.say(_STOPPING)

    def _forget_bars(self) -> None:
        """The bars of stages that are done stand above the training already."""
        for task in self._bars.task_ids:
            self._bars.remove_task(task)

    def _read(self, event: Event) -> None:
        match event:
            case StageStarted():
                self._clock = _Clock(event)
                self._task = self._bars.add_task(
                    event.stage,
                    total=event.total,
                    completed=event.done,
                    done=event.done,
                    of=_of(event.total),
                    figures=event.words,
                )
            case Progress() if self._clock and self._task is not None:
                self._clock.watch(event)
                self._bars.update(
                    self._task,
                    completed=event.done + event.begun,
                    done=event.done,
                    total=event.total,
                    of=_of(event.total),
                    figures=self._clock.figures(event),
                )
            case StageFinished() if self._task is not None:
                task = self._bars.tasks[-1]
                seconds = time.monotonic() - (self._clock.began if self._clock else time.monotonic())
                end = end_of(event)
                end = f"{end} in {clock_time(seconds)}" if end == "done" else end
                whole = task.completed or 1
                self._bars.update(self._task, total=whole, completed=whole, done=whole, figures=end)
                self._task = None
            case Notice() | Made():
                self._bars.console.print(_plain(event), markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        if self._training is not None:
            self._training.close()
        self._bars.stop()


def _of(total: int | None) -> str:
    return f"/{total}" if total else ""


class _JsonLines(_Reader):
    """For programs: every event as one JSON line, with its time, and progress a few times a second.

    Progress says its rate and the time left, also where the stage leaves that to whoever shows it. That a stop
    is asked for is `Stopping`, and that it ended by it `Stopped`: the last line.
    """

    def __init__(self) -> None:
        self._clock: _Clock | None = None
        self._last = 0.0
        self._held: Progress | None = None

    def read(self, event: Event) -> None:
        if isinstance(event, Progress):
            if self._clock is not None and self._clock.started.stage == event.stage:
                self._clock.watch(event)
            self._held = event
            if time.monotonic() - self._last >= _SECONDS_BETWEEN_PROGRESS:
                self._say_held()
            return
        self._say_held()
        if isinstance(event, StageStarted):
            self._clock, self._last = _Clock(event), 0.0
        self._say(event)

    def _say_held(self) -> None:
        event, self._held = self._held, None
        if event is None:
            return
        if self._clock is not None and self._clock.started.stage == event.stage:
            event = replace(event, rate=self._clock.rate(event), seconds_left=self._clock.seconds_left(event))
        self._last = time.monotonic()
        self._say(event)

    def _say(self, event: Event) -> None:
        _say(_json_line(type(event).__name__, vars(event)))

    def say_stopping(self) -> None:
        # A signal's handler: in the midst of a line's writing nothing can be said, and `Stopped` follows.
        with suppress(RuntimeError):
            _say(_json_line("Stopping", {"text": _STOPPING}))

    def say_stopped(self, sentence: str) -> None:
        self._say_held()
        _say(_json_line("Stopped", {"text": sentence}))

    def close(self) -> None:
        with suppress(OSError):  # nobody reads any more
            self._say_held()


def _json_line(event: str, facts: Mapping[str, Any]) -> str:
    return json.dumps({"event": event, "at": round(time.time(), 2), **facts}, default=str)


def _plain(event: Notice | Made) -> str:
    if isinstance(event, Made):
        return f"made {event.what}: {event.path}"
    return f"{'note' if event.level == 'info' else 'warning'}: {event.text}"


def _say(line: str) -> None:
    # In one piece, so that what a signal's handler says stands on a line of its own.
    print(f"{line}\n", end="", file=sys.stdout, flush=True)
