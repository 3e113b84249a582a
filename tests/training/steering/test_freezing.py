"""Frozen parts stay to the bit, everything else learns, and a thawed part learns on."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.training.conftest import TINY_NETWORK, tiny_options
from tests.training.test_learner import EXACT, NORMED, lessons
from understudy.errors import OptionInvalid
from understudy.networks.catalog import build
from understudy.training.learner import Learner
from understudy.training.options import TrainOptions
from understudy.training.steering.freezing import frozen_parts
from understudy.training.steering.optimizers import OPTIMIZERS


def weights(of: Learner, part: str) -> Tensor:
    return torch.cat([p.detach().flatten().clone() for p in of.model.parts()[part].parameters()])


def stepped(of: Learner, options: TrainOptions, steps: int = 1) -> None:
    for number in range(steps):
        of.step(*lessons(number), options, speed=1.0)


def learner(options: TrainOptions) -> Learner:
    return Learner("quick", TINY_NETWORK, options=options, seed=0, compute=EXACT)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_frozen_part_stays_to_the_bit_and_its_optimiser_forgets_nothing(optimizer: str) -> None:
    free = tiny_options(optimizer=optimizer, weight_decay=0.1)
    made = learner(free)
    stepped(made, free)
    kept = {name: value.clone() for name, value in made.optimizer_tensors().items()}
    encoder, decoder = weights(made, "encoder"), weights(made, "decoder")
    stepped(made, free.changed(freeze="encoder"), 2)
    assert torch.equal(weights(made, "encoder"), encoder)
    assert not torch.equal(weights(made, "decoder"), decoder)
    for name, value in made.optimizer_tensors().items():
        if name.startswith("encoder."):
            assert torch.equal(value, kept[name]), name


def test_a_frozen_part_learns_again_from_the_iteration_that_is_said() -> None:
    options = tiny_options(freeze="encoder", freeze_until=2)
    made = learner(options)
    start = weights(made, "encoder")
    stepped(made, options, 2)
    assert torch.equal(weights(made, "encoder"), start)
    stepped(made, options, 1)
    assert not torch.equal(weights(made, "encoder"), start)


def test_batch_norms_of_a_frozen_part_count_nothing_until_it_learns_again() -> None:
    network = {**NORMED, "split_decoders": True}
    one = Learner("custom", network, options=tiny_options(), seed=0, compute=EXACT)

    def counted(part: str) -> list[Tensor]:
        return [buffer.clone() for buffer in one.model.parts()[part].buffers()]

    held, other = "decoder_src", "decoder_dst"
    stepped(one, tiny_options())
    before, before_other = counted(held), counted(other)
    stepped(one, tiny_options(freeze=held), steps=2)
    assert before and all(map(torch.equal, counted(held), before))
    assert not all(map(torch.equal, counted(other), before_other))
    stepped(one, tiny_options())
    assert not all(map(torch.equal, counted(held), before))


def frozen(
    architecture: str, iteration: int = 0, network: dict | None = None, **options: object
) -> frozenset[str]:
    model = build(architecture, network, device="meta")
    return frozen_parts(model, tiny_options(**options), iteration=iteration)


def test_a_kind_of_part_means_all_of_that_kind() -> None:
    assert frozen("df", freeze="decoder") == {"decoder_src", "decoder_dst"}
    assert frozen("df", freeze="encoder, decoder_src") == {"encoder", "decoder_src"}
    assert frozen("df", freeze="decoder", freeze_until=5, iteration=5) == frozenset()


def test_the_common_bottleneck_rests_while_faces_are_not_bent_where_that_is_asked() -> None:
    assert frozen("liaef128", hold_inter_ab=True, random_warp=0.0) == {"inter_ab"}
    assert frozen("liaef128", hold_inter_ab=True, random_warp=0.5) == frozenset()
    assert frozen("liaef128", random_warp=0.0) == frozenset()
    assert frozen("df", hold_inter_ab=True, random_warp=0.0) == frozenset()


def test_a_part_that_is_not_there_or_nothing_left_to_learn_is_refused() -> None:
    with pytest.raises(OptionInvalid, match=r"no part 'head'.*encoder"):
        frozen("df", freeze="head")
    with pytest.raises(OptionInvalid, match="nothing is left"):
        frozen("quick", freeze="encoder decoder")


def test_a_freeze_that_leaves_only_what_never_learns_is_refused() -> None:
    drawn = {"trained_inters": False}
    with pytest.raises(OptionInvalid, match=r"inter_src, inter_dst can't learn.*nothing is left"):
        frozen("amp", network=drawn, freeze="encoder, decoder")
    assert frozen("amp", freeze="encoder, decoder") == {"encoder", "decoder"}
    assert frozen("amp", network=drawn, freeze="encoder") == {"encoder"}


def test_a_freeze_that_leaves_only_what_a_stage_asks_nothing_of_is_refused() -> None:
    face = "encoder, inter, decoder"
    with pytest.raises(OptionInvalid, match=r"view can't learn.*nothing is left"):
        frozen("avatar", freeze=face, avatar_stage="faces")
    with pytest.raises(OptionInvalid, match="nothing is left"):
        frozen("avatar", freeze="view", avatar_stage="views")
    assert frozen("avatar", freeze="view", avatar_stage="faces") == {"view"}
    assert "view" not in frozen("avatar", freeze=face)
