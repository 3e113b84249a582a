"""A segmenter's step, its loss, its measure, and that a checkpoint is all there is to know."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.segmenting.conftest import tiny
from understudy.errors import TrainingDiverged
from understudy.training.machine.device import choose_device
from understudy.training.segmenting.learner import MaskLearner, mask_loss, masks_of, mean_iou
from understudy.training.segmenting.variety import MaskLesson

CPU = choose_device("cpu")


def shown(seed: int = 0, count: int = 2) -> MaskLesson:
    generator = torch.Generator().manual_seed(seed)
    seen = torch.rand(count, 3, 32, 32, generator=generator)
    return MaskLesson(seen, (seen[:, :1] > 0.5).float())


def learner(**changes: object) -> MaskLearner:
    return MaskLearner(CPU, None, options=tiny(**changes))


def started(weights: MaskLearner, **changes: object) -> MaskLearner:
    return MaskLearner(CPU, weights.network.state_dict(), options=tiny(**changes))


def test_the_loss_is_least_for_the_very_mask_and_falls_as_it_is_neared() -> None:
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    sure = (mask * 2 - 1) * 20
    wrong, unsure, right = (float(mask_loss(logits, mask)) for logits in (-sure, sure * 0, sure))
    assert wrong > unsure > right >= 0 and right < 1e-3


def test_the_overlap_of_a_half_covered_mask_is_a_half_and_of_two_empty_ones_whole() -> None:
    true, seen = np.zeros((2, 4, 4)), np.zeros((2, 4, 4))
    true[0, :, :2] = 1
    seen[0, :, :1] = 1
    assert mean_iou(seen, true) == pytest.approx((0.5 + 1) / 2)


def test_steps_bring_the_loss_down_and_the_average_follows() -> None:
    one = learner()
    losses = [one.step(shown(seed % 3), tiny()) for seed in range(12)]
    assert losses[-1] < losses[0] and one.iteration == 12
    moved = [
        not torch.equal(a, b)
        for a, b in zip(one.average.parameters(), learner().average.parameters(), strict=True)
    ]
    assert sum(moved) > 10


def test_the_same_seed_begins_the_same_and_another_one_does_not() -> None:
    first, again, other = (learner(seed=seed).network.mask_head.out.weight for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_the_mask_alone_can_learn_and_the_rest_stays() -> None:
    begun = learner()
    one = started(begun, learns="mask")
    one.step(shown(), tiny())
    assert one.network.pyramid.fine.conv.weight.grad is None  # which makes it faster
    assert torch.equal(one.network.pyramid.fine.conv.weight, begun.network.pyramid.fine.conv.weight)
    assert not torch.equal(one.network.mask_head.out.weight, begun.network.mask_head.out.weight)
    whole = started(begun, learns="all")
    whole.step(shown(), tiny())
    assert not torch.equal(whole.network.pyramid.fine.conv.weight, begun.network.pyramid.fine.conv.weight)


def test_what_a_network_knows_of_brightness_stays_when_it_begins_with_weights() -> None:
    one = started(learner())
    norm = one.network.pyramid.fine.norm
    assert isinstance(norm, torch.nn.BatchNorm2d) and norm.running_mean is not None
    before = norm.running_mean.clone()
    one.step(shown(), tiny())
    assert torch.equal(norm.running_mean, before)


def test_a_larger_learning_rate_makes_a_larger_step() -> None:
    begun = learner()
    moved = []
    for rate in (1e-4, 1e-2, 0.0):
        one = started(begun)
        one.step(shown(), tiny(learning_rate=rate))
        apart = one.network.mask_head.out.weight - begun.network.mask_head.out.weight
        moved.append(apart.abs().max().item())
    assert moved[0] < moved[2] < moved[1]


def test_going_on_from_a_checkpoint_gives_what_going_on_without_a_stop_gives() -> None:
    straight = learner()
    straight.step(shown(0), tiny())
    kept = straight.checkpoint({})
    kept = kept.__class__(
        **{
            **vars(kept),
            "model": {k: v.clone() for k, v in kept.model.items()},
            "ema": {k: v.clone() for k, v in kept.ema.items()},
            "optimizer": {k: v.clone() for k, v in kept.optimizer.items()},
        }
    )
    straight.step(shown(1), tiny())
    resumed = MaskLearner(CPU, kept.model, options=tiny())
    resumed.load(kept)
    resumed.step(shown(1), tiny())
    for one, other in zip(straight.average.parameters(), resumed.average.parameters(), strict=True):
        assert torch.equal(one, other)
    assert resumed.learns_norms


def test_a_loss_that_is_no_number_ends_it_with_what_to_do() -> None:
    one = learner()
    broken = shown()
    broken.seen_BCHW[:] = torch.nan
    with pytest.raises(TrainingDiverged, match="smaller learning_rate"):
        one.step(broken, tiny())


def test_masks_are_seen_alike_alone_and_in_many_and_none_of_none() -> None:
    network = learner().network.eval()
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
    together = masks_of(network, images, CPU)
    assert together.shape == (20, 32, 32) and 0 <= together.min() <= together.max() <= 1
    np.testing.assert_allclose(masks_of(network, images[7:8], CPU)[0], together[7], atol=1e-5)
    assert masks_of(network, images[:0], CPU).shape == (0, 32, 32)
