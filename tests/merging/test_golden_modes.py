"""Every mode on two rendered people looks as it did: the pictures are beside this file.

`python -m tests.merging.test_golden_modes` makes them anew; look at them, and say why they changed.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.merging.filmed import SIZE, filmed
from understudy.merging.blending.modes import MODES
from understudy.merging.composite import composite
from understudy.merging.options import MergeOptions

GOLDEN = Path(__file__).with_name("golden_modes.png")
NAMES = (*MODES, "overlay in linear", "seamless in linear")
CROP = 80


def merged(name: str) -> np.ndarray:
    """The frame in one of `NAMES`, (SIZE, SIZE, 3) uint8; a smaller picture stands in its corner."""
    mode, _, light = name.partition(" in ")
    options = MergeOptions(mode=mode, light=light or "encoded", color="none", mask="learned-prd", blur=0.15)
    scene = filmed()
    picture = composite(scene.plate, [scene.painted(scene.plate, options, true=False, size_px=CROP)], options)
    tile = np.zeros((SIZE, SIZE, 3), np.uint8)
    tile[: picture.shape[0], : picture.shape[1]] = picture
    return tile


@pytest.fixture(scope="module")
def remembered() -> dict[str, np.ndarray]:
    """The golden pictures by name."""
    row = cv2.cvtColor(cv2.imread(str(GOLDEN)), cv2.COLOR_BGR2RGB)
    return dict(zip(NAMES, np.split(row, len(NAMES), axis=1), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_is_merged_as_it_was(name: str, remembered: dict[str, np.ndarray]) -> None:
    away = np.abs(merged(name).astype(int) - remembered[name])
    assert away.mean() < 0.5 and away.max() <= 8  # levels of 255


def test_the_modes_differ_from_each_other_except_those_that_leave_the_frame(
    remembered: dict[str, np.ndarray],
) -> None:
    pictures = dict(remembered)
    np.testing.assert_array_equal(pictures.pop("raw-layers"), pictures["original"])
    names = list(pictures)
    for number, name in enumerate(names):
        for other in names[:number]:
            assert np.abs(pictures[name].astype(int) - pictures[other]).max() > 12, f"{name} is {other}"


if __name__ == "__main__":
    row = np.concatenate([merged(name) for name in NAMES], axis=1)
    cv2.imwrite(str(GOLDEN), cv2.cvtColor(row, cv2.COLOR_RGB2BGR))
