"""What every effect makes of a rendered face, remembered as one picture.

`python -m tests.merging.effects.test_golden` makes it anew; look at it, and say why it changed.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import State
from understudy.actors.render import render
from understudy.media.images import encode_png, read_image
from understudy.merging.blending.blend import overlay, seamless
from understudy.merging.effects.degrade import fewer_colors, plain_plate
from understudy.merging.effects.grain import grained
from understudy.merging.effects.motion_blur import motion_blurred
from understudy.merging.effects.options import EffectOptions
from understudy.merging.effects.sharpen import sharpened
from understudy.merging.effects.super_resolution import super_resolved

GOLDEN = Path(__file__).with_name("golden.png")
SIZE = 80
OPTIONS = EffectOptions(sharpen_radius=0.03)


@cache
def faces() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The painted face, the plate (with some noise) and a soft mask, float 0..1."""
    state = State(yaw_deg=10)
    painted, plate = (
        cv2.resize(render(who, state, size_px=160).rgb, (SIZE, SIZE), interpolation=cv2.INTER_AREA) / 255
        for who in (DEMO_SRC, DEMO_DST)
    )
    noisy = plate + np.random.default_rng(0).normal(0, 0.02, plate.shape)
    y, x = np.mgrid[0:SIZE, 0:SIZE] - SIZE / 2
    mask = np.clip((26 - np.hypot(x, 0.8 * y)) / 8, 0, 1)
    return painted.astype(np.float32), noisy.astype(np.float32), mask.astype(np.float32)


def sharp(kind: str, amount: float) -> np.ndarray:
    return sharpened(faces()[0], OPTIONS.changed(sharpen=kind, sharpen_amount=amount), face_px=50)


def made(name: str) -> np.ndarray:
    """The picture that is remembered under a name, uint8."""
    painted, plate, mask = faces()
    small = cv2.resize(painted, (SIZE // 2, SIZE // 2), interpolation=cv2.INTER_AREA)
    pasted = overlay(plate, painted, mask)
    encoded = np.rint(pasted.clip(0, 1) * 65535).astype(np.uint16)
    effects = {
        "painted": lambda: painted,
        "box": lambda: sharp("box", 1.0),
        "gaussian": lambda: sharp("gaussian", 1.5),
        "unsharp": lambda: sharp("unsharp", 2.5),
        "softened": lambda: sharp("none", -1.0),
        "motion blur": lambda: motion_blurred(painted, np.array([9.0, 4.0]), shutter=1.0),
        "super resolution": lambda: super_resolved(small, name="lanczos", power=1.0, shown_px=SIZE),
        "denoised": lambda: plain_plate(plate, OPTIONS.changed(plate_denoise=1.0)),
        "bicubic": lambda: plain_plate(plate, OPTIONS.changed(plate_bicubic=0.5)),
        "fewer colours": lambda: fewer_colors(encoded, OPTIONS.changed(color_degrade=1.0)) / 65535,
        "pasted": lambda: pasted,
        "grain": lambda: grained(pasted, mask, plate, amount=1.0, seed=(1,)),
        "seamless": lambda: overlay(plate, seamless(plate, painted, mask), mask),
    }
    return np.rint(effects[name]().clip(0, 1) * 255).astype(np.uint8)


NAMES = (
    "painted", "box", "gaussian", "unsharp", "softened", "motion blur", "super resolution",
    "denoised", "bicubic", "fewer colours", "pasted", "grain", "seamless",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_rendered_face_looks_as_it_did(name: str) -> None:
    golden = read_image(GOLDEN)[:, SIZE * NAMES.index(name) :][:, :SIZE]
    away = np.abs(made(name).astype(int) - golden)
    assert away.mean() < 0.5 and np.quantile(away, 0.999) <= 8  # levels of 255


def test_no_two_of_the_golden_faces_are_one() -> None:
    golden = np.split(read_image(GOLDEN).astype(int), len(NAMES), axis=1)
    for (one, name), (other, its_name) in combinations(zip(golden, NAMES, strict=True), 2):
        assert np.abs(one - other).mean() > 0.3, f"{name} and {its_name}"


if __name__ == "__main__":
    GOLDEN.write_bytes(encode_png(np.concatenate([made(name) for name in NAMES], axis=1)))
