"""Every option of feeding changes what a model is shown, and nothing else of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator

from tests.training.conftest import tiny_options
from tests.training.feeding.test_feed import caches
from understudy.facesets.store import Faceset
from understudy.training.feeding.augment import Lesson
from understudy.training.feeding.feed import Feed

PLAIN: dict[str, Any] = {
    "random_warp": 0,
    "random_stretch": 0,
    "random_shift": 0,
    "relight": 0,
    "pose_pairing": 0,
    "color_jitter": 0,
    "src_flip": False,
}


def shown(tmp_path: Path, facesets: tuple[Faceset, Faceset], **changes: Any) -> tuple[Lesson, Lesson]:
    options = tiny_options(**{**PLAIN, "batch_size": 12, **changes})
    feed = Feed(*caches(tmp_path, facesets), options, torch.device("cpu"))
    return feed.lessons(Generator().manual_seed(4), openings=True)


def away(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().mean())


@pytest.mark.parametrize(
    "name",
    [
        "random_warp",
        "random_stretch",
        "color_jitter",
        "random_levels",
        "random_downscale",
        "random_blur",
        "random_motion_blur",
        "random_noise",
        "random_jpeg",
    ],
)
def test_it_changes_what_both_are_seen_as_and_leaves_what_is_painted(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], name: str
) -> None:
    plain, changed = shown(tmp_path, facesets), shown(tmp_path, facesets, **{name: 1.0})
    for before, after in zip(plain, changed, strict=True):
        assert away(before.seen_BCHW, after.seen_BCHW) > 0.001
        torch.testing.assert_close(before.goal_BCHW, after.goal_BCHW, atol=1e-5, rtol=0)


def test_hue_is_moved_in_what_is_seen_of_src_alone(tmp_path: Path, facesets: tuple[Faceset, Faceset]) -> None:
    plain, changed = shown(tmp_path, facesets), shown(tmp_path, facesets, hsv_power=0.2)
    assert away(plain[0].seen_BCHW, changed[0].seen_BCHW) > 0.005
    torch.testing.assert_close(plain[0].goal_BCHW, changed[0].goal_BCHW, atol=1e-5, rtol=0)
    torch.testing.assert_close(plain[1].seen_BCHW, changed[1].seen_BCHW, atol=1e-5, rtol=0)


def test_blinks_change_what_is_seen_and_painted_together(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    plain, changed = shown(tmp_path, facesets), shown(tmp_path, facesets, random_blink=1.0)
    for before, after in zip(plain, changed, strict=True):
        assert away(before.goal_BCHW, after.goal_BCHW) > 0.0005
        torch.testing.assert_close(after.goal_BCHW, after.seen_BCHW, atol=1e-3, rtol=0)
        assert before.openings_B2 is not None and after.openings_B2 is not None
        assert (after.openings_B2[:, 0] < 0.4).all() and (before.openings_B2[:, 0] > 0.4).any()


def test_shifts_move_what_is_seen_and_painted_together(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    plain, changed = shown(tmp_path, facesets), shown(tmp_path, facesets, random_shift=1.0)
    assert away(plain[0].goal_BCHW, changed[0].goal_BCHW) > 0.005
    torch.testing.assert_close(changed[0].goal_BCHW, changed[0].seen_BCHW, atol=1e-3, rtol=0)


@pytest.mark.parametrize("mode", ["rct", "lct", "mkl", "idt", "sot"])
def test_src_takes_on_colours_of_dst_in_what_is_seen_and_painted(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], mode: str
) -> None:
    plain, changed = shown(tmp_path, facesets), shown(tmp_path, facesets, ct_mode=mode)
    torch.testing.assert_close(changed[0].seen_BCHW, changed[0].goal_BCHW, atol=1e-3, rtol=0)

    def tint(lesson: Lesson) -> torch.Tensor:
        weight = (lesson.mask_B1HW > 0.9).float()
        return (lesson.goal_BCHW * weight).sum((0, 2, 3)) / weight.sum()

    before, after = (float((tint(pair[0]) - tint(pair[1])).abs().mean()) for pair in (plain, changed))
    assert after < (0.75 if mode == "idt" else 0.6) * before  # idt goes two thirds of the way
    torch.testing.assert_close(plain[1].goal_BCHW, changed[1].goal_BCHW, atol=1e-5, rtol=0)


def test_as_many_faces_of_src_as_are_asked_are_shown_in_the_light_of_dst(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    plain, half, every = (shown(tmp_path, facesets, batch_size=64, relight=share) for share in (0.0, 0.5, 1.0))
    lit = [((plain[0].goal_BCHW - of[0].goal_BCHW).abs().mean((1, 2, 3)) > 1e-3).sum() for of in (half, every)]
    assert 16 < lit[0] < 48 and lit[1] == 64
    torch.testing.assert_close(plain[1].goal_BCHW, every[1].goal_BCHW, atol=1e-5, rtol=0)


def test_the_share_says_how_many_faces_take_on_colours(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    plain = shown(tmp_path, facesets, batch_size=64)[0].goal_BCHW
    half = shown(tmp_path, facesets, batch_size=64, ct_mode="rct", ct_share=0.5)[0].goal_BCHW
    changed = ((plain - half).abs().mean((1, 2, 3)) > 1e-3).sum()
    assert 16 < changed < 48
    assert torch.equal(plain, shown(tmp_path, facesets, batch_size=64, ct_mode="rct", ct_share=0)[0].goal_BCHW)
