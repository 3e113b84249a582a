"""Clips in which nobody is seen stand in nobody's way, and are named at the end."""

from __future__ import annotations

import pytest

from understudy.errors import NoFaceFound, SeveralPeople, UnderstudyError
from understudy.events import Events, Notice, StageFinished
from understudy.jobs.clip_by_clip import clip_by_clip


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
        for event in clip_by_clip(names.split(), extracted):
            told += [event.text] if isinstance(event, Notice) else []
    except UnderstudyError as error:
        return begun, told, error
    return begun, told, None


def test_a_clip_without_a_face_does_not_stop_those_after_it_and_is_named_at_the_end() -> None:
    begun, told, error = _searched("wall actor sky double", wall=NoFaceFound, sky=NoFaceFound)
    assert begun == ["wall", "actor", "sky", "double"] and told == ["Of wall.", "Of sky."]
    assert isinstance(error, NoFaceFound) and error.exit_code == 2
    assert "in 2 of 4 clips: wall, sky. The faces of the others are stored." in error.message
    for way_out in ("understudy remove PROJECT CLIP", "--min-face", "--detector"):
        assert way_out in error.message


def test_where_no_clip_has_a_face_none_are_said_to_be_stored() -> None:
    _, _, error = _searched("wall sky", wall=NoFaceFound, sky=NoFaceFound)
    assert error is not None and "2 of 2 clips: wall, sky. Take" in error.message


def test_of_a_single_clip_its_own_words_are_the_error() -> None:
    assert _searched("wall", wall=NoFaceFound)[1] == []
    assert str(_searched("wall", wall=NoFaceFound)[2]) == "Of wall. Path: /clips"


@pytest.mark.parametrize("clips", ["crowd actor", "crowd"])
def test_what_a_person_has_to_decide_still_stops_at_once(clips: str) -> None:
    begun, _, error = _searched(clips, crowd=SeveralPeople)
    assert begun == ["crowd"] and isinstance(error, SeveralPeople)
