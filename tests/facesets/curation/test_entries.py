"""Changes of one command are one step, unless another's lie between."""

from __future__ import annotations

from understudy.facesets.curation.entries import Entry, entry_of, line_of, steps_of


def made(number: int, command: str = "", *, undone: bool = False) -> Entry:
    when = "2026-01-01T00:00:00+00:00"
    return Entry(number, "reject", f"words {number}", when, "hold", undone=undone, command=command)


def numbers(*entries: Entry) -> list[list[int]]:
    return [[entry.number for entry in step.entries] for step in steps_of(entries)]


def test_changes_without_a_command_are_steps_of_their_own() -> None:
    assert numbers(made(1), made(2)) == [[1], [2]]


def test_changes_of_one_command_are_one_step_and_anothers_part_them() -> None:
    assert numbers(made(1, "a"), made(2, "a"), made(3, "b")) == [[1, 2], [3]]
    assert numbers(made(1, "a"), made(2), made(3, "a")) == [[1], [2], [3]]
    assert numbers(made(1, "a", undone=True), made(2, "a")) == [[1], [2]]


def test_a_step_is_taken_back_in_reverse_and_says_all_its_words() -> None:
    (step,) = steps_of([made(1, "a"), made(2, "a")])
    assert [entry.number for entry in step.in_order("undo")] == [2, 1]
    assert (step.words, step.number) == ("words 1; words 2", 2)


def test_a_face_renamed_twice_in_a_step_gets_its_first_name_back() -> None:
    one = Entry(1, "r", "", "", "h", leaving=(("a", "h/a"),), coming=(("b", "h/a"),), command="c")
    two = Entry(2, "r", "", "", "h", leaving=(("b", "h/b"),), coming=(("c", "h/b"),), command="c")
    (step,) = steps_of([one, two])
    assert step.new_names(taken_back=False) == {"a": "c"}
    assert step.new_names(taken_back=True) == {"c": "a"}


def test_a_line_brings_the_entry_back() -> None:
    entry = made(3, "a")
    assert entry_of(line_of(entry)) == entry
