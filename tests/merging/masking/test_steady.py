"""Masks over time: a trembling edge comes to rest, what really moves is followed at once."""

from __future__ import annotations

import numpy as np

from understudy.merging.masking.face_mask import FaceMask
from understudy.merging.masking.steady import steadied_mask

SIZE = 256


def blob(x: float = 128.0, radius: float = 80.0) -> np.ndarray:
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    return np.clip(radius + 0.5 - np.hypot(columns - x, rows - 128), 0, 1).astype(np.float32)


def steady(masks: list[np.ndarray], at: int, reach: int = 2) -> np.ndarray:
    """Mask `at` of a shot, averaged with the others."""
    faces = [FaceMask(seen_HW=mask) for mask in masks]
    neighbours = [(k - at, face) for k, face in enumerate(faces) if k != at]
    return steadied_mask(faces[at], neighbours, reach=reach).seen_HW


def test_a_trembling_edge_comes_to_rest() -> None:
    rng = np.random.default_rng(0)
    masks = [blob(128 + dx, 80 + dr) for dx, dr in rng.normal(0, 1.2, (24, 2))]
    before = np.std(masks, axis=0).mean()
    after = np.std([steady(masks, k) for k in range(2, 22)], axis=0).mean()
    assert after < 0.6 * before
    assert np.std([steady(masks, k, reach=4) for k in range(4, 20)], axis=0).mean() < after


def test_a_still_mask_stays_as_it_is() -> None:
    np.testing.assert_allclose(steady([blob()] * 5, 2), blob(), atol=1e-6)


def test_a_face_that_moves_fast_is_not_smeared() -> None:
    masks = [blob(60 + 20 * k) for k in range(5)]
    assert np.abs(steady(masks, 2) - masks[2]).mean() < 0.01
    plain_mean = np.mean(masks, axis=0)
    assert np.abs(plain_mean - masks[2]).mean() > 0.1


def test_a_hand_that_passes_is_cut_out_in_its_own_frame_alone() -> None:
    covered = blob()
    covered[60:130, 100:150] = 0
    masks = [blob(), blob(), covered, blob(), blob()]
    with_hand, before = steady(masks, 2), steady(masks, 1)
    assert with_hand[65:125, 105:145].max() < 0.05
    assert before[65:125, 105:145].min() > 0.95


def test_frames_beyond_the_reach_and_masks_of_another_size_do_not_count() -> None:
    masks = [blob(126), blob(128), blob(131)]
    np.testing.assert_array_equal(steady(masks, 0, reach=0), masks[0])
    near = FaceMask(seen_HW=masks[1])
    far = [(1, near), (2, FaceMask(seen_HW=masks[2])), (-1, FaceMask(seen_HW=masks[2][:128, :128]))]
    alone = steadied_mask(FaceMask(seen_HW=masks[0]), [(1, near)], reach=1).seen_HW
    np.testing.assert_array_equal(steadied_mask(FaceMask(seen_HW=masks[0]), far, reach=1).seen_HW, alone)


def test_what_is_drawn_by_hand_in_one_frame_does_not_reach_the_next() -> None:
    drawn = FaceMask(seen_HW=blob(), excluded_HW=blob(128, 30))
    plain = FaceMask(seen_HW=blob())
    assert steadied_mask(plain, [(1, drawn)], reach=2).area_HW[128, 128] == 1
    assert steadied_mask(drawn, [(1, plain)], reach=2).area_HW[128, 128] == 0
