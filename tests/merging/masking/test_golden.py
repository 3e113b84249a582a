"""Every mask of a rendered face looks as it did: the pictures are beside this file.

`python -m tests.merging.masking.test_golden` makes them anew; look at them, and say why they changed.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.merging.filmed import filmed
from understudy.merging.masking.kinds import MASK_KINDS
from understudy.merging.options import MergeOptions

GOLDEN = Path(__file__).with_name("golden.png")
SIZE = 64  # of a tile: the mask's 256 pixels, averaged
EDGES: dict[str, dict[str, float]] = {
    "plain": {"erode": 0.0, "blur": 0.0},
    "eroded": {"erode": 0.1, "blur": 0.0},
    "grown": {"erode": -0.1, "blur": 0.0},
    "soft": {"erode": 0.0, "blur": 0.3},
    "from above": {"erode_top": 0.15, "blur_top": 0.2, "blur": 0.05},
    "from the left": {"erode_left": 0.15, "blur_left": 0.2, "blur": 0.05},
}
NAMES = (*MASK_KINDS, *EDGES)


def shown(name: str) -> np.ndarray:
    """A mask in one of `NAMES`, (SIZE, SIZE), 0 to 255: a kind as usual, or the hull with another edge."""
    asked = {"mask": name, "segmenter": "skin"} if name in MASK_KINDS else {"mask": "dst-hull", **EDGES[name]}
    options = MergeOptions(**asked)
    scene = filmed()
    soft = scene.painted(scene.plate, options, true=False, size_px=96).mask.soft_HW
    return np.rint(cv2.resize(soft, (SIZE, SIZE), interpolation=cv2.INTER_AREA) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def remembered() -> dict[str, np.ndarray]:
    """The golden masks by name."""
    row = cv2.imread(str(GOLDEN), cv2.IMREAD_GRAYSCALE)
    return dict(zip(NAMES, np.split(row, len(NAMES), axis=1), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_mask_looks_as_it_did(name: str, remembered: dict[str, np.ndarray]) -> None:
    away = np.abs(shown(name).astype(int) - remembered[name])
    assert away.mean() < 0.5 and away.max() <= 12  # levels of 255


def test_the_masks_differ_from_each_other(remembered: dict[str, np.ndarray]) -> None:
    """A perfect model sees the same face on both sides: its masks, and their product, may be alike."""
    alike = {"learned-prd", "learned-dst"}
    names = list(NAMES)
    for number, name in enumerate(names):
        for other in names[:number]:
            differs = np.abs(remembered[name].astype(int) - remembered[other]).max()
            assert differs > 12 or {name, other} <= alike, f"{name} is {other}"


if __name__ == "__main__":
    cv2.imwrite(str(GOLDEN), np.concatenate([shown(name) for name in NAMES], axis=1))
