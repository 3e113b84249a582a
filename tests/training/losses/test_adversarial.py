"""The critic of patches: its receptive field, its size, what it asks and how it learns."""

from __future__ import annotations

import math

import pytest
import torch

from tests.training.losses.drawn import EXACT, pictures
from understudy.networks.face_model import parameter_count
from understudy.training.losses.adversarial import (
    PatchUnet,
    asked,
    outside,
    receptive_field,
    strides_for,
    taught,
)
from understudy.training.losses.critic import Critic

PARAMETERS = pytest.mark.parametrize(
    "patch_px, strides, millions",
    [(16, (2, 2, 2), 0.23), (28, (2, 1, 2, 1, 2), 3.8), (32, (2, 2, 2, 2), 0.95), (40, (), 3.8)],
)


def critic(seed: int = 0, patch_px: int = 8) -> Critic:
    torch.manual_seed(seed)
    return Critic(PatchUnet(patch_px, 8), (patch_px, 8), EXACT)


@PARAMETERS
def test_the_stack_and_the_size_are_the_references(
    patch_px: int, strides: tuple[int, ...], millions: float
) -> None:
    if strides:
        assert strides_for(patch_px) == strides
    with torch.device("meta"):
        count = parameter_count(PatchUnet(patch_px, 16))
    assert count / 1e6 == pytest.approx(millions, rel=0.03)


@pytest.mark.parametrize("patch_px", [3, 5, 7, 8, 16, 28, 32, 40, 80])
def test_the_field_is_what_really_reaches_a_verdict_and_nearest_to_the_patch(patch_px: int) -> None:
    strides = strides_for(patch_px)
    x = torch.zeros(1, 1, 256, requires_grad=True)
    y = x
    for stride in strides:
        y = torch.nn.functional.conv1d(y, torch.ones(1, 1, 3), stride=stride, padding=1)
    y[0, 0, y.shape[-1] // 2].backward()
    assert x.grad is not None
    assert int((x.grad != 0).sum()) == receptive_field(strides)
    assert abs(receptive_field(strides) - patch_px) <= max(2, patch_px // 8)


@pytest.mark.parametrize("size", [32, 48, 50])
def test_every_pixel_and_every_patch_gets_a_verdict(size: int) -> None:
    patches, pixels = PatchUnet(16, 8)(pictures(0, 2, size))
    assert pixels.shape == (2, 1, size, size)
    assert patches.shape == (2, 1, math.ceil(size / 8), math.ceil(size / 8))


def test_a_critic_learns_to_tell_and_then_asks_for_more() -> None:
    made, real = critic(), pictures(0) * 0.2
    fake = pictures(1) * 0.2 + 0.8
    before = asked(made, fake).item()
    first = taught(made, fake, real).item()
    for _ in range(12):
        made.learn(taught(made, fake, real), rate=4e-3)
    assert taught(made, fake, real).item() < 0.5 * first
    assert asked(made, fake).item() > before > asked(made, real).item()


def test_what_is_taught_is_half_of_both_mistakes_for_pixels_and_patches() -> None:
    made, real, fake = critic(), pictures(0), pictures(1)
    wanted = 0.0
    for of_real, of_fake in zip(made.network(real), made.network(fake), strict=True):
        wanted -= of_real.sigmoid().log().mean() / 2 + (1 - of_fake.sigmoid()).log().mean() / 2
    torch.testing.assert_close(taught(made, fake, real), wanted)
    assert taught(made, fake, real, smoothing=0.3) != taught(made, fake, real)


def test_teaching_leaves_the_model_alone() -> None:
    fake = pictures(1).requires_grad_()
    taught(critic(), fake, pictures(0)).backward()
    assert fake.grad is None


def test_the_surroundings_cost_their_difference_and_a_trace_of_variation() -> None:
    area = torch.zeros(1, 1, 32, 32)
    area[..., 8:24, 8:24] = 1
    flat = torch.full((1, 3, 32, 32), 0.5)
    assert float(outside(flat, flat, area)) == 0
    wrong = flat.clone()
    wrong[..., :4] += 0.1
    variation = 1e-6 * 3 * 32 * 0.1**2
    assert float(outside(wrong, flat, area)) == pytest.approx(0.02 * 0.1**2 / 8 + variation, rel=1e-4)


def test_flat_and_black_faces_give_numbers() -> None:
    black = torch.zeros(1, 3, 32, 32, requires_grad=True)
    (asked(critic(), black) + outside(black, black.detach(), torch.ones(1, 1, 32, 32))).backward()
    assert black.grad is not None and torch.isfinite(black.grad).all()
