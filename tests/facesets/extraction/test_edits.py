"""Edits of tracks do what they say, leave other numbers alone, and are refused in words a person can act on."""

from __future__ import annotations

import pytest

from tests.facesets.extraction.test_people import face, film
from understudy.errors import TrackEditInvalid
from understudy.facesets.extraction.edits import TrackEdit, edited, parse_edit
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.tracks import Track, tracks_of


@pytest.fixture
def tracks() -> list[Track]:
    """Somebody in frames 0-9 and again, elsewhere, in 30-39; two others in 0-4 and 20-39."""
    both = [[face(50, 1), face(150, 2)]] * 5
    rows = [
        *both,
        *[[face(50, 1)]] * 5,
        *[[]] * 10,
        *[[face(300, 3)]] * 10,
        *[[face(150, 1), face(300, 3)]] * 10,
    ]
    return tracks_of(film(*rows), ExtractOptions())


def told(tracks: list[Track]) -> dict[int, tuple[int, int, int]]:
    return {track.number: (track.person, track.first, track.last) for track in tracks}


def test_tracks_are_numbered_in_order_of_appearing(tracks):
    assert told(tracks) == {1: (1, 0, 9), 2: (3, 0, 4), 3: (2, 20, 39), 4: (1, 30, 39)}


@pytest.mark.parametrize(
    ("words", "edit"),
    [
        ("choose:3", TrackEdit("choose", (3,))),
        ("choose:3,14", TrackEdit("choose", (3, 14))),
        ("drop:5", TrackEdit("drop", (5,))),
        ("merge:1+4+2", TrackEdit("merge", (1, 4, 2))),
        (" split:2@120 ", TrackEdit("split", (2,), 120)),
    ],
)
def test_the_four_edits_are_understood(words, edit):
    assert parse_edit(words) == edit


@pytest.mark.parametrize(
    "words", ["", "choose", "choose:", "choose:a", "merge:1", "split:2", "keep:1", "drop:-1"]
)
def test_anything_else_is_refused_with_what_may_be_written(words):
    with pytest.raises(TrackEditInvalid, match="choose:3, choose:3,4, drop:5, merge"):
        parse_edit(words)


def test_dropping_leaves_the_other_numbers_alone(tracks):
    result = edited(tracks, ["drop:2", "drop:3"])
    assert told(result.tracks) == {1: (1, 0, 9), 4: (1, 30, 39)}
    assert not result.chosen


def test_choosing_takes_these_tracks_alone_as_one_person(tracks):
    result = edited(tracks, ["choose:3", "choose:1"])
    assert told(result.tracks) == {1: (2, 0, 9), 3: (2, 20, 39)}
    assert result.chosen
    assert edited(tracks, ["choose:3", "drop:3"]).tracks == []


def test_merged_tracks_are_one_with_the_number_of_the_first_named(tracks):
    result = edited(tracks, ["merge:3+2"])
    assert told(result.tracks) == {1: (1, 0, 9), 3: (2, 0, 39), 4: (1, 30, 39)}
    (merged,) = [track for track in result.tracks if track.number == 3]
    assert [s.frame.index for s in merged.sightings] == [*range(5), *range(20, 40)]


def test_the_later_part_of_a_split_is_a_new_track_of_a_new_person(tracks):
    result = edited(tracks, ["split:3@25", "split:1@9"])
    assert told(result.tracks) == {
        1: (1, 0, 8),
        2: (3, 0, 4),
        3: (2, 20, 24),
        4: (1, 30, 39),
        5: (4, 25, 39),
        6: (5, 9, 9),
    }
    assert told(edited(tracks, ["split:3@25", "merge:2+5", "choose:2"]).tracks) == {2: (3, 0, 39)}


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        (["drop:9"], "drop:9: there is no track 9; there are: 1, 2, 3, 4"),
        (["drop:2", "choose:2"], "track 2 is gone since drop:2"),
        (["merge:1+2"], "tracks 1 and 2 are both seen in frame 0"),
        (["split:2@0"], "goes from frame 0 to 4"),
        (["split:2@5"], "goes from frame 0 to 4"),
    ],
)
def test_an_edit_that_does_not_fit_the_tracks_is_refused(tracks, edits, says):
    with pytest.raises(TrackEditInvalid, match=says):
        edited(tracks, edits)


def test_without_edits_nothing_changes(tracks):
    assert told(edited(tracks, []).tracks) == told(tracks)
