"""Every transfer on two rendered people looks as it did: the pictures are beside this file.

`python -m tests.merging.coloring.test_golden` makes them anew; look at them, and say why they changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy import geometry
from understudy.actors.identity import DEMO_DST, DEMO_SRC
from understudy.actors.performance import dst_track, src_track
from understudy.actors.render import render
from understudy.faces.align import crop
from understudy.merging.coloring import pixels
from understudy.merging.coloring.color_transfer import COLOR_TRANSFERS
from understudy.merging.coloring.tone import measured_tone, recolored, with_histogram
from understudy.merging.options import MergeOptions

GOLDEN = Path(__file__).with_name("golden.png")
SIZE = 80
NAMES = (*COLOR_TRANSFERS, "histogram", "histogram of grey")

Pair = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def pair() -> Pair:
    return filmed()


def filmed() -> Pair:
    """The true swap in src's light, dst in its own, and where they are compared."""
    state = dst_track(60, 7)[20]
    dst = render(DEMO_DST, state, size_px=SIZE)
    src = render(DEMO_SRC, replace(state, light=src_track(1, 7)[0].light), size_px=SIZE)
    matrix = geometry.crop_from_frame(dst.landmarks_68, face_type="full", size_px=SIZE)
    painted, own = (crop(one.rgb, matrix, SIZE).astype(np.float32) / 255 for one in (src, dst))
    mask = crop((np.minimum(dst.mask, src.mask) * 255).astype(np.uint8), matrix, SIZE).astype(np.float32) / 255
    return painted, own, pixels.area("skin", mask, geometry.transform_points(matrix, dst.landmarks_68))


def graded(pair: Pair, name: str) -> np.ndarray:
    """The painted face after one of `NAMES`, uint8."""
    painted, own, area = pair
    options = MergeOptions(color=name if name in COLOR_TRANSFERS else "none")
    histogram, bw = name.startswith("histogram"), name.endswith("grey")
    tone = measured_tone(painted, own, area, options, light_px=SIZE / 6, histogram=histogram, bw=bw)
    made = recolored(painted, tone, options)
    made = with_histogram(made, tone, options, bw=bw) if histogram else made
    return np.clip(np.rint(made * 255), 0, 255).astype(np.uint8)


def remembered() -> Iterator[np.ndarray]:
    row = cv2.cvtColor(cv2.imread(str(GOLDEN)), cv2.COLOR_BGR2RGB)
    return (np.ascontiguousarray(part) for part in np.split(row, len(NAMES), axis=1))


@pytest.mark.parametrize(("name", "golden"), list(zip(NAMES, remembered(), strict=True)), ids=NAMES)
def test_a_rendered_face_is_graded_as_it_was(name: str, golden: np.ndarray, pair: Pair) -> None:
    away = np.abs(graded(pair, name).astype(int) - golden)
    assert away.mean() < 0.5 and away.max() <= 8  # levels of 255


def test_the_golden_faces_differ_from_each_other() -> None:
    pictures = list(remembered())
    for number, picture in enumerate(pictures):
        for other in pictures[:number]:
            assert np.abs(picture.astype(int) - other).mean() > 0.6


@pytest.mark.parametrize("name", sorted(set(COLOR_TRANSFERS) - {"none"}))
def test_every_transfer_brings_the_skin_nearer_to_the_plate(name: str, pair: Pair) -> None:
    painted, own, area = pair
    skin = area > 0.5

    def miss(face: np.ndarray) -> float:
        return float(np.abs(face[skin].mean(0) - own[skin].mean(0)).max())

    assert miss(graded(pair, name) / 255) < 0.5 * miss(painted)


if __name__ == "__main__":
    both = filmed()
    row = np.concatenate([graded(both, name) for name in NAMES], axis=1)
    cv2.imwrite(str(GOLDEN), cv2.cvtColor(row, cv2.COLOR_RGB2BGR))
