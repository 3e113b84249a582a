"""SAEHD's parts have the published sizes under every letter, and each letter does what it says."""

from __future__ import annotations

import pytest
import torch

from understudy.networks.architectures.saehd_blocks import (
    HdActivation,
    HdDecoder,
    HdEncoder,
    HdInter,
    HdUp,
    Letters,
    pixel_normed,
)
from understudy.networks.face_model import parameter_count


@pytest.mark.parametrize(
    ("size_px", "letters", "width", "doubled", "published"),
    [
        (128, "", 256, 1, (4.31, 14.96, 19.14)),
        (128, "ud", 256, 1, (4.31, 11.80, 19.18)),
        (128, "ud", 512, 2, (4.31, 19.93, 38.20)),
        (224, "udt", 512, 2, (15.65, 12.87, 53.48)),
        (256, "udt", 256, 1, (15.65, 12.60, 34.46)),
    ],
)
def test_parts_have_their_published_sizes_and_paint_the_side_they_see(
    size_px: int, letters: str, width: int, doubled: int, published: tuple[float, ...]
) -> None:
    meant = Letters.of(letters)
    with torch.device("meta"):
        encoder = HdEncoder(size_px, 64, meant)
        inter = HdInter(
            encoder.features, dense=256, side_px=meant.smallest_px(size_px), width=width, letters=meant
        )
        decoder = HdDecoder(doubled * width, width=64, mask_width=22, letters=meant)
        code = inter(encoder(torch.empty(2, 3, size_px, size_px)))
        painted = decoder(torch.cat([code] * doubled, 1))
    assert tuple(round(parameter_count(part) / 1e6, 2) for part in (encoder, inter, decoder)) == published
    assert code.shape[2:] == (meant.code_px(size_px),) * 2
    assert painted.faces_BCHW.shape == (2, 3, size_px, size_px)
    assert painted.masks_B1HW.shape == (2, 1, size_px, size_px)


@pytest.mark.parametrize("letters", ["", "t", "d", "td", "c"])
def test_every_combination_of_letters_fits_together(letters: str) -> None:
    meant = Letters.of(letters)
    encoder = HdEncoder(64, 2, meant)
    inter = HdInter(encoder.features, dense=3, side_px=meant.smallest_px(64), width=4, letters=meant)
    painted = HdDecoder(4, width=2, mask_width=2, letters=meant)(inter(encoder(torch.rand(1, 3, 64, 64))))
    assert painted.faces_BCHW.shape[-1] == painted.masks_B1HW.shape[-1] == 64


@pytest.mark.parametrize("letters", ["x", "uu", "dd", "UD"])
def test_unknown_or_doubled_letters_are_refused(letters: str) -> None:
    with pytest.raises(ValueError, match="letters are"):
        Letters.of(letters)


def test_u_gives_features_the_power_one_however_bright_the_face() -> None:
    torch.manual_seed(0)
    plain, normed = (HdEncoder(32, 2, Letters.of(letters)) for letters in ("", "u"))
    normed.load_state_dict(plain.state_dict())
    faces = torch.rand(3, 3, 32, 32) * torch.tensor([0.1, 0.5, 1]).view(3, 1, 1, 1)
    power = normed(faces).square().mean(1)
    torch.testing.assert_close(power, torch.ones(3), atol=1e-2, rtol=0)
    torch.testing.assert_close(normed(faces), pixel_normed(plain(faces)))


def test_c_multiplies_by_the_cosine_instead_of_rectifying() -> None:
    x = torch.linspace(-4, 4, 9)
    assert torch.equal(HdActivation(0.1, cosine=True)(x), x * torch.cos(x))
    assert torch.equal(HdActivation(0.1, cosine=False)(x), torch.where(x > 0, x, 0.1 * x))
    meant = Letters.of("c")
    parts = (
        HdEncoder(32, 2, meant),
        HdInter(4, dense=2, side_px=1, width=2, letters=meant),
        HdDecoder(2, width=1, mask_width=1, letters=meant),
    )
    activations = [m for part in parts for m in part.modules() if isinstance(m, HdActivation)]
    assert len(activations) > 8 and all(activation.cosine for activation in activations)


def test_the_four_last_convolutions_of_d_paint_the_four_pixels_of_a_cell_in_reading_order() -> None:
    decoder = HdDecoder(2, width=1, mask_width=1, letters=Letters.of("d"))
    for number, pixel in enumerate(decoder.pixels):
        torch.nn.init.zeros_(pixel.weight)  # type: ignore[arg-type]
        torch.nn.init.constant_(pixel.bias, float(number))  # type: ignore[arg-type]
    painted = decoder(torch.rand(1, 2, 2, 2)).faces_BCHW.logit()
    cell = torch.tensor([[0.0, 1.0], [2.0, 3.0]]).expand(1, 3, 2, 2)
    torch.testing.assert_close(painted[:, :, :2, :2], cell, atol=1e-4, rtol=0)


def test_t_leaves_the_doubling_of_the_bottleneck_to_the_decoder() -> None:
    for letters, ups in (("", 1), ("t", 0)):
        inter = HdInter(4, dense=2, side_px=2, width=2, letters=Letters.of(letters))
        assert sum(isinstance(part, HdUp) for part in inter.modules()) == ups
