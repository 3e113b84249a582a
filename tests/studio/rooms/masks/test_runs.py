"""What the masks room starts is a command of the project's own names, never a path or a flag of a window's."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.studio.rooms.masks.conftest import FIRST
from understudy.jobs.runs.book import RunBook

FETCH = ("masks", "fetch", ".", "dst/main")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The words of the runs that were started."""
    words: list[list[str]] = []

    class Started:
        id = "1"

    def start(_self: RunBook, said: list[str], *, title: str = "") -> Any:
        assert title
        words.append(list(said))
        return Started()

    monkeypatch.setattr(RunBook, "start", start)
    return words


def asked(client: TestClient, what: str, /, **wish: Any) -> str:
    answer = client.post(f"/api/masks/{what}", json=wish)
    return "" if answer.status_code == 200 else answer.json()["kind"]


def test_every_stage_becomes_its_command(client: TestClient, started: list[list[str]]) -> None:
    said = {"minutes": 0.1, "start": "nothing"}
    assert not asked(client, "train", segmenter="mic", facesets=["dst"], said=said)
    assert not asked(client, "apply", faceset="dst", segmenter="skin", faces=[FIRST])
    assert not asked(client, "fetch", faceset="dst", into="dst/drawn")
    assert not asked(client, "fetch", faceset="dst", into="dst/done", mark="confirmed")
    assert not asked(client, "remove", faceset="dst", name="skin")
    assert not asked(client, "remove", faceset="dst", polygons=True)
    assert started == [
        ["masks", "train", ".", "mic", "dst/main", "--minutes=0.1", "--start=nothing"],
        ["masks", "apply", ".", "dst/main", FIRST, "--segmenter=skin"],
        ["masks", "fetch", ".", "dst/main", "--into=dst/drawn"],
        [*FETCH, "--into=dst/done", "--undrawn", "--where=drawing_mark == 'confirmed'"],
        ["masks", "remove", ".", "dst/main", "--name=skin"],
        ["masks", "remove", ".", "dst/main", "--polygons"],
    ]


def test_names_that_are_none_start_nothing(client: TestClient, started: list[list[str]]) -> None:
    assert asked(client, "train", segmenter="../x") == "OptionInvalid"
    assert asked(client, "train", segmenter="dense") == "OptionInvalid"
    assert asked(client, "train", segmenter="mic", facesets=["--device"]) == "FacesUnknown"
    assert asked(client, "train", segmenter="mic", said={"minutes": "many"}) == "OptionInvalid"
    assert asked(client, "apply", faceset="dst", segmenter="--to=/tmp") == "SegmenterUnknown"
    assert asked(client, "apply", faceset="dst", segmenter="skin", faces=["--undrawn"]) == "FacesUnknown"
    assert asked(client, "fetch", faceset="dst", into="dst/../../x")
    assert started == []


def test_a_segmenter_whose_minutes_were_left_empty_is_not_taught_without_end(
    client: TestClient, started: list[list[str]]
) -> None:
    assert asked(client, "train", segmenter="mic", said={"minutes": 0}) == "OptionInvalid"
    assert asked(client, "train", segmenter="mic", said={"minutes": 0, "iterations": 0}) == "OptionInvalid"
    assert not asked(client, "train", segmenter="mic", said={"minutes": 0, "iterations": 50})
    assert started == [["masks", "train", ".", "mic", "--minutes=0", "--iterations=50"]]


def test_the_options_of_training_are_those_of_the_command_but_for_the_minutes_that_have_their_own_field(
    client: TestClient,
) -> None:
    options = {one["name"] for one in client.get("/api/masks/train-options").json()["options"]}
    assert {"iterations", "start", "face_type"} <= options
    assert "minutes" not in options
