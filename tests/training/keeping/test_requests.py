"""A training hears what people ask of it, once, and not what they asked of another one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from understudy.training.keeping.requests import (
    FOLDER_NAME,
    Request,
    Wish,
    ask,
    changes_asked,
    forget_requests,
    fulfilled,
    heard_here,
    take_requests,
)


def test_a_wish_is_heard_once_with_its_details(tmp_path: Path) -> None:
    ask(tmp_path, "stop", why="late")
    assert take_requests(tmp_path) == [Request("stop", {"why": "late"})]
    assert take_requests(tmp_path) == []


def test_what_outlives_a_training_is_heard_until_it_is_fulfilled(tmp_path: Path) -> None:
    ask(tmp_path, "finish", iterations=300)
    for _ in range(2):
        assert take_requests(tmp_path) == [Request("finish", {"iterations": 300})]
    fulfilled(tmp_path, "finish")
    assert take_requests(tmp_path) == []


def test_nothing_asked_is_nothing_heard(tmp_path: Path) -> None:
    assert take_requests(tmp_path / "no such model") == []


def test_stopping_comes_after_everything_else_that_was_asked(tmp_path: Path) -> None:
    for wish in ("stop", "look", "preview", "finish", "change", "backup", "save"):
        ask(tmp_path, wish)  # type: ignore[arg-type]
    assert [request.wish for request in take_requests(tmp_path)] == [
        "save",
        "backup",
        "preview",
        "look",
        "change",
        "finish",
        "stop",
    ]


def test_the_same_wish_again_replaces_the_first(tmp_path: Path) -> None:
    ask(tmp_path, "finish", iterations=300)
    ask(tmp_path, "finish", share=0.5)
    assert take_requests(tmp_path) == [Request("finish", {"share": 0.5})]


def test_what_a_training_has_not_done_when_it_ends_or_fails_is_asked_of_nobody(tmp_path: Path) -> None:
    wishes: tuple[Wish, ...] = ("stop", "save", "preview", "look", "backup", "change", "finish")
    with heard_here(tmp_path):
        for wish in wishes:
            ask(tmp_path, wish)
    assert take_requests(tmp_path) == []
    with pytest.raises(KeyError), heard_here(tmp_path):
        for wish in wishes:
            ask(tmp_path, wish)
        raise KeyError
    assert take_requests(tmp_path) == []


def test_what_a_killed_training_is_asked_still_outlives_whoever_holds_the_model_and_does_not_train(
    tmp_path: Path,
) -> None:
    ask(tmp_path, "finish", iterations=300)
    with heard_here(tmp_path, trains=False):
        ask(tmp_path, "stop")
    assert take_requests(tmp_path) == [Request("finish", {"iterations": 300})]
    with heard_here(tmp_path, trains=False):
        ask(tmp_path, "finish")
    assert take_requests(tmp_path) == []


def test_a_new_training_does_not_stop_because_an_older_one_should_have_but_finishes(tmp_path: Path) -> None:
    for wish in ("stop", "save", "preview", "look", "backup", "change", "finish"):
        ask(tmp_path, wish)  # type: ignore[arg-type]
    forget_requests(tmp_path)
    assert [request.wish for request in take_requests(tmp_path)] == ["finish"]


def test_a_torn_file_is_no_wish_and_does_not_stay(tmp_path: Path) -> None:
    for wish in ("stop", "finish"):
        ask(tmp_path, wish).write_bytes(b'{"ha')
    assert take_requests(tmp_path) == []
    assert list((tmp_path / FOLDER_NAME).iterdir()) == []


def test_changes_of_options_come_one_after_the_other(tmp_path: Path) -> None:
    ask(tmp_path, "change", learning_rate=0.1, batch_size=2)
    ask(tmp_path, "change", learning_rate=0.2)
    assert changes_asked(tmp_path) == {"learning_rate": 0.2, "batch_size": 2}
    assert [r.details for r in take_requests(tmp_path)] == [
        {"learning_rate": 0.1, "batch_size": 2},
        {"learning_rate": 0.2},
    ]
    assert changes_asked(tmp_path) == {}


def test_what_was_asked_while_a_training_started_is_meant_for_it(tmp_path: Path) -> None:
    old = [ask(tmp_path, "change", learning_rate=0.1), ask(tmp_path, "stop"), ask(tmp_path, "look")]
    for path in old:
        os.utime(path, (1000, 1000))
    new: tuple[Wish, ...] = ("save", "backup", "preview", "stop")
    for path in [ask(tmp_path, "change", learning_rate=0.2), *(ask(tmp_path, wish) for wish in new)]:
        os.utime(path, (2000, 2000))
    forget_requests(tmp_path, before_s=2000)
    assert take_requests(tmp_path) == [
        Request("save"),
        Request("backup"),
        Request("preview"),
        Request("change", {"learning_rate": 0.2}),
        Request("stop"),
    ]
