"""MIAEF128 learns src in grey and takes the swap's colours from dst."""

from __future__ import annotations

import torch

from tests.networks.architectures.layers import chain, conv, counts, inter, ups
from tests.networks.architectures.routes import depends_on, millions
from tests.networks.small import small
from understudy.networks.architectures.miae import Miae, grey
from understudy.networks.catalog import build


def small_miae() -> Miae:
    model = small("miaef128")
    assert isinstance(model, Miae)
    return model


def test_parts_have_their_published_sizes() -> None:
    model = build("miaef128", device="meta")
    assert isinstance(model, Miae)
    assert millions(model.encoder) == 17.21
    assert millions(model.inter_a) == millions(model.inter_b) == 34.64
    assert millions(model) == 157.90
    assert [head.in_channels for head in (model.head_color, model.head_grey, model.head_mask)] == [
        256,
        256,
        128,
    ]
    assert [head.out_channels for head in (model.head_color, model.head_grey, model.head_mask)] == [3, 1, 1]


def test_every_part_has_the_layers_of_the_reference() -> None:
    common = ups((1024, 512, 256, 128)) + ups((1024, 256, 128, 64))
    own = inter(1024 * 8**2, 256, 8, 512)
    assert counts(build("miaef128", device="meta")) == {
        "encoder": chain((3, 128, 256, 512, 1024), 5),
        "inter_a": own,
        "inter_b": own,
        "common_a": common,
        "common_b": common,
        "head_color": conv(256, 3, 5),
        "head_grey": conv(256, 1, 5),
        "head_mask": conv(128, 1, 5),
    }


def test_src_is_seen_and_painted_in_grey_by_the_first_common_decoder_alone() -> None:
    model = small_miae()
    src, dst = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)
    made = model.reconstruct(src, dst).src
    assert torch.equal(made.faces_BCHW[:, 0], made.faces_BCHW[:, 2])
    from_grey = model.reconstruct(grey(src), dst).src
    torch.testing.assert_close(from_grey.faces_BCHW, made.faces_BCHW)
    assert depends_on(model, made.faces_BCHW) == {"encoder", "inter_a", "common_a", "head_grey"}
    assert depends_on(model, model.reconstruct(src, dst).src.masks_B1HW) == {
        "encoder", "inter_a", "common_a", "head_mask",
    }  # fmt: skip


def test_dst_is_painted_in_colour_by_both_common_decoders() -> None:
    model = small_miae()
    made = model.reconstruct(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)).dst
    assert depends_on(model, made.faces_BCHW) == {
        "encoder", "inter_a", "inter_b", "common_a", "common_b", "head_color",
    }  # fmt: skip


def test_a_swap_takes_dst_twice_through_a_and_paints_it_with_the_colours_that_dst_taught() -> None:
    model = small_miae()
    dst = torch.rand(2, 3, 32, 32)
    code = model.inter_a(model.encoder(dst))
    swap = model.swap(dst).faces_BCHW
    assert torch.equal(swap, model.decode(torch.cat([code, code], 1), "src").faces_BCHW)
    assert depends_on(model, swap) == {"encoder", "inter_a", "common_a", "common_b", "head_color"}


def test_the_goal_of_src_is_grey_and_that_of_dst_is_not() -> None:
    model, faces = small_miae(), torch.rand(2, 3, 32, 32)
    goal = model.goal(faces, "src")
    torch.testing.assert_close(goal[:, 0], 0.299 * faces[:, 0] + 0.587 * faces[:, 1] + 0.114 * faces[:, 2])
    assert torch.equal(goal[:, 0], goal[:, 1])
    assert model.goal(faces, "dst") is faces
