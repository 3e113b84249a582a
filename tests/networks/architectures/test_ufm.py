"""UFM has its published size, and its decoders see the fine maps of the face."""

from __future__ import annotations

import pytest
import torch

from tests.networks.architectures.layers import chain, conv, counts, dense
from understudy.networks.architectures.ufm import Ufm
from understudy.networks.catalog import build
from understudy.networks.face_model import parameter_count


def small() -> Ufm:
    model = build("ufm", {"size_px": 64, "filters": 8})
    assert isinstance(model, Ufm)
    return model


def test_ufm_has_its_published_size() -> None:
    assert round(parameter_count(build("ufm", device="meta")) / 1e6, 1) == 91.0


def test_every_part_has_the_layers_of_the_reference() -> None:
    """Encoder 64·(1, 2, 4, 8) with a scale and a shift a channel; decoders go back, each level beside the
    encoder's map; a mask's is half as wide."""
    widths = (64, 128, 256, 512)
    flat = 512 * 8**2

    def decoder(start: int, out: int) -> int:
        own = [start * factor for factor in (8, 4, 2, 1)]
        entries = [512, own[0] + 256, own[1] + 128, own[2] + 64]
        levels = sum(conv(a, 4 * b, 3) + 2 * 4 * b for a, b in zip(entries, own, strict=True))
        return levels + conv(own[-1], out, 3)

    assert counts(build("ufm", device="meta")) == {
        "encoder": chain((3, *widths), 5) + 2 * sum(widths),
        "inter_both": dense(flat, 512) + dense(512, flat),
        "decoder_src": decoder(64, 3),
        "decoder_dst": decoder(64, 3),
        "decoder_src_mask": decoder(32, 1),
        "decoder_dst_mask": decoder(32, 1),
    }


def test_the_row_of_numbers_is_shorter_from_256_px_on() -> None:
    rows = [build("ufm", {"size_px": side}, device="meta").inter_both.narrow for side in (128, 256)]
    assert [row.out_features for row in rows] == [512, 256]


def test_filters_change_every_part() -> None:
    few, many = (
        build("ufm", {"size_px": 64, "filters": filters}, device="meta").parts() for filters in (8, 16)
    )
    assert all(parameter_count(few[name]) < parameter_count(many[name]) for name in few)


def test_a_swap_is_painted_by_srcs_decoders_from_all_maps_of_dst() -> None:
    model = small()
    dst = torch.rand(1, 3, 64, 64)
    maps = model.encoder(dst)
    code = (*maps[:-1], model.inter_both(maps[-1]))
    swap = model.swap(dst)
    assert torch.equal(swap.faces_BCHW, model.decoder_src(code))
    assert torch.equal(swap.masks_B1HW, model.decoder_src_mask(code))


@pytest.mark.parametrize("level", [0, 1, 2])
def test_decoders_see_the_encoders_finer_maps(level: int) -> None:
    model = small()
    code = model.inter(model.encode(torch.rand(1, 3, 64, 64)), "src")
    blind = tuple(m * (number != level) for number, m in enumerate(code))
    assert not torch.allclose(model.decode(blind, "dst").faces_BCHW, model.decode(code, "dst").faces_BCHW)


def test_painting_both_in_one_pass_equals_painting_each_alone() -> None:
    model = small()
    src, dst = torch.rand(1, 3, 64, 64), torch.rand(2, 3, 64, 64)
    made = model.reconstruct(src, dst)
    for painted, alone in ((made.src, model(src, "src")), (made.dst, model(dst, "dst"))):
        torch.testing.assert_close(painted.faces_BCHW, alone.faces_BCHW, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(painted.masks_B1HW, alone.masks_B1HW, atol=1e-4, rtol=1e-4)
