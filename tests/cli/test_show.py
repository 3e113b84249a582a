"""Events as plain lines, as a terminal's bars and as JSON."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from understudy.cli import show as shown
from understudy.cli.show import show
from understudy.errors import NoFaceFound, Stopped
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted


def _job() -> Events:
    yield StageStarted(stage="merge", unit="frames", total=10, done=4, why="goes on at frame 4 of 10")
    yield Progress(stage="merge", done=10, total=10, loss=0.5)
    yield Notice("two frames have no face", level="warning")
    yield Made("shot", Path("Mein Prøjekt 影.mp4"))
    yield StageFinished(stage="merge", summary={"frames": 10})


def _failing() -> Events:
    yield StageStarted(stage="find", unit="frames", total=3)
    raise NoFaceFound("No face.")


def test_plain_lines_say_where_a_stage_goes_on_and_what_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    show(_job())
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "merge: goes on at frame 4 of 10"
    assert "warning: two frames have no face" in said
    assert "made shot: Mein Prøjekt 影.mp4" in said
    assert said[-1] == "merge: done"


def test_json_lines_hold_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    show(_job(), as_json=True)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["event"] for e in events] == ["StageStarted", "Progress", "Notice", "Made", "StageFinished"]
    assert events[1]["loss"] == 0.5


def _asked_to_stop(*times: int) -> Events:
    yield StageStarted(stage="merge", unit="frames", total=10)
    for _ in times:
        os.kill(os.getpid(), signal.SIGINT)
    yield Progress(stage="merge", done=1)
    yield Progress(stage="merge", done=2)


@pytest.mark.parametrize(("times", "ends"), [((1,), Stopped), ((1, 2), KeyboardInterrupt)])
def test_programs_are_told_of_a_stop_by_events_of_which_the_last_says_how_it_ended(
    times: tuple[int, ...], ends: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """A stop was told in plain text alone, beside the events; the last of these was of a merge under way."""
    with pytest.raises(ends):
        show(_asked_to_stop(*times), as_json=True)
    told = capsys.readouterr()
    events = [json.loads(line) for line in told.out.splitlines()]
    assert "Stopping" in [event["event"] for event in events]
    assert events[-1]["event"] == "Stopped" and "same command" in events[-1]["text"]
    assert told.err == ""


def test_the_stages_last_words_are_returned() -> None:
    assert [(s.stage, s.summary) for s in show(_job())] == [("merge", {"frames": 10})]


def test_beside_an_output_for_programs_a_pipe_is_told_how_far_it_is_once_that_lasts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was told nothing, for minutes, and no warning either."""
    show(_job(), beside_output=True)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == ["warning: two frames have no face", "made shot: Mein Prøjekt 影.mp4"]
    monkeypatch.setattr(shown, "_SECONDS_BETWEEN_LINES", 0.0)
    show(_job(), beside_output=True)
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("merge: 10/10 | ")


def test_a_terminal_gets_bars_with_the_same_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    show(_job())
    said = capsys.readouterr().out
    assert "10/10" in said and "made shot" in said and "two frames" in said


def test_a_long_unit_counts_by_how_much_of_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = shown._Clock(StageStarted(stage="verify", unit="files", total=2))
    monkeypatch.setattr(clock, "began", clock.began - 100)
    assert clock._left(Progress(stage="verify", done=0, total=2, begun=0.5)) == pytest.approx(300, rel=0.01)
    assert clock._left(Progress(stage="verify", done=0, total=2)) is None


def test_how_long_it_still_takes_is_told_once_the_guesses_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rendering of 280 frames, whose processes took 20 s to start, was to last 1:43:33, then 0:26:12 …"""
    now = [100.0]
    monkeypatch.setattr(shown.time, "monotonic", lambda: now[0])
    clock, told = shown._Clock(StageStarted(stage="render", unit="frames", total=280)), []
    for done, at in enumerate(range(120, 150), 1):
        now[0] = float(at)
        event = Progress(stage="render", done=done, total=280)
        clock.watch(event)
        told.append(clock.seconds_left(event))
    assert told[0] is None and told[-1] == pytest.approx(250, rel=0.02)
    assert all(left is None or abs(left - (280 - done)) < 30 for done, left in enumerate(told, 1)), told


def test_frames_that_several_processes_make_at_once_are_no_rate_of_thousands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(shown.time, "monotonic", lambda: now[0])
    clock, rates = shown._Clock(StageStarted(stage="merge", unit="frames", total=280)), []
    for done, at in enumerate((120.0, 120.001, 120.002, 120.003, 124.0, 124.001, 124.002, 124.003), 1):
        now[0] = at
        event = Progress(stage="merge", done=done, total=280)
        clock.watch(event)
        rates.append(clock.rate(event))
    assert max(rate for rate in rates if rate) < 3, rates


def test_a_line_of_a_training_that_goes_on_counts_as_status_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It said "train: 2" of a model that `status` and the previews call iteration 7."""
    monkeypatch.setattr(shown, "_SECONDS_BETWEEN_LINES", 0.0)
    show(_training())
    assert "train: iteration 7 (2/10 of this training) | " in capsys.readouterr().out


def test_a_stage_that_fails_ends_the_bars_and_lets_the_error_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with pytest.raises(NoFaceFound):
        show(_failing())


def _training() -> Events:
    yield StageStarted(stage="read src faces", unit="faces", total=3)
    yield StageFinished(stage="read src faces", summary={})
    yield StageStarted(stage="train", unit="iteration", total=10, why="goes on at iteration 5")
    details = {"iteration": 7, "losses": {"src": 0.5, "dst": 0.25}, "waiting_share": 0.01}
    yield Progress(stage="train", done=2, total=10, rate=4.0, details=details)
    yield Notice("a word on the way")
    yield StageFinished(stage="train", summary={"iterations": 2})
    yield StageStarted(stage="merge", unit="frames", total=2)
    yield StageFinished(stage="merge", summary={})


def test_training_has_its_own_view_among_the_bars_of_other_stages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    finished = show(_training(), wishes={"s": ("save", lambda: None)})
    said = capsys.readouterr().out
    for words in ("goes on at iteration 5", "iteration 7", "waiting for faces", "save", "a word on the way"):
        assert words in said
    assert said.rindex("merge") > said.rindex("waiting for faces")
    assert [stage.stage for stage in finished] == ["read src faces", "train", "merge"]


def test_a_terminal_that_is_gone_closes_the_stage_before_the_error_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[int] = []

    def stage() -> Events:
        try:
            yield StageStarted(stage="merge", unit="frames", total=2)
            yield Notice("half way")
        except GeneratorExit:
            kept.append(1)

    def gone(_line: str) -> None:
        raise OSError("no terminal")

    monkeypatch.setattr(shown, "_say", gone)
    with pytest.raises(OSError, match="no terminal"):
        shown.show(stage())
    assert kept == [1]
