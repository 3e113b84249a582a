"""The steadied face rests when the actor rests, and blinks, talks and turns when the actor does."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.faces.people import turned_face
from understudy.actors import camera
from understudy.actors.actor import actor_for, posed_actor
from understudy.actors.identity import DEMO_SRC
from understudy.actors.performance import State, src_track
from understudy.faces.steady import smooth_track
from understudy.geometry import crops_from_frames, inverse

FRAMES = 120
BLINKS = (20, 60, 95)
NOISE_PX = 0.9  # on a face 113 px wide
REST = src_track(2, 1)[0]


@cache  # an actor rests most of the time
def marks_in(state: State) -> np.ndarray:
    return camera.projected(posed_actor(actor_for(DEMO_SRC), state).marks, state, 256)[0]


def marks(*states: State) -> np.ndarray:
    """True landmarks of an actor filmed at 256 px."""
    return np.stack([marks_in(state) for state in states]).astype(float)


def noisy(truth: np.ndarray, seed: int, noise_px: float = NOISE_PX) -> np.ndarray:
    return truth + np.random.default_rng(seed).normal(0, noise_px, truth.shape)


def rms(difference: np.ndarray) -> float:
    return float(np.sqrt((difference**2).mean()))


def corners(landmarks: np.ndarray) -> np.ndarray:
    """The corners of every frame's crop in the frame."""
    frame_from_crop = inverse(crops_from_frames(landmarks, face_type="full", size_px=256))
    return frame_from_crop @ np.array([[0, 256, 0, 256], [0, 0, 256, 256], [1, 1, 1, 1.0]])


def lag(truth: np.ndarray, found: np.ndarray) -> int:
    """By how many frames `found` correlates best."""
    a, b = truth - truth.mean(), found - found.mean()
    return max(range(-5, 6), key=lambda shift: float((np.roll(a, shift) * b).sum()))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_still_head_rests_within_three_tenths_of_a_pixel(seed):
    truth = np.repeat(marks(REST), FRAMES, axis=0)
    assert 105 < np.ptp(truth[0, :, 0]) < 120
    found = noisy(truth, seed)
    steady = smooth_track(np.arange(FRAMES), found)
    assert rms(steady - truth) < 0.3
    assert rms(corners(steady) - corners(truth)) < 0.25 < 0.5 < rms(corners(found) - corners(truth))


def lid_opening(landmarks: np.ndarray) -> np.ndarray:
    y = landmarks[:, :, 1]
    return y[:, [40, 41, 46, 47]].mean(1) - y[:, [37, 38, 43, 44]].mean(1)


def test_a_blink_of_four_frames_keeps_its_depth_and_its_moment():
    closed = np.zeros(FRAMES)
    for at in BLINKS:
        closed[at : at + 4] = [0.55, 1.0, 0.75, 0.3]
    truth = marks(*(replace(REST, blink_left=b, blink_right=b) for b in closed))
    opening, depths = lid_opening(truth), []
    for seed in range(8):
        found = lid_opening(smooth_track(np.arange(FRAMES), noisy(truth, seed)))
        shut = np.array(BLINKS) + 1
        depths += list((np.median(found) - found[shut]) / (np.median(opening) - opening[shut]))
        assert lag(opening, found) == 0
    assert np.mean(depths) >= 0.85
    assert np.std(depths) < 0.2
    clean = lid_opening(smooth_track(np.arange(FRAMES), truth))
    np.testing.assert_allclose(clean, opening, atol=0.1)


def test_speech_keeps_its_size_and_comes_in_time():
    states = src_track(FRAMES, 3)
    truth = marks(*(replace(REST, jaw=s.jaw, pucker=s.pucker) for s in states))
    found = noisy(truth, 4)
    steady = smooth_track(np.arange(FRAMES), found)
    gap, gap_found, gap_noisy = (p[:, 66, 1] - p[:, 62, 1] for p in (truth, steady, found))
    assert 0.9 < np.std(gap_found) / np.std(gap) < 1.1
    assert rms(gap_found - gap) < 0.9 * rms(gap_noisy - gap)
    assert lag(gap, gap_found) == 0


def test_a_quick_turn_of_the_head_is_not_late_nor_rounded_off():
    truth = marks(*(replace(REST, yaw_deg=float(y)) for y in 35 * np.tanh((np.arange(FRAMES) - 60) / 2)))
    steady = smooth_track(np.arange(FRAMES), noisy(truth, 5))
    nose, nose_found = (p[:, 30, 0] - p[:, [36, 45], 0].mean(1) for p in (truth, steady))
    assert lag(nose, nose_found) == 0
    assert rms((nose_found - nose)[56:64]) < 1.2
    assert rms(steady - truth) < 0.45 * NOISE_PX
    np.testing.assert_allclose(smooth_track(np.arange(FRAMES), truth), truth, atol=0.5)


def test_a_whole_performance_comes_nearer_to_the_truth():
    truth = marks(*src_track(FRAMES, 7))
    found = noisy(truth, 6)
    assert rms(smooth_track(np.arange(FRAMES), found) - truth) < 0.65 * rms(found - truth)


def test_five_thousand_frames_take_a_moment():
    frames = np.arange(5000)
    points = np.random.default_rng(0).normal(0, 1, (5000, 68, 2)) + turned_face()
    began = time.process_time()
    assert rms(np.diff(smooth_track(frames, points), axis=0)) < 0.25
    assert time.process_time() - began < 5


def shaken(seed: int, noise: float, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A head that turns, nods and drifts, truly and with noise."""
    truth = np.stack(
        [
            turned_face(30 * np.sin(k / 9), 8 * np.sin(k / 7), 10 * np.sin(k / 11), centre=(150 + 2 * k, 160))
            for k in frames
        ]
    )
    return truth, truth + np.random.default_rng(seed).normal(0, noise, truth.shape)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_smoothing_takes_off_noise_and_jitter(seed):
    frames = np.arange(50)
    truth, noisy = shaken(seed, 2.0, frames)
    smooth = smooth_track(frames, noisy)
    assert rms(smooth - truth) < 0.7 * rms(noisy - truth)
    assert rms(np.diff(smooth - truth, axis=0)) < 0.4 * rms(np.diff(noisy - truth, axis=0))


def test_smoothing_bridges_gaps_by_their_length():
    frames = np.array([*range(12), *range(17, 40)])
    truth, noisy = shaken(5, 1.5, frames)
    assert rms(smooth_track(frames, noisy) - truth) < 0.75 * rms(noisy - truth)


def test_an_even_move_turn_and_zoom_are_kept_exactly():
    frames = np.arange(20)
    moving = np.stack(
        [turned_face(roll_deg=3 * k, scale=1.02**k, centre=(100 + 5 * k + 0.2 * k**2, 90)) for k in frames]
    )
    np.testing.assert_allclose(smooth_track(frames, moving), moving, atol=0.05)


def test_a_fast_turn_is_not_late():
    frames = np.arange(40)
    yaw = 40 / (1 + np.exp(-(frames - 20) / 1.5))
    truth = np.stack([turned_face(y) for y in yaw])
    smooth = smooth_track(frames, truth)
    nose = truth[:, 30, 0] - truth[:, 27, 0]
    followed = smooth[:, 30, 0] - smooth[:, 27, 0]
    middle = (nose[0] + nose[-1]) / 2
    crossed = [np.interp(middle, line, frames) for line in (nose, followed)]
    assert crossed[1] == pytest.approx(crossed[0], abs=0.15)
    assert np.abs(smooth - truth).max() < 2.5


def test_a_roll_over_half_a_turn_does_not_leap():
    frames = np.arange(30)
    rolling = np.stack([turned_face(roll_deg=160 + 3 * k) for k in frames])
    assert np.abs(smooth_track(frames, rolling) - rolling).max() < 0.1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_track_too_short_to_smooth_stays_as_it_is(count):
    points = np.stack([turned_face(k) for k in range(count)]) if count else np.empty((0, 68, 2))
    np.testing.assert_array_equal(smooth_track(range(count), points), points)


def test_frames_that_are_less_sure_are_led_by_their_neighbours_and_sure_ones_stay():
    """A hand before the face: for six frames the points are known worse, and the landmarker says so."""
    truth = marks(*src_track(80, 1)[:80])
    covered = slice(30, 36)
    found = noisy(truth, 5, 0.4)
    found[covered] += np.random.default_rng(6).normal(0, 4.0, found[covered].shape)
    spreads = np.full(found.shape[:2], 0.5)
    spreads[covered] = 5.0
    blind, told = smooth_track(range(80), found), smooth_track(range(80), found, spreads)
    assert rms(told[covered] - truth[covered]) < 0.75 * rms(blind[covered] - truth[covered])
    assert rms(told[:25] - truth[:25]) < 1.05 * rms(blind[:25] - truth[:25])


def test_a_blink_that_is_seen_clearly_is_kept_though_other_points_are_doubted():
    truth = np.repeat(marks(REST), 60, axis=0)
    truth[30:34, [37, 38, 43, 44], 1] += 5
    spreads = np.full(truth.shape[:2], 0.5)
    spreads[30:34, :17] = 5.0
    lids = [37, 38, 43, 44]
    steady = smooth_track(range(60), noisy(truth, 3), spreads)
    assert (steady[31:33, lids, 1] - steady[20, lids, 1]).mean() > 3.5


def test_alike_or_unknown_certainties_change_nothing():
    found = noisy(marks(*src_track(40, 1)[:40]), 2)
    plain = smooth_track(range(40), found)
    for spreads in (np.full(found.shape[:2], 3.0), np.full(found.shape[:2], np.nan)):
        np.testing.assert_allclose(smooth_track(range(40), found, spreads), plain, atol=1e-9)
