"""Which waiting runs a failed one takes with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from understudy.errors import OptionInvalid
from understudy.jobs.runs.book import RunBook
from understudy.jobs.runs.queue import WORDS_OF_FAILING, QueueOptions, needs
from understudy.jobs.runs.run import Run
from understudy.project.model_changes import bring_back_model, put_away_model

Ended = Callable[[str], Run]


@pytest.mark.parametrize(
    ("words", "before", "needed"),
    [
        ("train . --model=main", "extract .", True),
        ("merge . --model=main", "extract . a", True),
        ("merge . a --model=main", "extract . b", False),
        ("merge . --model=main", "train . --model=main", True),
        ("merge . a --model=main", "train . --model=main", True),
        ("merge .", "train . --model=main", True),
        ("merge . --model=other", "train . --model=main", False),
        ("encode . a --model=main", "merge . a --model=main", True),
        ("encode . a --model=main", "merge . b --model=main", False),
        ("encode . --model=main", "merge . b --model=main", True),
        ("measure --project=. --clip=a --merged=main", "merge . a --model=main", True),
        ("measure --project=. --clip=b --merged=main", "merge . a --model=main", False),
        ("encode . --model=main", "measure --project=. --clip=a --merged=main", False),
        ("extract .", "train . --model=main", False),
        ("train . --model=main", "train . --model=main", False),
        ("advise .", "extract .", False),
        ("merge .", "advise .", False),
        ("advise .", "swap --project=.", True),
        # As people type them.
        ("merge . --model anna", "extract . a", True),
        ("merge . --model=anna", "train . --model anna --minutes 60", True),
        ("merge . --model other", "train . --model anna", False),
        ("merge . b --workers 4", "extract . a --workers 4", False),
        ("measure --project . --clip b --merged main", "merge . a", False),
    ],
)
def test_a_later_stage_of_the_same_clip_and_model_needs_an_earlier_one(
    words: str, before: str, needed: bool
) -> None:
    said, said_before = ([*one.split(), "--json"] for one in (words, before))
    assert needs(said, said_before, clips={"a", "b"}) == needed


def _queued(book: RunBook) -> tuple[str, list[str]]:
    """A run that fails as soon as it is told to, and three that wait: two of them need it."""
    first = book.start(["extract", ".", "--fail"], title="Find faces")
    waiting = (["train", "."], ["merge", "."], ["tidy"])
    return first.id, [book.queue(words).id for words in waiting]


@pytest.mark.parametrize(
    ("chosen", "states"),
    [
        (None, ["stopped", "stopped", "done"]),
        ("needing", ["stopped", "stopped", "done"]),
        ("all", ["stopped", "stopped", "stopped"]),
        ("none", ["done", "done", "done"]),
    ],
)
def test_what_waits_for_a_failed_run_is_taken_out_as_was_chosen(
    book: RunBook, ended: Ended, chosen: str | None, states: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if chosen is not None:
        book.keep_queue_options(QueueOptions().changed(if_one_fails=chosen))
        assert RunBook(book.project).queue_options().if_one_fails == chosen
    failing, waiting = _queued(book)
    (book.project.folder.parent / "fail").touch()
    ends = [ended(id) for id in waiting]
    assert ended(failing).state == "failed" and [end.state for end in ends] == states
    for end in ends:
        if end.state == "stopped":
            assert end.because == failing and end.started is None
            assert end.sentence == "Taken out of the queue because this failed before it: Find faces."


def test_a_run_that_was_moved_takes_out_what_now_comes_after_it(book: RunBook, ended: Ended) -> None:
    book.start(["tidy", "--fail"])
    merge, train = book.queue(["merge", "."]).id, book.queue(["train", ".", "--fail"]).id
    book.move(train, before=merge)
    (book.project.folder.parent / "fail").touch()
    assert ended(train).state == "failed" and ended(merge).because == train


def test_a_run_that_is_queued_after_one_failed_is_not_held_back(book: RunBook, ended: Ended) -> None:
    assert ended(book.start(["refuse"]).id).state == "failed"
    assert ended(book.queue(["merge", "."]).id).state == "done"


def test_a_training_whose_model_went_to_the_trash_while_it_waited_begins_no_other(
    book: RunBook, ended: Ended
) -> None:
    for name in ("anna", "hero"):
        book.project.add_model(name)
    book.start(["tidy", "--fail"])
    train, merge = (book.queue([verb, ".", "--model=anna"]) for verb in ("train", "merge"))
    back = book.queue(["train", ".", "--model", "hero"])
    for name in ("anna", "hero"):
        put_away_model(book.project, name)
    bring_back_model(book.project, "hero")
    (book.project.folder.parent / "fail").touch()
    end = ended(train.id)
    assert (end.state, end.started) == ("failed", None)
    assert "model 'anna' was put in the trash after this was asked for" in end.sentence
    assert f"understudy model restore {book.project.folder} anna" in end.sentence
    assert ended(merge.id).because == train.id
    assert ended(back.id).state == "done"
    assert ended(book.queue(["train", ".", "--model=anna"]).id).state == "done", "it is asked for since"


def test_there_are_no_other_choices() -> None:
    assert set(WORDS_OF_FAILING) == {"needing", "all", "none"}
    with pytest.raises(OptionInvalid):
        QueueOptions().changed(if_one_fails="some")


def test_a_spoiled_choice_stops_no_queue_and_is_told_to_whoever_looks(book: RunBook, ended: Ended) -> None:
    first = book.start(["extract", "."], title="Find faces")
    (book.folder / "queue.json").write_text("[")
    waiting = book.queue(["tidy"])
    (book.project.folder.parent / "fail").touch()
    assert [ended(one.id).state for one in (first, waiting)] == ["done", "done"]
    for spoiled in ("[", "[]"):
        (book.folder / "queue.json").write_text(spoiled)
        with pytest.raises(OptionInvalid, match="Delete this file"):
            book.queue_options()
