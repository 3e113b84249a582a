"""Who is painted by which model."""

from __future__ import annotations

import pytest

from tests.merging.conftest import Painter, landmarks, record
from understudy.errors import CastInvalid
from understudy.merging.cast import Cast

LEAD, ANNA, BEN = (Painter(sha256=mark * 64) for mark in "012")


def test_a_track_counts_more_than_its_person_and_the_lead_paints_everybody_else() -> None:
    cast = Cast(LEAD, {"person 2": ANNA, "track 7": BEN})
    who = {
        (track, person): cast.predictor_for(record(0, landmarks(), track=track, person=person))
        for track, person in ((1, 1), (2, 2), (7, 2))
    }
    assert who == {(1, 1): LEAD, (2, 2): ANNA, (7, 2): BEN}
    assert cast.part_of(record(0, landmarks(), track=7, person=2)) == "track 7"


def test_a_face_that_nobody_paints_is_named_by_track_person_and_clip() -> None:
    cast = Cast(None, {"person 2": ANNA})
    with pytest.raises(CastInvalid, match=r"Track 3 \(person 1\) of clip 'dst' has no model"):
        cast.require_seen([record(0, landmarks(), track=3, person=1), record(0, landmarks(), person=2)])


def test_a_part_that_no_face_plays_is_refused_with_those_there_are() -> None:
    cast = Cast(LEAD, {"person 4": ANNA}, of="shot wide")
    with pytest.raises(
        CastInvalid, match=r"'person 4'.*person 1, track 0.*`understudy cast shot wide \"person 4=\"`"
    ):
        cast.require_seen([record(0, landmarks())])


@pytest.mark.parametrize("name", ["Anna", "person two", "track", "track -1", "person 1 "])
def test_a_part_is_a_person_or_a_track_by_number(name: str) -> None:
    with pytest.raises(CastInvalid, match="understudy tracks"):
        Cast(LEAD, {name: ANNA})


def test_only_models_that_paint_a_face_are_painters() -> None:
    cast = Cast(LEAD, {"person 2": ANNA, "track 7": BEN})
    faces = [record(0, landmarks(), person=2), record(0, landmarks(), track=7, person=2)]
    assert cast.painters(faces) == [ANNA, BEN]
    assert cast.painters([]) == [LEAD]


def test_every_model_is_listed_once_the_lead_first() -> None:
    assert Cast(LEAD, {"person 2": ANNA, "track 1": LEAD}).predictors() == [LEAD, ANNA]
    assert Cast.of(ANNA).predictors() == [ANNA]
