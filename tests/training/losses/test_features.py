"""Random filters: the same from the same seed, blind to nothing, forgiving to a pixel's shift of texture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as nnf

from tests.training.losses.drawn import pictures
from understudy.training.losses.features import RandomFeatures, feature_distance


def distance(a: torch.Tensor, b: torch.Tensor, seed: int = 0) -> torch.Tensor:
    network = RandomFeatures(seed)
    return feature_distance(network(a), network(b))


def test_the_same_seed_gives_the_same_filters_and_another_others() -> None:
    torch.manual_seed(5)
    first, second, third = RandomFeatures(1), RandomFeatures(1), RandomFeatures(2)
    assert torch.equal(first.convs[2].weight, second.convs[2].weight)  # type: ignore[arg-type]
    assert not torch.equal(first.convs[2].weight, third.convs[2].weight)  # type: ignore[arg-type]
    assert not any(parameter.requires_grad for parameter in first.parameters())


def test_filters_of_a_layer_are_orthogonal() -> None:
    weights = RandomFeatures(0).convs[1].weight.flatten(1)  # type: ignore[union-attr]
    torch.testing.assert_close(weights @ weights.T, 2 * torch.eye(64), atol=1e-4, rtol=0)


def test_the_distance_is_between_directions_of_features() -> None:
    a, b = list(RandomFeatures(0)(pictures(0))), RandomFeatures(0)(pictures(1))
    wanted = []
    for x, y in zip(a, b, strict=True):
        one, other = x.numpy(), y.numpy()
        one, other = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (one, other))
        wanted.append(((one - other) ** 2).sum(1).mean())
    assert len(a) == 4 and float(feature_distance(a, b)) == pytest.approx(np.mean(wanted), rel=1e-3)


def test_equal_pictures_cost_nothing_and_damage_costs_more_and_more() -> None:
    face = pictures(0)
    noise = pictures(1) - 0.5
    none, little, much = (float(distance(face, face + share * noise)) for share in (0, 0.1, 0.5))
    assert none == 0 and 0 < little < much < 4


def test_blur_is_a_worse_match_than_texture_a_pixel_aside_though_colours_say_the_contrary() -> None:
    texture = pictures(0, size=64)
    aside, smooth = texture.roll(1, -1), nnf.avg_pool2d(texture, 5, 1, 2)
    assert nnf.mse_loss(aside, texture) > nnf.mse_loss(smooth, texture)
    network = RandomFeatures(0)
    maps = {name: network(one)[2:] for name, one in {"t": texture, "a": aside, "s": smooth}.items()}
    assert feature_distance(maps["a"], maps["t"]) < feature_distance(maps["s"], maps["t"])


def test_slopes_are_numbers_on_flat_pictures_and_lead_to_the_goal() -> None:
    for value in (0.0, 0.5):
        flat = torch.full((1, 3, 32, 32), value, requires_grad=True)
        (slope,) = torch.autograd.grad(distance(flat, pictures(0, 1)), flat)
        assert torch.isfinite(slope).all()
    goal, face = pictures(1), pictures(2).requires_grad_()
    before = distance(face, goal)
    (slope,) = torch.autograd.grad(before, face)
    assert distance(face - 0.1 * slope / slope.norm(), goal) < before


def test_a_batch_is_the_mean_of_its_pictures() -> None:
    a, b = pictures(1, 3), pictures(2, 3)
    alone = torch.stack([distance(x[None], y[None]) for x, y in zip(a, b, strict=True)])
    torch.testing.assert_close(distance(a, b), alone.mean(), atol=1e-5, rtol=1e-4)
