"""RecycleGAN paints either performer from frames of the other, and guesses frames to come."""

from __future__ import annotations

import torch

from tests.networks.architectures.layers import chain, conv, counts
from understudy.networks.architectures.recyclegan import NextFrame, RecycleGan
from understudy.networks.catalog import build


def test_a_swap_is_dsts_frame_through_srcs_translator() -> None:
    model = build("recyclegan", {"size_px": 32, "filters": 4}).eval()
    assert isinstance(model, RecycleGan)
    dst = torch.rand(2, 3, 32, 32)
    assert torch.equal(model.swap(dst).faces_BCHW, model.decoder_src(dst))
    assert torch.equal(model(dst, "dst").faces_BCHW, model.decoder_dst(dst))
    assert bool((model.swap(dst).masks_B1HW == 1).all())


def test_a_next_frame_is_guessed_from_both_frames_before() -> None:
    torch.manual_seed(0)
    network = NextFrame(4)
    first, second = torch.rand(2, 1, 3, 32, 32)
    guess = network(first, second).detach()
    assert guess.shape == first.shape and float(guess.min()) >= 0 and float(guess.max()) <= 1
    assert not torch.allclose(guess, network(second, first))


def test_parts_have_the_sizes_that_follow_from_their_description() -> None:
    ends = [(3, 64, 7), (64, 128, 4), (128, 256, 4), (256, 512, 3), (128, 256, 3), (64, 3, 7)]
    convolutions = [*ends, *[(256, 256, 3)] * 12]
    weights = sum(a * b * k**2 + b for a, b, k in convolutions)
    normed = [64, 128, *[256] * 13, 512, 256]
    translator = weights + sum(2 * width for width in normed)
    # Two frames down to 512 maps of a sixteenth of the side; each way up also sees the way down beside it.
    ways_up = ((512, 256), (2 * 256, 128), (2 * 128, 64), (2 * 64, 3))
    guess = chain((6, 64, 128, 256, 512), 4) + sum(conv(a, b, 3) for a, b in ways_up)
    assert counts(build("recyclegan", device="meta")) == {
        "decoder_src": translator,
        "decoder_dst": translator,
        "next_src": guess,
        "next_dst": guess,
    }


def test_filters_and_sides_are_those_that_are_said() -> None:
    for filters in (4, 8):
        model = build("recyclegan", {"filters": filters, "size_px": 128}, device="meta")
        assert model.decoder_src.layers[1].out_channels == filters and model.size_px == 128
