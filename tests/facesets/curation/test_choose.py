"""Which faces a command means."""

from __future__ import annotations

import pytest

from understudy.errors import FacesUnknown, OptionInvalid, WeightsMissing
from understudy.faces.identity import Embedder
from understudy.facesets.curation.choose import Choice, chosen, chosen_table, made_ready, rows_of
from understudy.facesets.sorting.table import IDENTITY_MAKER
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


def test_a_row_tells_a_face_by_its_columns_and_what_is_not_known(faceset: Faceset) -> None:
    row = rows_of(chosen_table(faceset, Choice(where="frame == 1")))[0]
    assert (row["frame"], row["yaw_deg"], row["clip"], row["brightness"]) == (1, -20.0, "clip", None)


def test_faces_are_measured_once_and_only_when_the_choice_needs_it(faceset: Faceset) -> None:
    assert list(made_ready(faceset, Choice(sort="yaw_deg", where="frame > 2"))) == []
    for choice in (Choice(sort="blur"), Choice(sort="brightness"), Choice(where="light_deg > 3")):
        assert len(list(made_ready(faceset, choice))) == (0 if choice.sort != "blur" else 10)
    assert len(_frames(faceset, where="brightness > 0")) == 8


@pytest.mark.parametrize(
    "choice", [Choice(sort="identity"), Choice(sort="stranger"), Choice(where="stranger > 1")]
)
def test_who_faces_are_is_asked_of_the_network_and_not_passed_over(
    faceset: Faceset, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(inputs: object) -> Embedder:
        raise WeightsMissing("No weights.")

    monkeypatch.setattr("understudy.facesets.sorting.identities.EMBEDDERS", {IDENTITY_MAKER: missing})
    with pytest.raises(WeightsMissing):
        list(made_ready(faceset, choice))


def test_an_order_that_chooses_does_so_among_what_the_filter_leaves(faceset: Faceset) -> None:
    list(made_ready(faceset, Choice(sort="final")))
    frames = _frames(faceset, sort="final", where="frame > 2", limit=3)
    assert len(frames) == 3 and min(frames) > 2
    assert not Choice(sort="final").is_all and Choice(sort="yaw_deg").is_all
    assert Choice(sort="final", limit=3).words == "final of 3"


def test_sorts_of_the_manuals_and_columns_are_orders_alike(faceset: Faceset) -> None:
    assert _frames(faceset, sort="face-yaw") == _frames(faceset, sort="yaw_deg") == list(range(8))
    assert _frames(faceset, sort="face-yaw", backwards=True) == list(range(8))[::-1]
