"""The quick network paints whoever it is told to, alike in one pass and in two."""

from __future__ import annotations

import torch

from understudy.networks.architectures.quick import Quick


def small() -> Quick:
    torch.manual_seed(0)
    return Quick(32, width=8, code=12)


def test_painting_both_performers_in_one_pass_equals_painting_each_alone() -> None:
    model = small()
    src, dst = torch.rand(2, 3, 32, 32), torch.rand(3, 3, 32, 32)
    made = model.reconstruct(src, dst)
    both_src, both_dst = made.src, made.dst
    torch.testing.assert_close(both_src.faces_BCHW, model(src, "src").faces_BCHW)
    torch.testing.assert_close(both_dst.faces_BCHW, model(dst, "dst").faces_BCHW)
    torch.testing.assert_close(both_dst.masks_B1HW, model(dst, "dst").masks_B1HW)


def test_who_is_shown_changes_what_is_painted() -> None:
    model = small()
    faces = torch.rand(2, 3, 32, 32)
    assert not torch.allclose(model(faces, "src").faces_BCHW, model(faces, "dst").faces_BCHW)


def test_what_is_painted_for_a_face_does_not_depend_on_its_neighbours() -> None:
    model = small()
    faces = torch.rand(4, 3, 32, 32)
    torch.testing.assert_close(model(faces, "src").faces_BCHW[2:3], model(faces[2:3], "src").faces_BCHW)
