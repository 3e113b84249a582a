from __future__ import annotations

import numpy as np
import pytest

from understudy.faces.pose import rotation
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.measure.landmark_accuracy import (
    area_under_curve,
    by_bucket,
    distances_to_line,
    eye_spans_px,
    mask_iou,
    point_errors,
    stray_px,
)


def _seen(yaw: float, pitch: float, roll: float, scale: float) -> np.ndarray:
    turned = MEAN_FACE_68_IN_SPACE @ rotation(np.radians([yaw, pitch, roll])).T
    return scale * turned[:, :2] + [80, 90]


@pytest.mark.parametrize("pose", [(0, 0, 0), (75, 0, 0), (-85, 10, 40), (30, -40, -120)])
def test_the_span_of_the_eyes_is_that_in_space_however_the_head_is_turned(pose: tuple[float, ...]) -> None:
    straight = np.linalg.norm(np.diff(_seen(0, 0, 0, 1.5)[[36, 45]], axis=0))
    assert eye_spans_px(_seen(*pose, 1.5)[None], [pose])[0] == pytest.approx(straight, rel=1e-3)


def test_without_a_pose_the_points_say_it() -> None:
    straight = np.linalg.norm(np.diff(_seen(0, 0, 0, 1.0)[[36, 45]], axis=0))
    assert eye_spans_px(_seen(50, -10, 5, 1.0)[None])[0] == pytest.approx(straight, rel=0.08)


def test_inner_points_are_scored_by_their_distance_and_the_jaw_by_that_to_its_line() -> None:
    truth = _seen(0, 0, 0, 1.0)
    found = truth.copy()
    found[30] += [3, 4]
    found[4] = (truth[4] + truth[5]) / 2  # along the jaw: no error
    found[0] = truth[0] + [-6, 0]
    errors = point_errors(found[None], truth[None], [50.0])[0]
    assert errors[30] == pytest.approx(0.1)
    assert errors[4] == pytest.approx(0, abs=1e-9)
    assert errors[0] == pytest.approx(0.12, rel=0.05)
    assert np.delete(errors, [0, 4, 30]).max() < 1e-9


def test_a_hidden_half_of_a_jaw_that_sticks_to_the_skin_may_lie_on_the_outline() -> None:
    truth = _seen(60, 0, 0, 1.0)
    outermost = truth[17:].copy()[np.argmax(truth[17:, 0])]
    found = truth.copy()
    found[16] = outermost
    strict, kind = (
        point_errors(found[None], truth[None], [1.0], skin_fixed_jaw=fixed)[0, 16] for fixed in (False, True)
    )
    assert kind < 1e-3 < strict


def test_the_nearest_place_on_a_line_may_be_its_end() -> None:
    line = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    assert distances_to_line(np.array([[5.0, 2.0], [-3.0, 4.0], [12.0, 5.0]]), line) == pytest.approx([2, 5, 2])


def test_masks_overlap_by_what_they_share_of_what_either_has() -> None:
    a, b = np.zeros((10, 10)), np.zeros((10, 10))
    a[:, :6], b[:, 4:] = 1, 1
    assert mask_iou(a, b) == pytest.approx(0.2)
    assert mask_iou(0 * a, 0 * b) == 1
    assert mask_iou(0.4 * a, b) == 0


def test_the_area_under_the_curve_is_the_chance_to_tell_a_face() -> None:
    assert area_under_curve([0.9, 0.8], [0.1, 0.2, 0.3]) == 1
    assert area_under_curve([0.1], [0.9]) == 0
    assert area_under_curve([0.5, 0.5], [0.5]) == 0.5
    assert area_under_curve([0.5, 0.9], [0.6, 0.4]) == 0.75
    assert area_under_curve([], [0.4]) is None


def test_points_that_stand_still_do_not_stray() -> None:
    points = np.zeros((4, 3, 2))
    assert stray_px(points) == 0
    points[:2, :, 0], points[2:, :, 0] = 1, -1
    assert stray_px(points) == pytest.approx(1)


def test_errors_are_told_by_bucket_and_an_empty_one_has_none() -> None:
    told = by_bucket(
        np.array([[0.1, 0.3], [0.5, 0.5]]), [10, 70], {"front": (0, 45), "side": (60, 91), "up": (100, 120)}
    )
    assert told["front"] == {"faces": 1, "error_percent": pytest.approx(20)}
    assert told["side"]["error_percent"] == pytest.approx(50)
    assert told["up"] == {"faces": 0, "error_percent": None}
