"""A seam is told for what the swap adds to the plate's own step across the mask's edge."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.measure.heads import SIZE, eight_bit, landmarks, rows_of, texture
from understudy.color import lab_from_rgb
from understudy.masks.hull import hull_mask
from understudy.measure.seam import seam_delta_e
from understudy.measure.steadiness import figures_by_frame, shot_figures
from understudy.measure.stillness import FACE_PX, Moment, face_pair

FACE = hull_mask(landmarks(), SIZE, SIZE)
GREY = np.full((SIZE, SIZE, 3), 120.0)


def seam(plate: np.ndarray, result: np.ndarray, mask: np.ndarray = FACE) -> float | None:
    return seam_delta_e(eight_bit(plate), eight_bit(result), mask, face_px=130)


def brighter(plate: np.ndarray, levels: float, mask: np.ndarray = FACE) -> np.ndarray:
    return plate + levels * mask[..., None]


def test_a_face_of_another_tone_has_a_seam_as_wide_as_the_step() -> None:
    lab = lab_from_rgb(np.array([[[120, 120, 120], [132, 132, 132]]], np.float32) / 255)
    step = float(np.linalg.norm(lab[0, 1] - lab[0, 0]))
    assert seam(GREY, brighter(GREY, 12)) == pytest.approx(step, rel=0.2)
    assert seam(GREY, GREY) == 0


def test_a_soft_mask_has_less_of_a_seam_than_a_hard_one() -> None:
    soft = cv2.GaussianBlur(FACE, (0, 0), 9)
    hard, faded = seam(GREY, brighter(GREY, 12)), seam(GREY, brighter(GREY, 12, soft), soft)
    assert faded < 0.5 * hard


def test_the_plates_own_step_is_no_seam_and_hiding_it_is_one() -> None:
    dark_hair = GREY - 80 * (1 - FACE[..., None])
    assert seam(dark_hair, dark_hair) == 0
    assert seam(dark_hair, GREY) > 20


def test_what_changes_on_both_sides_of_the_edge_is_no_seam() -> None:
    assert seam(GREY, GREY + 15) == pytest.approx(0, abs=1e-3)


def test_grain_alone_is_hardly_a_seam_and_a_seam_on_one_side_is_told_by_its_share() -> None:
    rng = np.random.default_rng(0)
    grain = rng.normal(size=GREY.shape) * 4
    assert seam(GREY, GREY + grain) < 0.5
    left = np.where(np.arange(SIZE) < SIZE / 2, 12.0, 0.0)[None, :, None]
    half, whole = seam(GREY, GREY + left * FACE[..., None]), seam(GREY, brighter(GREY, 12))
    assert half == pytest.approx(whole / 2, rel=0.2)


@pytest.mark.parametrize("mask", [np.zeros_like(FACE), np.ones_like(FACE)])
def test_without_an_edge_there_is_nothing_to_tell(mask: np.ndarray) -> None:
    assert seam(GREY, GREY, mask) is None


def test_a_known_mask_says_where_the_edge_is() -> None:
    small = hull_mask((landmarks() - SIZE / 2) * 0.6 + SIZE / 2, SIZE, SIZE)
    plate, result = eight_bit(GREY), eight_bit(brighter(GREY, 12, small))
    told = face_pair(Moment(plate, result, small), landmarks(), None).seam
    guessed = face_pair(Moment(plate, result), landmarks(), None).seam
    assert told is not None and guessed is not None and told > 4 > 1 > guessed
    assert pytest.approx(160, abs=2) == FACE_PX


def test_a_shot_names_the_frame_with_the_widest_seam_and_every_frame_has_its_own() -> None:
    plates = [texture()] * 5
    rows = rows_of(plates, [brighter(plate, 3.0 * index) for index, plate in enumerate(plates)])
    figures, columns = shot_figures(rows), figures_by_frame(rows)
    assert figures["widest_seam"]["frame"] == 4
    assert columns["seam"] == sorted(columns["seam"]) and columns["seam"][0] == 0
    assert figures["seam_delta_e"] == pytest.approx(np.mean(columns["seam"]), abs=1e-3)
