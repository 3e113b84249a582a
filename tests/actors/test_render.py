"""Claims about rendered actors: the same seed gives the same pixels, and what is called true is true."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from understudy.actors.actor import actor_for
from understudy.actors.identity import DEMO_DST, DEMO_SRC, identity
from understudy.actors.performance import State, dst_track, src_track
from understudy.actors.render import Rendered, render, render_frames
from understudy.geometry import mirrored_landmarks, unit_from_frame, yaw_from_landmarks

SIZE = 112


def _sha(frame: Rendered) -> str:
    parts = (frame.rgb.tobytes(), frame.mask.tobytes(), frame.landmarks_68.tobytes())
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _mask_at(frame: Rendered, points: np.ndarray) -> np.ndarray:
    """The greatest mask value within a pixel and a half of each point."""
    found = []
    for x, y in points:
        column, row = int(x), int(y)
        found.append(frame.mask[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].max())
    return np.array(found)


def test_the_same_seed_gives_the_same_pixels_when_the_actor_is_built_again() -> None:
    state = State(yaw_deg=12, jaw=0.4, smile=0.3)
    first = _sha(render(identity(5), state, size_px=96))
    actor_for.cache_clear()
    assert _sha(render(identity(5), state, size_px=96)) == first
    assert _sha(render(identity(6), state, size_px=96)) != first


def test_every_frame_is_a_finite_picture_with_a_face_in_it() -> None:
    for who, track in ((DEMO_SRC, src_track(40, 1)), (DEMO_DST, dst_track(40, 1))):
        for state in track[::13]:
            frame = render(who, state, size_px=SIZE)
            assert frame.rgb.shape == (SIZE, SIZE, 3) and frame.rgb.dtype == np.uint8
            assert frame.mask.shape == (SIZE, SIZE) and frame.mask.dtype == np.float32
            assert np.isfinite(frame.mask).all() and np.isfinite(frame.landmarks_68).all()
            assert 0.08 < frame.mask.mean() < 0.6
            assert frame.state is state and frame.identity == who.name


@pytest.mark.parametrize("who", [DEMO_SRC, DEMO_DST, identity(3)], ids=lambda who: who.name)
def test_landmarks_of_a_frontal_face_lie_on_the_mask(who) -> None:
    frame = render(who, State(), size_px=SIZE)
    assert (_mask_at(frame, frame.landmarks_68[17:]) > 0.5).all()
    assert (_mask_at(frame, frame.landmarks_68[2:15]) > 0.2).all()


def test_points_of_a_frontal_face_are_symmetric_in_the_usual_order() -> None:
    points = render(DEMO_SRC, State(), size_px=SIZE).landmarks_68
    middle = points[27, 0]
    for left, right in (
        (36, 45),
        (39, 42),
        (48, 54),
        (31, 35),
        (17, 26),
        (0, 16),
        (4, 12),
        (60, 64),
        (59, 55),
        (58, 56),
    ):
        assert points[left, 0] < middle < points[right, 0]
        assert middle - points[left, 0] == pytest.approx(points[right, 0] - middle, abs=0.4)
    assert points[8, 1] > points[57, 1] > points[51, 1] > points[33, 1] > points[27, 1] > points[19, 1]


def test_the_opposite_turn_mirrors_the_landmarks() -> None:
    left = render(DEMO_SRC, State(yaw_deg=-25, roll_deg=4, blink_left=0.6, smile=0.4), size_px=64).landmarks_68
    right = render(
        DEMO_SRC, State(yaw_deg=25, roll_deg=-4, blink_right=0.6, smile=0.4), size_px=64
    ).landmarks_68
    assert np.abs(mirrored_landmarks(left, width_px=64) - right).max() < 0.15


def test_positive_yaw_turns_the_nose_to_the_image_right_and_positive_pitch_lifts_it() -> None:
    ahead, right, up, rolled = (
        render(DEMO_DST, state, size_px=48).landmarks_68
        for state in (State(), State(yaw_deg=25), State(pitch_deg=12), State(roll_deg=10))
    )

    def nose(points: np.ndarray) -> np.ndarray:
        return points[30] - points[[36, 45]].mean(0)

    assert nose(right)[0] > nose(ahead)[0] + 2
    assert nose(up)[1] < nose(ahead)[1] - 1
    across = rolled[45] - rolled[36]
    assert np.degrees(np.arctan2(across[1], across[0])) == pytest.approx(10, abs=1.5)


def test_the_mean_face_fits_a_frontal_actor() -> None:
    points = render(DEMO_DST, State(), size_px=SIZE).landmarks_68
    in_unit = points @ unit_from_frame(points)[:, :2].T + unit_from_frame(points)[:, 2]
    assert abs(yaw_from_landmarks(in_unit)) < 0.05


def test_a_blink_brings_the_lids_together() -> None:
    def opening(points: np.ndarray) -> float:
        return float(np.linalg.norm(points[37] - points[41]) + np.linalg.norm(points[38] - points[40]))

    wide, half, shut = (
        opening(render(DEMO_SRC, State(blink_left=b), size_px=48).landmarks_68) for b in (0.0, 0.5, 1.0)
    )
    assert wide > half > shut
    assert shut < 0.15 * wide


def test_an_open_jaw_parts_the_inner_lips_and_moves_the_chin_but_not_the_nose() -> None:
    closed = render(DEMO_SRC, State(), size_px=SIZE).landmarks_68
    opened = render(DEMO_SRC, State(jaw=0.8), size_px=SIZE).landmarks_68
    assert np.linalg.norm(opened[62] - opened[66]) > np.linalg.norm(closed[62] - closed[66]) + 4
    assert opened[8, 1] > closed[8, 1] + 3
    assert np.abs(opened[27:31] - closed[27:31]).max() < 0.2


def test_the_mask_leaves_out_hair_and_neck() -> None:
    bald = render(replace(DEMO_SRC, hair_style="bald", name="bald"), State(yaw_deg=20), size_px=SIZE)
    haired = render(DEMO_SRC, State(yaw_deg=20), size_px=SIZE)
    assert (haired.mask <= bald.mask + 1e-6).all()
    chin = int(haired.landmarks_68[8, 1])
    assert haired.mask[chin + 6 :].max() == 0
    crown = int(haired.landmarks_68[19, 1] - 0.5 * (haired.landmarks_68[8, 1] - haired.landmarks_68[27, 1]))
    assert haired.mask[: max(crown, 1)].max() == 0


def test_the_true_swap_differs_from_the_untouched_footage_inside_the_face() -> None:
    state = dst_track(30, 4)[10]
    dst, truth = render(DEMO_DST, state, size_px=SIZE), render(DEMO_SRC, state, size_px=SIZE)
    inside = (dst.mask > 0.5) & (truth.mask > 0.5)
    error = np.square(dst.rgb[inside].astype(float) - truth.rgb[inside]).mean()
    assert 12 < 10 * np.log10(255**2 / error) < 23


def test_a_pool_gives_the_frames_of_the_track_in_order_with_the_same_pixels() -> None:
    track = [State(yaw_deg=yaw) for yaw in (-20, -10, 0, 10, 20)]
    pooled = list(render_frames(DEMO_DST, track, size_px=32, processes=2))
    alone = list(render_frames(DEMO_DST, track, size_px=32, processes=1))
    assert [frame.state.yaw_deg for frame in pooled] == [-20, -10, 0, 10, 20]
    assert [_sha(frame) for frame in pooled] == [_sha(frame) for frame in alone]
