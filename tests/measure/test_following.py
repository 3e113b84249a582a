from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.measure.following import (
    PoseReader,
    Spread,
    angles_between_deg,
    light_following,
    part_following,
    pose_following,
)

_SIDE_PX = 64
_FULL = np.ones((_SIDE_PX, _SIDE_PX), np.float32)


def _drawn(yaw_deg: float, pitch_deg: float) -> np.ndarray:
    """A face of polygons that is turned so; yaw to the image's right, pitch up."""
    yaw, pitch = np.radians([yaw_deg, pitch_deg])
    x, y, z = (MEAN_FACE_68_IN_SPACE - MEAN_FACE_68_IN_SPACE.mean(0)).T
    # Towards the camera is where the nose is, whichever sign the mean face gives it.
    z = z * np.sign((MEAN_FACE_68_IN_SPACE[30] - MEAN_FACE_68_IN_SPACE[0])[2])
    x, z = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
    y = y * np.cos(pitch) - z * np.sin(pitch)
    points = np.stack([x, y], 1)
    points = (points / np.abs(MEAN_FACE_68_IN_SPACE).max() * 40 + _SIDE_PX / 2) * 8
    picture = np.full((_SIDE_PX * 8, _SIDE_PX * 8, 3), 40, np.uint8)
    cv2.fillPoly(picture, [points[[*range(17), *range(26, 16, -1)]].astype(np.int32)], (200, 150, 130))
    for part, colour in ((range(36, 42), 30), (range(42, 48), 30), (range(48, 60), 60), (range(27, 36), 110)):
        cv2.fillPoly(picture, [points[list(part)].astype(np.int32)], (colour + 40, colour, colour))
    return cv2.resize(picture, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)


def _poses(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform([-30, -12], [30, 12], (count, 2))


@pytest.fixture(scope="module")
def reader() -> PoseReader:
    known = _poses(120, 0)
    return PoseReader([_drawn(*pose) for pose in known], known, np.random.default_rng(1))


def test_a_reader_tells_the_pose_of_crops_that_it_has_not_seen(reader: PoseReader) -> None:
    poses = _poses(20, 2)
    read = reader.read([_drawn(*pose) for pose in poses])
    assert np.abs(read - poses).mean() < 2


@pytest.mark.parametrize("turn", [(4.0, 0.0), (-8.0, 0.0), (0.0, 5.0)])
def test_a_known_turn_of_the_head_is_read_as_that_angle(reader: PoseReader, turn: tuple[float, float]) -> None:
    poses = _poses(20, 3) * 0.6
    made, truth = [_drawn(*(pose + turn)) for pose in poses], [_drawn(*pose) for pose in poses]
    assert pose_following(reader, made, truth).mean == pytest.approx(np.hypot(*turn), rel=0.25)


def test_a_blurred_or_darker_face_is_not_read_as_a_turned_one(reader: PoseReader) -> None:
    truth = [_drawn(*pose) for pose in _poses(20, 4) * 0.8]
    soft = [cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in truth]
    dark = [(picture * 0.6).astype(np.uint8) for picture in truth]
    assert pose_following(reader, soft, truth).mean < 1.5
    assert pose_following(reader, dark, truth).mean < 1.5


def test_the_angle_between_heads_counts_yaw_and_pitch_on_the_sphere() -> None:
    assert angles_between_deg([[10, 0], [0, -7], [0, 0]], [[-5, 0], [0, 4], [0, 0]]) == pytest.approx(
        [15, 11, 0]
    )
    near_the_pole = angles_between_deg([[0, 80]], [[90, 80]])[0]  # much yaw is little turn where one looks up
    assert near_the_pole < 15


def test_worst_is_the_mean_of_the_worst_twentieth_and_at_least_one_frame() -> None:
    assert Spread.of(np.arange(40)).worst == pytest.approx(38.5)
    assert Spread.of([1.0, 5.0]).as_json() == {"mean": 3.0, "worst": 5.0}
    with pytest.raises(ValueError, match="no frames"):
        Spread.of([])


def test_light_following_sees_a_light_from_the_other_side_and_its_colour() -> None:
    truth = _drawn(0, 0)
    ramp = np.linspace(0.6, 1.4, _SIDE_PX, dtype=np.float32)[None, :, None]
    other_side = np.clip(truth * ramp, 0, 255).astype(np.uint8)
    warmer = np.clip(truth * np.float32([1.1, 1.0, 0.8]), 0, 255).astype(np.uint8)
    same, side, warm = (light_following([made], [truth], [_FULL]).mean for made in (truth, other_side, warmer))
    assert same == pytest.approx(0)
    assert side > 4
    assert warm > 4


def test_detail_is_no_light() -> None:
    truth = np.full((_SIDE_PX, _SIDE_PX, 3), 0.5, np.float32)
    checks = truth + 0.1 * (-1) ** np.indices((_SIDE_PX, _SIDE_PX)).sum(0)[..., None].astype(np.float32)
    assert light_following([checks], [truth], [_FULL]).mean < 0.2


def test_light_outside_the_mask_does_not_count() -> None:
    truth = np.full((_SIDE_PX, _SIDE_PX, 3), 0.5, np.float32)
    mask = np.zeros((_SIDE_PX, _SIDE_PX), np.float32)
    mask[16:48, 16:48] = 1
    made = np.where(mask[..., None] > 0, truth, 0.9)
    assert light_following([made], [truth], [mask]).mean < 0.5


def test_a_swap_that_blinks_by_half_follows_by_half_and_one_that_stares_not_at_all() -> None:
    opened, shut = (np.full((3, _SIDE_PX, _SIDE_PX, 3), grey, np.uint8) for grey in (60, 180))
    masks = np.zeros((3, _SIDE_PX, _SIDE_PX), np.float32)
    masks[:, 20:30, 20:40] = np.linspace(0.1, 1, 20)  # it fades out, as those of eyes do
    for made, wanted in ((shut, 1.0), (opened, 0.0), (opened // 2 + shut // 2, 0.5)):
        share, _ = part_following((opened, made), (opened, shut), masks)
        assert share.mean == pytest.approx(wanted, abs=0.01)
    _, near_db = part_following((opened, shut), (opened, shut + np.uint8(10)), masks)
    assert near_db == pytest.approx(20 * np.log10(255 / 10), abs=0.1)


def test_what_moves_beside_the_part_is_no_blink_and_the_worst_frame_is_told() -> None:
    opened, shut = (np.full((20, _SIDE_PX, _SIDE_PX, 3), grey, np.uint8) for grey in (60, 180))
    masks = np.zeros((20, _SIDE_PX, _SIDE_PX), np.float32)
    masks[:, 20:30, 20:40] = 1
    made = shut.copy()
    made[7] = opened[7]
    made[7, 40:] = 255
    share, _ = part_following((opened, made), (opened, shut), masks)
    assert share.worst == pytest.approx(0, abs=0.01) and share.mean == pytest.approx(0.95, abs=0.01)
