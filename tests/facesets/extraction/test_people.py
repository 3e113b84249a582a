from dataclasses import replace

import numpy as np
import pytest

from understudy.errors import OptionInvalid
from understudy.faces.detect import Detection
from understudy.facesets.extraction.found import FoundFace, FoundFrame
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.people import Person, chosen_person, described, people_of
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.media.cuts import NOTHING_SEEN, SceneNote

LOOKS = np.eye(8) * 3

LANDMARKS = MEAN_FACE_68_IN_SPACE[:, :2] / 150


def face(x: float, who: int, *, side: float = 50, score: float = 0.95, nose: float = 0.5, sharp: float = 5.0):
    points = np.array([[0, 0], [20, 0], [20 * nose, 10], [4, 20], [16, 20]], float)
    points += np.array([x - 10, 40])
    box = np.array([x - side / 2, 50 - side / 2, x + side / 2, 50 + side / 2])
    return FoundFace(Detection(box, score, points), LANDMARKS * side + [x, 50], LOOKS[who], sharp)


def film(*rows: list[FoundFace]) -> list[FoundFrame]:
    return [FoundFrame(index, index / 25, list(row)) for index, row in enumerate(rows)]


def person(number: int, weight: float, frames: float = 1.0) -> Person:
    return Person(number, [], weight, frames)


def test_people_are_numbered_by_how_often_they_are_seen():
    people = people_of(film(*[[face(50, 3)]] * 3, *[[face(50, 3), face(150, 5)]] * 4), ExtractOptions())
    assert [(p.number, len(p.sightings)) for p in people] == [(1, 7), (2, 4)]
    assert people[0].frame_share == 1.0
    assert people[1].weight_share == pytest.approx(4 / 11)


def test_someone_who_leaves_and_comes_back_is_one_person_on_two_tracks():
    (only,) = people_of(film(*[[face(50, 1)]] * 4, *[[]] * 20, *[[face(150, 1)]] * 4), ExtractOptions())
    assert len(only.tracks) == 2


def test_a_cut_ends_a_track_also_where_the_face_stays_and_looks_the_same():
    frames = film(*[[face(50, 1)]] * 20)
    cut = SceneNote(20.0, NOTHING_SEEN.grid)
    cut_at_9 = [replace(f, scene=cut) if f.index == 9 else f for f in frames]
    (only,) = people_of(cut_at_9, ExtractOptions())
    assert [sorted(track.frames()) for track in only.tracks] == [list(range(9)), list(range(9, 20))]


def looking(x: float, *looks: float) -> list[FoundFace]:
    """A face whose signature is the given numbers."""
    plain = face(x, 0)
    return [FoundFace(plain.detection, plain.landmarks_68, np.array(looks, float), plain.sharpness)]


def test_a_cut_to_somebody_in_the_same_place_parts_the_track():
    rows = [*[[face(50, 1)]] * 20, *[[face(50, 2)]] * 20, *[[face(50, 1)]] * 20]
    people = people_of(film(*rows), ExtractOptions())
    assert [[s.frame.index for s in p.sightings] for p in people] == [
        [*range(20), *range(40, 60)],
        list(range(20, 40)),
    ]
    assert len(people[0].tracks) == 2


@pytest.mark.parametrize("place", [0, 15, 28])
def test_a_hand_before_the_face_makes_no_new_person_and_no_hole(place):
    rows = [[face(50, 1)] for _ in range(30)]
    rows[place] = [face(50, 6)]
    rows[place + 1] = [face(50, 7)]
    (only,) = people_of(film(*rows), ExtractOptions())
    assert [s.frame.index for s in only.sightings] == list(range(30))
    assert len(only.tracks) == 1


def test_two_shots_of_one_turning_head_are_joined_by_the_poses_they_share():
    first = [looking(50, angle, 0) for angle in np.arange(0, 2, 0.1)]
    second = [looking(150, angle, 0) for angle in np.arange(1.5, 4, 0.1)]
    other = [looking(150, angle, 1.2) for angle in np.arange(0, 4, 0.1)]
    people = people_of(film(*first, *[[]] * 20, *second, *[[]] * 20, *other), ExtractOptions())
    assert [len(p.sightings) for p in people] == [len(first) + len(second), len(other)]


def test_quick_changes_in_a_sparse_clip_are_no_cuts():
    rng = np.random.default_rng(1)
    (only,) = people_of(film(*[looking(50, *rng.normal(size=6) * 0.6) for _ in range(12)]), ExtractOptions())
    assert len(only.sightings) == 12


def test_doubtful_faces_are_nobody():
    frames = film([face(50, 1), face(150, 2, score=0.5)])
    assert len(people_of(frames, ExtractOptions())) == 1
    assert len(people_of(frames, ExtractOptions(min_score=0.4))) == 2


def test_the_best_sighting_is_large_sharp_and_frontal():
    rows = [[face(50, 1, nose=0.0)], [face(50, 1)], [face(50, 1, sharp=1.0)], [face(50, 1, side=36)]]
    (only,) = people_of(film(*rows), ExtractOptions())
    assert only.best().frame.index == 1


@pytest.mark.parametrize(
    ("weights", "chosen"),
    [
        ([1.0], 1),
        ([0.85, 0.15], 1),
        ([0.6, 0.4], None),
        ([0.985, 0.015], 1),
        ([0.15, 0.85], 2),
        ([0.5, 0.3, 0.2], None),
    ],
)
def test_only_a_clear_case_is_decided_for_the_user(weights, chosen):
    people = [person(number, weight) for number, weight in enumerate(weights, 1)]
    found = chosen_person(people, None)
    assert (found.number if found else None) == chosen


def test_a_number_is_taken_at_its_word():
    people = [person(1, 0.9), person(2, 0.1)]
    assert chosen_person(people, 2) is people[1]
    with pytest.raises(OptionInvalid, match="no person 0"):
        chosen_person(people, 0)


def test_many_people_are_described_in_one_line():
    people = [person(number, 0.1, 0.1) for number in range(1, 11)]
    assert described(people[:2]) == "person 1 in 10 % of the frames, person 2 in 10 %"
    assert described(people).endswith("and 2 more")
