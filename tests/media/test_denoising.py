"""Noise goes, edges and movement stay, and so do the depth and the number of frames."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.media.denoising import denoised

HEIGHT, WIDTH, COUNT = 48, 64, 16
WHITE = {"uint8": 255, "uint16": 65535}


def film(dtype: str, *, sigma: float = 4 / 255, seed: int = 0) -> list[np.ndarray]:
    """A dark and a bright half under noise, and a bright square that moves over the dark one."""
    rng, frames = np.random.default_rng(seed), []
    for number in range(COUNT):
        scene = np.full((HEIGHT, WIDTH, 3), [0.25, 0.3, 0.2])
        scene[:, WIDTH // 2 :] += 0.4
        scene[10:20, 2 * number : 2 * number + 8] = 0.8
        noisy = np.clip(scene + rng.normal(size=scene.shape) * sigma, 0, 1)
        frames.append(np.rint(noisy * WHITE[dtype]).astype(dtype))
    return frames


def noise_of(frames: list[np.ndarray]) -> float:
    flat = np.stack(frames)[:, 24:, 4 : WIDTH // 2 - 4].astype(float) / WHITE[frames[0].dtype.name]
    return float((flat - flat.mean((0, 1, 2))).std())


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_noise_goes_and_every_frame_comes_in_its_depth(dtype: str) -> None:
    before = film(dtype)
    after = list(denoised(before, 5))
    assert len(after) == COUNT and {frame.dtype.name for frame in after} == {dtype}
    assert noise_of(after) < 0.5 * noise_of(before)
    assert np.mean(np.stack(after)) == pytest.approx(np.mean(np.stack(before)), rel=0.003)


def test_more_strength_takes_more() -> None:
    left = [noise_of(list(denoised(film("uint8"), strength))) for strength in (1, 3, 8, 20)]
    assert left == sorted(left, reverse=True) and left[0] > 1.2 * left[1] and left[-1] < 0.3 * left[0]


@pytest.mark.parametrize(("strength", "off"), [(5, 0.01), (20, 0.08)])
def test_edges_and_what_moves_stay(strength: int, off: float) -> None:
    after = np.stack(list(denoised(film("uint16"), strength))).astype(float) / 65535
    step = after[:, 24:, WIDTH // 2] - after[:, 24:, WIDTH // 2 - 1]
    assert step.mean() == pytest.approx(0.4, abs=2 * off)
    for number, frame in enumerate(after):
        inside = frame[12:18, 2 * number + 2 : 2 * number + 6]
        assert inside.mean() == pytest.approx(0.8, abs=off)
    behind = after[8][12:18, 6:12]  # where the square was a few frames ago
    assert behind.mean() == pytest.approx(0.25, abs=off)


def test_depth_below_eight_bits_is_made_use_of() -> None:
    """A slow ramp in 16 bits keeps its steps, which 8 bits can't hold."""
    ramp = np.linspace(20000, 20500, WIDTH).astype(np.uint16)
    frames = [np.repeat(np.repeat(ramp[None, :, None], HEIGHT, 0), 3, 2)] * 10
    after = list(denoised(frames, 5))[5]
    assert len(np.unique(after[10, 8:-8, 0])) > 40
    assert np.abs(after[:, 8:-8].astype(int) - frames[0][:, 8:-8]).max() < 40


def test_one_frame_and_none_are_films_too() -> None:
    assert len(list(denoised(film("uint8")[:1], 5))) == 1
    assert list(denoised([], 5)) == []


def test_no_more_than_a_few_frames_are_held() -> None:
    taken = []

    def pictures():
        for number, frame in enumerate(film("uint8") * 4):
            taken.append(number)
            yield frame

    for number, _ in enumerate(denoised(pictures(), 5)):
        assert taken[-1] - number <= 9
