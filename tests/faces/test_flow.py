"""Landmarks carried through a gap stay on the filmed face, and nothing is said where it can't be followed."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import dst_track
from understudy.actors.scene import Cover, Placed, staged
from understudy.faces.flow import Window, carried

GAP = 7  # frames without a find


@pytest.fixture(scope="module")
def filmed() -> tuple[list[np.ndarray], np.ndarray]:
    """An actor talks, blinks and moves before a plate; the true landmarks (n, 68, 2)."""
    plate = np.random.default_rng(0).integers(60, 120, (150, 240, 3), np.uint8)
    shots = [
        staged(plate, [Placed(DEMO_DST, (state,), 140, left_px=30 + 3 * k, top_px=5)])
        for k, state in enumerate(dst_track(75, 4)[: GAP + 2])
    ]
    return [picture for picture, _ in shots], np.stack([truth[0].landmarks_68 for _, truth in shots])


def followed(pictures, before, after):
    height, width = pictures[0].shape[:2]
    window = Window(before, after, (width, height))
    return carried([window.cut(picture) for picture in pictures], before, after, window=window)


def test_filled_landmarks_lie_within_two_hundredths_of_the_face_of_the_truth(filmed):
    pictures, truth = filmed
    found = followed(pictures, truth[0], truth[-1])
    assert found.landmarks is not None, found.why_not
    width = float(np.ptp(truth[0, :, 0]))
    off = np.linalg.norm(found.landmarks - truth[1:-1], axis=2).mean(1)
    assert off.max() < 0.02 * width + 0.5
    share = np.linspace(0, 1, GAP + 2)[1:-1, None, None]
    straight = (1 - share) * truth[0] + share * truth[-1]
    assert off.mean() < np.linalg.norm(straight - truth[1:-1], axis=2).mean()


def test_the_ends_are_taken_as_they_are_where_nothing_moves(filmed):
    pictures, truth = filmed
    still = followed([pictures[0]] * 5, truth[0], truth[0])
    assert still.landmarks is not None
    assert np.abs(still.landmarks - truth[0]).max() < 0.3


def test_nothing_is_said_where_the_two_ends_disagree(filmed):
    pictures, truth = filmed
    found = followed(pictures, truth[0], truth[-1] + [25, 0])
    assert found.landmarks is None
    assert "disagree" in found.why_not


def test_nothing_is_said_across_another_picture(filmed):
    pictures, truth = filmed
    noise = [np.random.default_rng(k).integers(0, 255, pictures[0].shape, np.uint8) for k in range(3)]
    assert followed([pictures[0], *noise, pictures[4]], truth[0], truth[4]).landmarks is None


def test_nothing_is_said_where_something_passes_before_the_face():
    plate = np.full((150, 240, 3), 90, np.uint8)
    states = dst_track(75, 4)[:9]
    shots = []
    for k, state in enumerate(states):
        board = Cover((40.0 + 20 * k, 75.0), (28.0, 90.0))
        shots.append(
            staged(plate, [Placed(DEMO_SRC, (state,), 140, left_px=50)], covers=[board] if 1 < k < 7 else [])
        )
    pictures, truth = [p for p, _ in shots], [t[0].landmarks_68 for _, t in shots]
    assert min(t[0].seen_share for _, t in shots) < 0.4
    assert followed(pictures, truth[0], truth[-1]).landmarks is None
