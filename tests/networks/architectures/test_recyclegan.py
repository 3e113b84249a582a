"""RecycleGAN paints either performer from frames of the other, and guesses frames to come."""

from __future__ import annotations

import torch

from understudy.networks.architectures.recyclegan import NextFrame, RecycleGan, Translator
from understudy.networks.catalog import build
from understudy.networks.face_model import parameter_count


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
    with torch.device("meta"):
        translator = Translator(64)
    ends = [(3, 64, 7), (64, 128, 4), (128, 256, 4), (256, 512, 3), (128, 256, 3), (64, 3, 7)]
    convolutions = [*ends, *[(256, 256, 3)] * 12]
    weights = sum(a * b * k**2 + b for a, b, k in convolutions)
    normed = [64, 128, *[256] * 13, 512, 256]
    assert parameter_count(translator) == weights + sum(2 * width for width in normed)


def test_filters_and_sides_are_those_that_are_said() -> None:
    for filters in (4, 8):
        model = build("recyclegan", {"filters": filters, "size_px": 128}, device="meta")
        assert model.decoder_src.layers[1].out_channels == filters and model.size_px == 128
