import numpy as np
import pytest

from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import State
from understudy.actors.render import render
from understudy.faces.five_point import landmarks_from_five
from understudy.faces.mtcnn import MtcnnDetector
from understudy.facesets.extraction import absurd
from understudy.facesets.extraction.absurd import shape_of
from understudy.facesets.extraction.options import ExtractOptions
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.media.clip import loose_frame

FACE = MEAN_FACE_68_IN_SPACE[:, :2] + [200, 200]
BOX = np.array([FACE[:, 0].min(), FACE[:, 1].min(), FACE[:, 0].max(), FACE[:, 1].max()])
LIMITS = ExtractOptions()
ALL_OFF = LIMITS.changed(max_scale=0, min_scale=0, max_distance=0, check_features=False)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (points - 200) @ np.array([[c, -s], [s, c]]).T + 200


def mixed_up(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(100, 300, (68, 2))


@pytest.mark.parametrize(
    ("landmarks", "box", "why"),
    [
        (FACE, BOX, None),
        ((FACE - 200) * 2.2 + 200, BOX, absurd.TOO_LARGE),
        ((FACE - 200) * 0.12 + 200, BOX, absurd.TOO_SMALL),
        (FACE * [1, -1] + [0, 400], BOX, absurd.UPSIDE_DOWN),
        (turned(FACE, 180), BOX, None),  # the whole head hangs: its eyes are over its mouth all the same
    ],
)
def test_what_is_no_face_is_told_by_its_reason(landmarks, box, why):
    assert shape_of(landmarks, box).why_absurd(LIMITS) == why
    assert shape_of(landmarks, box).why_absurd(ALL_OFF) is None


def test_points_thrown_at_random_are_no_face():
    off = LIMITS.changed(max_scale=0, check_features=False)
    whys = [shape_of(mixed_up(seed), np.array([100.0, 100, 300, 300])).why_absurd(off) for seed in range(20)]
    assert set(whys) == {absurd.UNLIKE}


def test_a_tilt_is_left_out_only_when_asked():
    tilted = shape_of(turned(FACE, 50), BOX)
    assert tilted.roll_deg == pytest.approx(50, abs=0.5)
    assert tilted.why_absurd(LIMITS) is None
    assert tilted.why_absurd(LIMITS.changed(max_roll=45)) == absurd.TURNED
    assert shape_of(turned(FACE, -40), BOX).why_absurd(LIMITS.changed(max_roll=45)) is None


def test_points_that_all_lie_in_one_place_break_a_limit_instead_of_the_program():
    assert shape_of(np.full((68, 2), 50.0), BOX).why_absurd(LIMITS) is not None


@pytest.mark.parametrize("who", [DEMO_SRC, DEMO_DST])
def test_no_good_face_is_left_out_up_to_60_degrees_and_the_limits_are_far_away(who):
    poses = [(yaw, pitch) for yaw in (-60, 0, 60) for pitch in (-25, 25)]
    shots = [render(who, State(yaw_deg=yaw, pitch_deg=pitch, jaw=0.8), size_px=160) for yaw, pitch in poses]
    found = MtcnnDetector().detect([loose_frame(shot.rgb) for shot in shots])
    for shot, faces in zip(shots, found, strict=True):
        assert faces
        for landmarks in (shot.landmarks_68, landmarks_from_five(faces[0].points_5[None])[0]):
            shape = shape_of(landmarks, faces[0].box_xyxy)
            assert shape.why_absurd(LIMITS) is None
            # Half and twice as strict would do as well: another detector's tighter or wider box has room.
            assert shape.why_absurd(LIMITS.changed(max_scale=2.4, min_scale=0.3, max_distance=22)) is None
