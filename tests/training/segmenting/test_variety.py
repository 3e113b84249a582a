"""What a segmenter is shown: face and mask change together, covers travel, rooms change."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Generator

from tests.training.segmenting.conftest import Hull, tiny
from understudy.training.segmenting.drawn import Named, faces_to_learn_from, read_drawn
from understudy.training.segmenting.variety import MaskLesson, Shelf, lesson

SIZE = 64


@pytest.fixture
def shelf(drawn: list[Named]) -> Shelf:
    entries, _ = faces_to_learn_from(drawn)
    faces = read_drawn(entries, face_type="full", size_px=SIZE, stock=Hull(), on_broken=lambda text: None)
    return Shelf(faces, torch.device("cpu"))


def shown(shelf: Shelf, seed: int = 0, **changes: object) -> MaskLesson:
    values = {"batch_size": 24, "variation": 0.0, "paste_covers": 0.0, "swap_background": 0.0}
    return lesson(shelf, tiny(**(values | changes)), Generator().manual_seed(seed))


def test_without_any_variation_faces_are_shown_as_they_are(shelf: Shelf) -> None:
    plain = shown(shelf)
    inside = slice(8, 8 + SIZE)
    originals = shelf.stack_NCHW[:, :, inside, inside].float() / 255
    for seen, mask in zip(plain.seen_BCHW, plain.mask_B1HW, strict=True):
        apart = (originals - torch.cat([seen, mask, mask])).abs()[:, :4].amax((1, 2, 3))
        assert apart.min() < 1e-4


def test_batches_have_the_size_asked_for_and_repeat_with_their_seed(shelf: Shelf) -> None:
    one, again, other = (
        shown(shelf, seed, batch_size=5, variation=1.0, paste_covers=0.5) for seed in (1, 1, 2)
    )
    assert one.seen_BCHW.shape == (5, 3, SIZE, SIZE) and one.mask_B1HW.shape == (5, 1, SIZE, SIZE)
    assert torch.equal(one.seen_BCHW, again.seen_BCHW) and not torch.equal(one.seen_BCHW, other.seen_BCHW)
    assert float(one.seen_BCHW.min()) >= 0 and float(one.seen_BCHW.max()) <= 1


def test_turns_and_bends_carry_the_mask_with_the_face(shelf: Shelf) -> None:
    """The room is blue, faces are not: where the moved mask says face, the moved picture is no room."""
    moved = shown(shelf, variation=0.6)
    assert float((moved.mask_B1HW - shown(shelf).mask_B1HW).abs().mean()) > 0.02
    red, blue = moved.seen_BCHW[:, 0], moved.seen_BCHW[:, 2]
    is_face = moved.mask_B1HW[:, 0] > 0.9
    assert float((red > blue)[is_face].float().mean()) > 0.95


def test_what_covers_one_face_is_laid_over_others_and_is_no_face_there(shelf: Shelf) -> None:
    plain, covered = shown(shelf), shown(shelf, paste_covers=1.0)
    gone = (plain.mask_B1HW > 0.9) & (covered.mask_B1HW < 0.1)
    assert float(gone.float().mean()) > 0.02
    changed = (plain.seen_BCHW - covered.seen_BCHW).abs().amax(1, keepdim=True) > 0.005
    assert float((changed & (plain.mask_B1HW > 0.9) & (covered.mask_B1HW > 0.9)).float().mean()) < 0.01
    assert float(changed[gone].float().mean()) > 0.9
    untouched = [(plain.mask_B1HW[n] == covered.mask_B1HW[n]).all() for n in range(24)]
    assert sum(bool(same) for same in untouched) < 8


def test_another_room_leaves_face_and_cover_alone(shelf: Shelf) -> None:
    plain, swapped = shown(shelf), shown(shelf, swap_background=1.0)
    assert torch.equal(plain.mask_B1HW, swapped.mask_B1HW)
    changed = (plain.seen_BCHW - swapped.seen_BCHW).abs().amax(1, keepdim=True) > 0.02
    assert float(changed[plain.mask_B1HW > 0.9].float().mean()) < 0.01
    assert float(changed.float().mean()) > 0.02


def test_more_variation_changes_colours_more(shelf: Shelf) -> None:
    plain = shown(shelf).seen_BCHW.mean((2, 3))
    spread = [
        float((shown(shelf, variation=v).seen_BCHW.mean((2, 3)) - plain).abs().mean()) for v in (0.3, 2.0)
    ]
    assert spread[1] > 2 * spread[0] > 0
    assert np.isfinite(spread).all()
