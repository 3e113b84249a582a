"""Claims about the samples of a crowd: what is called true is true, at any angle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.actors.crowd.body import body_for
from understudy.actors.crowd.draw import STATES, sample, taken
from understudy.actors.crowd.expression import Expression
from understudy.actors.crowd.moments import Moment
from understudy.actors.crowd.people import person
from understudy.actors.crowd.sample import Sample
from understudy.actors.performance import State

SIZE = 96


def _taken(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, number: int = 2, **state: float) -> Sample:
    doing = Expression(jaw=state.get("jaw", 0.0))
    moment = Moment(State(**state), doing, (yaw, pitch, roll), 900.0, 300.0, (0.0, 0.0))
    return taken(body_for(person(number)), moment, SIZE)


def _near(layer: np.ndarray, points: np.ndarray, reach: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest value about each point."""
    around = [
        layer[max(int(y) - reach, 0) : int(y) + reach + 1, max(int(x) - reach, 0) : int(x) + reach + 1]
        for x, y in points
    ]
    return np.array([a.min() for a in around]), np.array([a.max() for a in around])


def test_the_same_numbers_give_the_same_pixels_and_others_give_others() -> None:
    first, again, other = sample(7, 1, 64), sample(7, 1, 64), sample(8, 1, 64)
    assert (first.rgb == again.rgb).all() and (first.points == again.points).all()
    assert first.who == other.who and (first.rgb != other.rgb).any()
    assert sample(7 + STATES, 1, 64).who != first.who


def test_a_test_sample_shows_another_person_than_the_training_sample_of_its_number() -> None:
    train, test = sample(7, 1, 64), sample(7, 1, 64, part="test")
    assert train.who != test.who
    assert abs(train.rgb.astype(int) - test.rgb).mean() > 2


def test_every_sample_holds_a_face_in_its_middle_within_the_person() -> None:
    for number in range(0, 20, STATES):
        drawn = sample(number, 3, SIZE)
        assert 0.06 < drawn.skin.mean() < 0.5
        assert (drawn.skin <= drawn.person + 1e-6).all()
        middle = 0.5 * (drawn.points.min(0) + drawn.points.max(0))
        assert np.abs(middle - SIZE / 2).max() < 0.08 * SIZE
        assert 0 <= drawn.tone <= 1 and 0 <= drawn.age <= 1


@pytest.mark.parametrize("yaw", [-90, -60, -30, 0, 30, 60, 90])
@pytest.mark.parametrize("pitch", [-35, 0, 35])
def test_every_jaw_point_lies_on_the_face_or_its_edge(yaw: float, pitch: float) -> None:
    drawn = _taken(yaw=yaw, pitch=pitch)
    _, most = _near(drawn.skin, drawn.points[:17], reach=2)
    assert (most > 0.3).all()


def test_in_profile_the_hidden_half_of_the_jaw_runs_along_the_line_of_nose_and_chin() -> None:
    drawn = _taken(yaw=90)
    hidden = drawn.points[9:17]
    least, most = _near(drawn.person, hidden, reach=2)
    assert (least < 0.5).all() and (most > 0.5).all()
    assert (np.diff(hidden[:, 1]) < 0).all()
    seen = drawn.points[:8]
    assert (seen[:, 0] < hidden[:, 0].min()).all()


def test_points_move_without_jumps_while_the_head_turns_from_profile_to_profile() -> None:
    steps = [_taken(yaw=yaw).points for yaw in range(-88, 89, 4)]
    moved = np.linalg.norm(np.diff([points - points[[36, 45]].mean(0) for points in steps], axis=0), axis=-1)
    assert moved[:, :17].max() < 0.05 * SIZE
    assert moved.max() < 0.06 * SIZE


def test_a_jaw_that_nothing_hides_stays_where_it_is_on_the_skin() -> None:
    ahead = _taken()
    left, right = ahead.points[:8], ahead.points[16:8:-1]
    middle = ahead.points[27, 0]
    assert np.abs((middle - left[:, 0]) - (right[:, 0] - middle)).max() < 0.8


def test_pupils_follow_the_gaze_and_stay_where_they_are_when_lids_close() -> None:
    ahead, aside = _taken(), _taken(gaze_deg=(20.0, 0.0))
    shut = _taken(gaze_deg=(20.0, 0.0), blink_left=1.0, blink_right=1.0)
    assert (aside.points[68:, 0] > ahead.points[68:, 0] + 1).all()
    assert shut.points[68:] == pytest.approx(aside.points[68:], abs=0.5)
    for eye, pupil in ((range(36, 42), 68), (range(42, 48), 69)):
        corners = ahead.points[list(eye)]
        assert corners[:, 0].min() < ahead.points[pupil, 0] < corners[:, 0].max()
        assert corners[:, 1].min() - 1 < ahead.points[pupil, 1] < corners[:, 1].max() + 1


def test_an_iris_is_drawn_where_the_pupil_is_said_to_be() -> None:
    body = body_for(replace_iris(person(2)))
    for gaze in ((-18.0, 0.0), (18.0, 0.0)):
        moment = Moment(State(gaze_deg=gaze), Expression(), (0.0, 0.0, 0.0), 900.0, 150.0, (0.0, 0.0))
        drawn = taken(body, moment, 192)
        for number, eye in ((68, range(36, 42)), (69, range(42, 48))):
            low, high = drawn.points[list(eye)].min(0).astype(int), drawn.points[list(eye)].max(0).astype(int)
            window = drawn.rgb[low[1] : high[1] + 1, low[0] : high[0] + 1].astype(float)
            blue = np.clip(window[..., 2] - window[..., 0], 0, None)
            columns = low[0] + 0.5 + np.arange(window.shape[1])
            assert (blue.sum(0) * columns).sum() / blue.sum() == pytest.approx(drawn.points[number, 0], abs=2.5)


def replace_iris(someone):
    """The person with eyes of a blue that nothing else in the face has."""
    return replace(someone, who=replace(someone.who, iris=(0.0, 0.2, 0.95), skin=(0.8, 0.6, 0.5)))


def test_rolling_the_camera_turns_the_points_and_the_picture_alike() -> None:
    upright, rolled = _taken(), _taken(roll=90)
    turned = np.stack([SIZE - upright.points[:, 1], upright.points[:, 0]], axis=-1)
    assert rolled.points == pytest.approx(turned, abs=0.6)
    same = np.rot90(upright.person, k=-1)
    assert (np.abs(same - rolled.person) > 0.5).mean() < 0.02


def test_colours_are_the_persons_own_also_at_their_edge() -> None:
    drawn = _taken()
    edge = (drawn.person > 0.3) & (drawn.person < 0.7)
    inside = drawn.person > 0.99
    assert drawn.rgb[edge].mean() > 0.5 * drawn.rgb[inside].mean()


def test_a_picture_too_small_to_show_a_face_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        sample(0, 0, 16)
