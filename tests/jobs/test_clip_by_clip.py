"""A clip in which nobody is seen, or that somebody has to look at, stands in no way and is named at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import (
    ClipUnreadable,
    DeviceUnavailable,
    DiskFull,
    NoFaceFound,
    SeveralPeople,
    UnderstudyError,
)
from understudy.events import Events, Notice, StageFinished, StageStarted
from understudy.jobs.clip_by_clip import OF_ONE_CLIP, clip_by_clip


def _searched(
    names: str, **errors: type[UnderstudyError]
) -> tuple[list[str], list[str], UnderstudyError | None]:
    """Which clips were begun, what was told meanwhile, and how it ended."""
    begun: list[str] = []
    told: list[str] = []

    def extracted(name: str) -> Events:
        begun.append(name)
        if name in errors:
            raise errors[name](f"Of {name}.", "/clips")
        yield StageFinished(stage="extract")

    try:
        for event in clip_by_clip(names.split(), extracted, project=Path("/my shots")):
            told += [event.text] if isinstance(event, Notice) else []
    except UnderstudyError as error:
        return begun, told, error
    return begun, told, None


def test_each_stage_says_which_of_several_clips_it_is_about() -> None:
    def extracted(name: str) -> Events:
        yield StageStarted(stage="find", unit="frames", why="goes on" if name == "double" else "")

    def told(*names: str) -> list[str]:
        events = clip_by_clip(names, extracted, project=Path("/my shots"))
        return [event.words for event in events if isinstance(event, StageStarted)]

    assert told("actor", "double") == ["clip 1 of 2, actor", "clip 2 of 2, double; goes on"]
    assert told("actor") == [""]


def test_a_clip_without_a_face_does_not_stop_those_after_it_and_is_named_at_the_end() -> None:
    begun, told, error = _searched("wall actor sky double", wall=NoFaceFound, sky=NoFaceFound)
    assert begun == ["wall", "actor", "sky", "double"] and told == ["Of wall.", "Of sky."]
    assert isinstance(error, NoFaceFound) and error.exit_code == 2
    assert "in 2 of 4 clips: wall, sky. The faces of the others are stored." in error.message
    remove, look_again = "remove '/my shots' wall", "extract '/my shots' wall sky --min-face 0.03"
    for way_out in (f"`understudy {remove}`", f"`understudy {look_again}`", "--rotations", "--detector"):
        assert way_out in error.message


def test_where_no_clip_has_a_face_none_are_said_to_be_stored() -> None:
    _, _, error = _searched("wall sky", wall=NoFaceFound, sky=NoFaceFound)
    assert error is not None and "2 of 2 clips: wall, sky. Take" in error.message


def test_of_a_single_clip_its_own_words_are_the_error() -> None:
    assert _searched("wall", wall=NoFaceFound)[1] == []
    assert str(_searched("wall", wall=NoFaceFound)[2]) == "Of wall. Path: /clips"


@pytest.mark.parametrize("of_one", OF_ONE_CLIP)
def test_what_stops_one_clip_stops_none_after_it_and_is_the_error_at_the_end(
    of_one: type[UnderstudyError],
) -> None:
    begun, told, error = _searched("crowd actor", crowd=of_one)
    assert begun == ["crowd", "actor"] and told == ["Of crowd."]
    assert isinstance(error, of_one) and error.exit_code == 2
    if of_one is SeveralPeople:
        assert error.message == (
            "Of crowd. Say the number with `understudy extract '/my shots' crowd`: without a clip's name it "
            "counts for all. The faces of the others are stored."
        )
    elif of_one is not NoFaceFound:
        assert str(error) == "Of crowd. The faces of the others are stored. Path: /clips"


def test_clips_that_are_stopped_by_different_things_are_all_named_each_with_its_own() -> None:
    errors = {"wall": NoFaceFound, "crowd": SeveralPeople, "bad": ClipUnreadable}
    begun, told, error = _searched("wall crowd actor bad", **errors)
    assert begun == ["wall", "crowd", "actor", "bad"]
    assert told == ["Of wall.", "Of crowd."], "what the error says next was said twice"
    assert isinstance(error, SeveralPeople)
    assert error.message.startswith(
        "3 of 4 clips were left: wall, crowd, bad. The faces of the others are stored."
    )
    assert "crowd: Of crowd. bad: Of bad. No face was found in 1 of 4 clips: wall. Take" in error.message
    assert str(error).endswith("without a clip's name it counts for all. Path: /clips")


@pytest.mark.parametrize(
    ("clips", "error"), [("crowd", SeveralPeople), ("disk actor", DiskFull), ("gone actor", DeviceUnavailable)]
)
def test_what_is_of_all_clips_or_of_the_only_one_stops_at_once(
    clips: str, error: type[UnderstudyError]
) -> None:
    first = clips.split()[0]
    begun, told, raised = _searched(clips, **{first: error})
    assert begun == [first] and not told and isinstance(raised, error)
