"""Closed eyes: the lid comes down over the eye, and nothing else of the face moves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from understudy.actors.identity import DEMO_SRC
from understudy.actors.performance import State
from understudy.actors.render import render_frames
from understudy.faces.align import crop
from understudy.geometry import crop_from_frame, transform_points
from understudy.training.feeding.augment import Faces, Variation, lesson, pixel_grid
from understudy.training.feeding.blinks import blinked, left_open

SIDE = 128


def filmed(*states: State) -> tuple[Tensor, Tensor]:
    """Crops (B, 3, 128, 128) RGB 0..1 and landmarks -1..1."""
    pictures, points = [], []
    for shown in render_frames(DEMO_SRC, states, size_px=256, processes=1):
        matrix = crop_from_frame(shown.landmarks_68, face_type="full", size_px=SIDE)
        pictures.append(crop(shown.rgb, matrix, SIDE).astype(np.float32) / 255)
        points.append(transform_points(matrix, shown.landmarks_68) / SIDE * 2 - 1)
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2), torch.tensor(np.stack(points)).float()


@pytest.fixture(scope="module")
def shots() -> tuple[Tensor, Tensor]:
    """A head straight and turned, eyes open, then the same with closed ones."""
    return filmed(
        *(State(yaw_deg=yaw, blink_left=shut, blink_right=shut) for shut in (0.0, 1.0) for yaw in (0, 25))
    )


def lessons(shots: tuple[Tensor, Tensor], **variation: float) -> Tensor:
    pictures, points = (each[:2] for each in shots)
    masks = torch.ones(2, 3, SIDE, SIDE)
    made = lesson(
        Faces(pictures, masks, SIDE, landmarks_B682=points, openings_B2=torch.ones(2, 2)),
        size_px=SIDE,
        variation=Variation(**variation),
        generator=Generator().manual_seed(0),
    )
    assert torch.equal(made.seen_BCHW, made.goal_BCHW)
    assert made.openings_B2 is not None and torch.equal(made.openings_B2[:, 1], torch.ones(2))
    assert (made.openings_B2[:, 0] < 0.35).all() == bool(variation)
    return made.goal_BCHW


def test_a_face_that_blinks_looks_more_like_one_with_closed_eyes(shots: tuple[Tensor, Tensor]) -> None:
    pictures, points = shots
    closed = lessons(shots, blink=1.0)
    for k in range(2):
        eyes = ((points[k, 36:48] + 1) / 2 * SIDE).long()
        left, top = (eyes.min(0).values - 2).tolist()
        right, bottom = (eyes.max(0).values + 3).tolist()
        area = (slice(None), slice(top, bottom), slice(left, right))
        away = [(picture[area] - pictures[2 + k][area]).abs().mean() for picture in (closed[k], pictures[k])]
        assert away[0] < 0.75 * away[1]


def test_brows_nose_and_mouth_stay(shots: tuple[Tensor, Tensor]) -> None:
    pictures, points = shots
    moved = (lessons(shots, blink=1.0) - pictures[:2]).abs().amax(1) > 0.02
    for k in range(2):
        y = (points[k, :, 1] + 1) / 2 * SIDE
        assert moved[k].any()
        assert not moved[k, int(y[29]) :].any()
        assert not moved[k, : int(y[17:27].min())].any()


def looked_up(points_B682: Tensor, places_BN2: Tensor, shut: float) -> Tensor:
    """Where these places are looked up once eyes are closed that far, (B, n, 2)."""
    return blinked(places_BN2[:, None], points_B682, torch.full((len(points_B682),), shut))[:, 0]


@pytest.mark.parametrize("shut", [0.4, 0.8])
def test_a_lids_edge_comes_down_by_as_much_of_the_eye_as_it_is_closed(shut: float) -> None:
    points = torch.zeros(1, 68, 2)
    eye = [[-0.5, 0], [-0.4, -0.1], [-0.2, -0.1], [-0.1, 0], [-0.2, 0.06], [-0.4, 0.06]]
    points[0, 36:42] = torch.tensor(eye)
    points[0, 42:48] = torch.tensor(eye) + torch.tensor([0.6, 0])
    points[0, 17:27] = torch.tensor([0, -0.3])
    upper, lower = points[:, [37, 38, 43, 44]], points[:, [41, 40, 47, 46]]
    edge = upper + shut * 1.15 * (lower - upper)  # lids meet a little below the lower one's points
    by = torch.tensor([0.0, 0.001])
    torch.testing.assert_close(looked_up(points, edge - by, shut), upper, atol=0.002, rtol=0)
    torch.testing.assert_close(looked_up(points, edge + by, shut), edge + by, atol=1e-6, rtol=0)


def test_brows_nose_mouth_chin_and_corners_of_the_eyes_are_looked_up_where_they_are(
    shots: tuple[Tensor, Tensor],
) -> None:
    points = shots[1][:2]
    still = points[:, [*range(37), 39, 42, 45, *range(48, 68)]]
    torch.testing.assert_close(looked_up(points, still, 1.1), still, atol=1e-5, rtol=0)


def test_without_blinks_nothing_moves(shots: tuple[Tensor, Tensor]) -> None:
    torch.testing.assert_close(lessons(shots), shots[0][:2], atol=1e-4, rtol=0)


@pytest.mark.parametrize("shut", [0.3, 0.7, 1.1])
def test_skin_slides_down_and_never_folds(shots: tuple[Tensor, Tensor], shut: float) -> None:
    points = shots[1][:2].double()
    grid = pixel_grid(4 * SIDE).double()[None].expand(2, -1, -1, -1)
    found = blinked(grid, points, torch.full((2,), shut).double())
    down = (grid - found)[..., 1]
    assert float(down.min()) > -0.01 and float(down.max()) > 0.02 * shut
    # Down a column the place that is looked up only grows, but for the lid's edge, under which the eye goes on.
    steps = found[:, 1:, :, 1] - found[:, :-1, :, 1]
    assert float(steps.min()) > -1e-6


def test_eyes_that_are_not_to_close_stay_as_they_are(shots: tuple[Tensor, Tensor]) -> None:
    grid = pixel_grid(SIDE)[None].expand(2, -1, -1, -1)
    torch.testing.assert_close(blinked(grid, shots[1][:2], torch.zeros(2)), grid, atol=1e-6, rtol=0)


def test_faces_of_whole_frames_keep_their_eyes_open(shots: tuple[Tensor, Tensor]) -> None:
    pictures, points = (each[:2] for each in shots)
    faces = Faces(pictures, torch.ones(2, 3, SIDE, SIDE), SIDE, pictures, points)
    made = lesson(faces, size_px=SIDE, variation=Variation(blink=1.0), generator=Generator().manual_seed(0))
    torch.testing.assert_close(made.goal_BCHW, pictures, atol=1e-4, rtol=0)


def test_closed_eyes_are_told_as_landmarks_of_closed_eyes_tell_them() -> None:
    eyes = torch.tensor([1.0, 1.0, 1.0, 0.1])
    told = left_open(eyes, torch.tensor([0.0, 0.5, 1.1, 1.0]))
    torch.testing.assert_close(told, torch.tensor([1.0, 0.425, 0.15, 0.1]))
