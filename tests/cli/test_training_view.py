"""Training at a terminal: every figure, keys that leave wishes, and a terminal that is given back."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from rich.console import Console

from understudy.cli import training_view
from understudy.cli.training_view import TrainingView, training_figures
from understudy.events import Made, Notice, Progress, StageFinished, StageStarted

STARTED = StageStarted(stage="train", unit="iteration", total=2000, done=100)
DETAILS = {
    "iteration": 5100,
    "losses": {"src": 0.5, "dst": 0.25, "src_color": 0.125, "dst_color": 0.0625, "src_mask": 0.375},
    "waiting_share": 0.0123,
    "memory_bytes": 3.21e9,
}
PROGRESS = Progress(
    stage="train", done=400, total=2000, loss=0.75, rate=2.5, note="detail, 2 of 3", details=DETAILS
)


def shown(progress: Progress = PROGRESS, **how: object) -> str:
    console = Console(file=io.StringIO(), width=140)
    console.print(training_figures(STARTED, progress, str(how.get("asked", "")), how.get("wishes", {})))  # type: ignore[arg-type]
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "words",
    [
        "iteration 5,100",
        "400 of 2,000",
        "10:40 left",
        "stage detail, 2 of 3",
        "2.5 it/s",
        "loss 0.7500",
        "waiting for faces 1.2%",
        "memory 3.21 GB",
        "color",
        "0.0625",
        "0.3750",
    ],
)
def test_every_figure_is_there(words: str) -> None:
    assert words in shown()


def test_no_line_breaks_at_eighty_columns_however_long_the_training_goes_on() -> None:
    console = Console(file=io.StringIO(), width=80)
    details = {**DETAILS, "iteration": 1_234_567}
    far = replace(
        PROGRESS, done=1_234_567, total=2_000_000, rate=0.012, note="straighten, 2 of 3", details=details
    )
    console.print(training_figures(STARTED, far, "", {}))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[1].rstrip() == "1,234,567 of 2,000,000  |  stage straighten, 2 of 3"
    assert "iteration 1,234,567" in lines[0] and lines[0].rstrip().endswith("left")
    assert lines[2].startswith("83.3 s/it") and lines[2].rstrip().endswith("GB")


def test_a_word_of_a_signal_stands_below_the_figures_on_a_line_of_its_own(
    view: tuple[TrainingView, io.StringIO],
) -> None:
    view[0].say("stopping after this step")
    deadline = time.monotonic() + 20
    while "stopping" not in view[1].getvalue() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert "\nstopping after this step" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", view[1].getvalue())


def test_slow_steps_are_told_in_seconds_and_a_term_of_one_side_is_a_dash_on_the_other() -> None:
    slow = Progress(stage="train", done=1, rate=0.25, details=DETAILS)
    assert "4 s/it" in shown(slow)
    (dst,) = [line for line in shown().splitlines() if line.startswith("dst")]
    assert dst.split()[1:] == ["0.2500", "0.0625", "-"]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    waiting: list[str] = []

    class Keys:
        def __enter__(self):
            return lambda: waiting.pop(0) if waiting else ""

        def __exit__(self, *exc: object) -> None:
            waiting.append("closed")

    monkeypatch.setattr(training_view, "keys", Keys)
    return waiting


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def view(typed: list[str], asked: list[str]) -> Iterator[tuple[TrainingView, io.StringIO]]:
    screen = io.StringIO()
    wishes = {"s": ("save", lambda: asked.append("save")), "q": ("stop", lambda: asked.append("stop"))}
    console = Console(file=screen, force_terminal=True, width=120)
    made = TrainingView(console, STARTED, wishes)
    yield made, screen
    made.close()


def test_a_key_leaves_its_wish_and_says_so(
    view: tuple[TrainingView, io.StringIO], typed: list[str], asked: list[str]
) -> None:
    typed += ["S", "x"]
    view[0].read(PROGRESS)
    assert asked == ["save"] and "asked to save" in view[1].getvalue()
    typed.append("\n")
    view[0].read(PROGRESS)
    assert asked[-1] in ("save", "stop")
    view[0].read(PROGRESS)
    assert asked == ["save", "stop"]


def test_notices_and_files_stay_above_the_figures(view: tuple[TrainingView, io.StringIO]) -> None:
    view[0].read(Notice("the loss went up", level="warning"))
    view[0].read(Made("preview", training_view_path()))
    view[0].read(StageFinished(stage="train", summary={}))
    said = view[1].getvalue()
    assert "warning: the loss went up" in said and "made preview: sheet.png" in said and "done" in said


def training_view_path():
    from pathlib import Path

    return Path("sheet.png")


def test_figures_are_renewed_every_two_seconds_not_oftener(
    view: tuple[TrainingView, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [training_view.time.monotonic()]
    monkeypatch.setattr(training_view.time, "monotonic", lambda: now[0])
    before = len(view[1].getvalue())
    view[0].read(PROGRESS)
    assert len(view[1].getvalue()) == before
    now[0] += 2.1
    view[0].read(PROGRESS)
    assert "5,100" in view[1].getvalue()[before:]


def drawn(screen: io.StringIO, words: str, *, within_s: float = 60.0) -> bool:
    """Whether these words come up, though the training says nothing."""
    end = time.monotonic() + within_s
    while words not in screen.getvalue() and time.monotonic() < end:
        time.sleep(0.02)
    return words in screen.getvalue()


def test_a_key_is_heard_while_a_long_step_says_nothing(
    view: tuple[TrainingView, io.StringIO], typed: list[str], asked: list[str]
) -> None:
    typed.append("s")
    assert drawn(view[1], "asked to save") and asked == ["save"]


def test_figures_come_and_the_time_left_runs_down_while_a_long_step_says_nothing(
    view: tuple[TrainingView, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_view, "_RENEWED_EVERY_S", 0.3)
    view[0].read(replace(PROGRESS, seconds_left=62.0))
    assert drawn(view[1], "5,100")
    left_s, end = list[int](), time.monotonic() + 60
    while len(set(left_s)) < 3 and time.monotonic() < end:  # a busy machine may leave a second out
        time.sleep(0.02)
        left_s = [60 * int(min) + int(s) for min, s in re.findall(r"(\d+):(\d\d) left", view[1].getvalue())]
    assert len(set(left_s)) >= 3 and left_s == sorted(left_s, reverse=True) and left_s[0] <= 62


def test_a_wish_that_can_not_be_left_is_told_by_the_next_event(typed: list[str]) -> None:
    def full() -> None:
        raise OSError("the disk is full")

    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    view = TrainingView(console, STARTED, {"s": ("save", full)})
    typed.append("s")
    try:
        with pytest.raises(OSError, match="the disk is full"):
            for _ in range(1200):
                view.read(PROGRESS)
                time.sleep(0.05)
    finally:
        view.close()


def test_the_last_figures_stay_when_it_is_done(view: tuple[TrainingView, io.StringIO]) -> None:
    end = replace(PROGRESS, done=2000, seconds_left=0.0, details=DETAILS | {"iteration": 6700})
    view[0].read(PROGRESS)
    view[0].read(end)
    before = len(view[1].getvalue())
    view[0].read(StageFinished(stage="train", summary={}))
    last = view[1].getvalue()[before:]
    assert "iteration 6,700" in last and "2,000 of 2,000" in last and "done" in last


def test_the_keyboard_is_given_back(view: tuple[TrainingView, io.StringIO], typed: list[str]) -> None:
    view[0].close()
    assert typed == ["closed"]
