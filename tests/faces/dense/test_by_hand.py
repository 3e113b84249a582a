"""`faces/dense/by_hand.py`: a box drawn over a rendered face gives its landmarks, however it lies."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from understudy.actors.identity import DEMO_DST
from understudy.actors.performance import dst_track
from understudy.actors.render import render_frames
from understudy.faces.dense.by_hand import DrawnBox, HandReader, box_about
from understudy.media.clip import loose_frame

SIDE_PX = 160


@cache
def rendered():
    return next(iter(render_frames(DEMO_DST, dst_track(1, 1), size_px=SIDE_PX, processes=1)))


@cache
def reader() -> HandReader:
    return HandReader()


def off(points: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance as a share of the distance between the eyes."""
    eyes = np.linalg.norm(truth[36:42].mean(0) - truth[42:48].mean(0))
    return float(np.linalg.norm(points - truth, axis=1).mean() / eyes)


@pytest.mark.parametrize("accurate", [False, True])
def test_a_box_about_a_face_gives_its_landmarks(accurate: bool) -> None:
    truth = rendered().landmarks_68
    box = box_about(truth)
    drawn = DrawnBox(box.x + 0.15 * box.side_px, box.y - 0.1 * box.side_px, 1.2 * box.side_px)
    read = reader().read(loose_frame(rendered().rgb), drawn, accurate=accurate)
    assert off(read.landmarks_68, truth) < 0.12
    assert read.score > 0.5
    assert read.spread_68.shape == (68,)
    assert (read.spread_68 > 0).all()


def test_a_turned_box_reads_a_face_that_lies_on_its_side() -> None:
    truth = rendered().landmarks_68
    lying = np.ascontiguousarray(np.rot90(rendered().rgb, -1))  # clockwise
    turned = np.column_stack([SIDE_PX - truth[:, 1], truth[:, 0]])
    box = box_about(turned)
    assert 60 < box.angle_deg < 120
    assert off(reader().read(loose_frame(lying), box).landmarks_68, turned) < 0.12


def test_what_is_read_does_not_depend_on_how_large_the_frame_is() -> None:
    truth = rendered().landmarks_68
    large = np.zeros((900, 1200, 3), np.uint8)
    large[400 : 400 + SIDE_PX, 700 : 700 + SIDE_PX] = rendered().rgb
    box = box_about(truth)
    small = reader().read(loose_frame(rendered().rgb), box).landmarks_68
    there = DrawnBox(box.x + 700, box.y + 400, box.side_px, box.angle_deg)
    assert off(reader().read(loose_frame(large), there).landmarks_68 - [700, 400], small) < 0.02


def test_the_box_about_landmarks_is_turned_with_the_head_and_its_corners_too() -> None:
    truth = rendered().landmarks_68
    box = box_about(truth)
    angle = np.radians(30.0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    again = box_about(truth @ turn.T)
    assert again.angle_deg == pytest.approx(box.angle_deg + 30, abs=0.01)
    assert again.side_px == pytest.approx(box.side_px, rel=1e-6)
    assert DrawnBox(0, 0, 2, 90).corners() == pytest.approx(np.array([[1, -1], [1, 1], [-1, 1], [-1, -1]]))


def test_a_box_beyond_the_frame_is_read_too_and_is_no_face() -> None:
    read = reader().read(loose_frame(rendered().rgb), DrawnBox(-500, -500, 60))
    assert read.score < 0.5
