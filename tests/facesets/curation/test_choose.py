"""Which faces a command means."""

from __future__ import annotations

import pytest

from understudy.errors import FacesUnknown, OptionInvalid
from understudy.facesets.curation.choose import Choice, chosen, row_of
from understudy.facesets.store import Faceset


def _frames(faceset: Faceset, **choice: object) -> list[int]:
    return [face.record.frame for face in chosen(faceset, Choice(**choice))]  # type: ignore[arg-type]


def test_nothing_said_means_all(faceset: Faceset) -> None:
    assert Choice().is_all and _frames(faceset) == list(range(8))


def test_filter_order_and_number_work_together(faceset: Faceset) -> None:
    assert _frames(faceset, where="yaw_deg > 0") == [4, 5, 6, 7]
    assert _frames(faceset, where="yaw_deg > 0", sort="yaw_deg", backwards=True, limit=2) == [7, 6]
    assert _frames(faceset, backwards=True, limit=1) == [7]


def test_faces_are_named_with_or_without_their_ending(faceset: Faceset) -> None:
    first, second = (face.name for face in faceset.faces()[:2])
    assert _frames(faceset, names=(second, first.removesuffix(".jpg"), second)) == [1, 0]


@pytest.mark.parametrize("choice", [{"names": ("nobody.jpg",)}, {"sort": "beauty"}])
def test_what_is_not_there_is_named(faceset: Faceset, choice: dict) -> None:
    with pytest.raises(FacesUnknown, match=r"nobody|beauty"):
        _frames(faceset, **choice)


def test_a_number_below_nothing_is_refused(faceset: Faceset) -> None:
    with pytest.raises(OptionInvalid):
        _frames(faceset, limit=-1)


def test_the_log_says_what_was_meant(faceset: Faceset) -> None:
    choice = Choice(where="blur < 3", sort="yaw_deg", backwards=True, limit=5)
    assert choice.words == "where blur < 3, first 5 by yaw_deg backwards"


def test_a_row_tells_a_face_by_its_columns(faceset: Faceset) -> None:
    row = row_of(faceset.faces()[1])
    assert (row["frame"], row["yaw_deg"], row["clip"]) == (1, -20.0, "clip")
