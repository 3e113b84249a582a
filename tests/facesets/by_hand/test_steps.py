"""`facesets/by_hand/steps.py`: steps of a hand, taken back and done again without limit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from understudy.facesets.by_hand.steps import HandStep, HandSteps, Side
from understudy.files import write_bytes

NOTHING = Side({}, {})
STEP = HandStep(
    number=0,
    command="",
    words="draw",
    when="2026-01-01T00:00:00+00:00",
    frames=(3,),
    before=Side({3: []}, {3: None}),
    after=Side({3: [{"box": [1, 2, 3, 4], "landmarks": None}]}, {3: {"frame": 3}}),
    there=("a.jpg",),
    away=(("b.jpg", "hold/b.jpg"),),
    overlays=(3,),
)


def add(steps: HandSteps, step: HandStep) -> HandStep:
    """A step that is begun and done at once."""
    begun = steps.begin(step)
    steps.toggle(begun, undone=False, there=step.there, away=step.away)
    return steps.all()[-1]


def words(steps: list[HandStep]) -> list[str]:
    return [step.words for step in steps]


def test_a_step_is_read_as_it_was_written(tmp_path: Path) -> None:
    added = add(HandSteps(tmp_path, "shot"), STEP)
    assert HandSteps(tmp_path, "shot").all() == [added] == [replace(STEP, number=1)]
    assert not HandSteps(tmp_path, "other").all()


def test_steps_are_taken_back_in_turn_and_those_of_one_command_together(tmp_path: Path) -> None:
    steps = HandSteps(tmp_path, "shot")
    for name, command in (("a", "1"), ("b", "2"), ("c", "2"), ("d", ""), ("e", "")):
        add(steps, replace(STEP, words=name, command=command))
    for expected in (["e"], ["d"], ["c", "b"], ["a"]):
        again = HandSteps(tmp_path, "shot")
        assert words(again.to_undo()) == expected
        for step in again.to_undo():
            again.toggle(step, undone=True, there=[], away=[("x", "y")])
    again = HandSteps(tmp_path, "shot")
    assert again.to_undo() == []
    assert words(again.to_redo()) == ["a"]
    again.toggle(again.to_redo()[0], undone=False, there=["z"], away=[])
    assert words(again.to_redo()) == ["b", "c"]
    assert again.to_undo()[0].there == ("z",)


def test_what_was_taken_back_is_gone_once_something_else_was_done(tmp_path: Path) -> None:
    steps = HandSteps(tmp_path, "shot")
    steps.toggle(add(steps, STEP), undone=True, there=[], away=[])
    assert steps.to_redo()
    add(steps, replace(STEP, words="other"))
    assert HandSteps(tmp_path, "shot").to_redo() == []
    assert words(HandSteps(tmp_path, "shot").to_undo()) == ["other"]


def test_a_line_torn_by_a_kill_swallows_nothing(tmp_path: Path) -> None:
    steps = HandSteps(tmp_path, "shot")
    add(steps, STEP)
    with steps.path.open("ab") as file:
        file.write(b'{"step": 2, "wor')
    again = HandSteps(tmp_path, "shot")
    assert len(again.all()) == 1
    add(again, replace(STEP, words="after"))
    assert words(HandSteps(tmp_path, "shot").all()) == ["draw", "after"]


def test_a_step_that_was_begun_and_never_done_counts_for_nothing(tmp_path: Path) -> None:
    steps = HandSteps(tmp_path, "shot")
    steps.toggle(add(steps, STEP), undone=True, there=[], away=[])
    begun = steps.begin(replace(STEP, words="other"))
    again = HandSteps(tmp_path, "shot")
    assert (words(again.all()), words(again.to_redo())) == (["draw"], ["draw"])
    assert again.known(begun.number, begun.command) == begun
    assert again.known(begun.number, "another command") is None
    again.toggle(begun, undone=False, there=["a.jpg"], away=[])
    assert (words(again.to_undo()), again.to_redo()) == (["other"], [])


def test_steps_that_were_written_before_they_could_be_begun_count(tmp_path: Path) -> None:
    steps = HandSteps(tmp_path, "shot")
    steps.begin(STEP)
    steps.path.write_bytes(steps.path.read_bytes().replace(b',"begun":true', b""))
    assert words(HandSteps(tmp_path, "shot").to_undo()) == ["draw"]


def test_who_keeps_a_log_reads_what_is_new_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, other = HandSteps(tmp_path, "shot"), HandSteps(tmp_path, "shot")
    parsed, loads = list[bytes](), json.loads
    monkeypatch.setattr(json, "loads", lambda line: parsed.append(line) or loads(line))
    for number in range(4):
        add(other, replace(STEP, words=str(number)))
        before = len(parsed)
        assert words(kept.look().to_undo())[0] == str(number)
        assert len(parsed) - before <= 2  # the step, and that it was done
    assert kept.look().all() == HandSteps(tmp_path, "shot").all()
    with kept.path.open("ab") as log:
        log.write(b'{"torn')
    assert kept.look().all() == other.look().all()
    add(other, replace(STEP, words="behind a torn line"))
    assert kept.look().all() == HandSteps(tmp_path, "shot").all()


def test_what_a_step_costs_does_not_grow_with_those_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, changed, count = HandSteps(tmp_path, "shot"), list[HandStep](), 40

    def counted(step: HandStep, **values: object) -> HandStep:
        changed.append(step)
        return replace(step, **values)  # pyright: ignore[reportArgumentType]

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", lambda path: pytest.fail(f"all of {path.name} is read"))
        for _ in range(count):
            steps.toggle(add(steps, STEP), undone=True, there=[], away=[])
    monkeypatch.setattr("understudy.facesets.by_hand.steps.replace", counted)
    again = HandSteps(tmp_path, "shot")
    assert len(changed) <= 3 * count  # it is done, taken back, and dropped by the next
    assert [step.dropped for step in again.all()] == [True] * (count - 1) + [False]
    assert words(again.to_redo()) == ["draw"]


def test_another_log_in_its_place_is_read_anew(tmp_path: Path) -> None:
    kept = HandSteps(tmp_path, "shot")
    add(kept, STEP)
    write_bytes(kept.path, b"")
    assert kept.look().all() == []
    kept.path.unlink()
    assert kept.look().all() == []
