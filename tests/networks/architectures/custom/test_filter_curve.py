"""Channels fall along the published curves."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.networks.architectures.custom.filter_curve import filter_curve


@pytest.mark.parametrize(
    ("given", "widths"),
    [
        ((256, 64, 3, -0.33, "full"), [256, 128, 64]),
        ((512, 64, 5, 0.0, "full"), [512, 400, 288, 176, 64]),
        ((64, 512, 3, 0.0, "full"), [64, 288, 512]),
        ((512, 64, 4, -0.45, "full"), [512, 256, 128, 64]),
        ((512, 16, 6, 0.5, "cap_max"), [512, 256, 128, 64, 32, 16]),
        ((512, 16, 8, 0.5, "cap_max"), [512, 512, 512, 256, 128, 64, 32, 16]),
        ((1536, 24, 7, 0.5, "cap_max"), [1536, 768, 384, 192, 96, 48, 24]),
        ((512, 64, 6, 0.5, "cap_min"), [512, 256, 128, 64, 64, 64]),
        ((512, 64, 2, -0.5, "cap_min"), [512, 256]),
        ((100, 50, 1, 0.3, "full"), [96]),
    ],
)
def test_widths_follow_the_curve(given: tuple[Any, ...], widths: list[int]) -> None:
    assert filter_curve(*given) == widths


def test_a_negative_slope_falls_sooner() -> None:
    soon, even, late = (filter_curve(512, 64, 5, slope)[1:4] for slope in (-0.5, 0.0, 0.5))
    assert all(a < b < c for a, b, c in zip(soon, even, late, strict=True))


def test_a_slope_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="slope"):
        filter_curve(8, 16, 3, 1.0)
