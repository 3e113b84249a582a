"""Faces stand under headings in order of what they share, each group in the order it had."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.facesets.conftest import make_record, noise
from understudy.errors import OptionInvalid
from understudy.facesets.curation.groups import GROUPINGS, grouped
from understudy.facesets.sorting.table import Table, table_of
from understudy.facesets.store import Faceset

YAWS = (0.0, -31.0, 16.0, 4.0, -28.0, 7.4)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    with Faceset(tmp_path) as faceset:
        for number, yaw in enumerate(YAWS):
            record = make_record(frame=number // 2, person=1 + number % 2, track=3, yaw_deg=yaw, size_px=32)
            faceset.add(noise(32, seed=number), record)
        return table_of(faceset)


def test_directions_are_grouped_as_on_the_map(table: Table) -> None:
    places, groups = grouped(table, "yaw")
    assert [(group.heading, group.count) for group in groups] == [
        ("30° left", 2),
        ("straight", 3),
        ("15° right", 1),
    ]
    assert [YAWS[place] for place in places] == [-31.0, -28.0, 0.0, 4.0, 7.4, 16.0]


def test_people_are_grouped_by_clip_and_keep_their_order(table: Table) -> None:
    places, groups = grouped(table.part([5, 4, 3, 2, 1, 0]), "person")
    assert [group.heading for group in groups] == ["clip, person 1", "clip, person 2"]
    assert places.tolist() == [1, 3, 5, 0, 2, 4]


def test_what_is_not_measured_has_a_group_at_the_end(table: Table) -> None:
    assert [(group.heading, group.count) for group in grouped(table, "sharpness")[1]] == [("not measured", 6)]


@pytest.mark.parametrize("by", list(GROUPINGS))
def test_every_grouping_keeps_every_face(table: Table, by: str) -> None:
    places, groups = grouped(table, by)
    assert sorted(places.tolist()) == list(range(6)) and sum(group.count for group in groups) == 6


def test_a_grouping_that_is_not_there_is_refused(table: Table) -> None:
    with pytest.raises(OptionInvalid, match="Known are: clip, person"):
        grouped(table, "mood")
