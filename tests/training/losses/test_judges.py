"""Judges are made when they are first asked, and only then; another shape is another critic, and is told."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.training.losses.drawn import EXACT
from understudy.training.losses.adversarial import taught
from understudy.training.losses.judges import Judges
from understudy.training.losses.options import LossOptions

SMALL = LossOptions(gan_power=0.1, gan_patch_size=7, gan_dims=4)


def judges(seed: int = 0) -> Judges:
    return Judges(seed=seed, compute=EXACT)


def weights(tensors: dict[str, Tensor]) -> Tensor:
    return torch.cat([value.flatten().float() for name, value in tensors.items() if ":" not in name])


def taught_judges() -> Judges:
    made = judges()
    critic = made.gan(SMALL, 32)
    critic.learn(taught(critic, torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)), rate=1e-3)
    return made


def test_nobody_is_there_before_being_asked() -> None:
    assert judges().tensors() == {}


def test_the_patch_is_an_eighth_of_the_face_where_none_is_said() -> None:
    critic = judges().gan(LossOptions(gan_power=1), 128)
    assert critic.shape == (16, 16)


def test_judges_of_one_seed_are_alike_whatever_torch_has_drawn() -> None:
    torch.manual_seed(3)
    first = judges(1)
    first.gan(SMALL, 32)
    torch.rand(5)
    state = torch.random.get_rng_state()
    second = judges(1)
    second.gan(SMALL, 32)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(weights(first.tensors()), weights(second.tensors()))
    assert torch.equal(first.features.convs[0].weight, second.features.convs[0].weight)  # type: ignore[arg-type]


def test_the_same_critic_is_asked_again() -> None:
    made = judges()
    assert made.gan(SMALL, 32) is made.gan(SMALL, 32) and made.notices == []
    code = torch.zeros(1, 4, 8, 8)
    assert made.true_face(code) is made.true_face(code)


def test_another_patch_size_or_width_is_a_new_critic_and_is_told() -> None:
    for change in ({"gan_patch_size": 15}, {"gan_dims": 8}):
        made = taught_judges()
        made.gan(SMALL.changed(**change), 32)
        (notice,) = made.notices
        assert "starts to learn anew" in notice


def test_what_a_critic_knows_is_kept_while_nobody_asks_it() -> None:
    first = taught_judges()
    second = judges(4)
    second.load(first.tensors())
    assert second.tensors().keys() == first.tensors().keys()
    second.gan(SMALL, 32)
    assert second.notices == [] and torch.equal(weights(first.tensors()), weights(second.tensors()))


def test_a_loaded_critic_of_another_shape_starts_anew_and_is_told() -> None:
    second = judges()
    second.load(taught_judges().tensors())
    second.gan(SMALL.changed(gan_dims=8), 32)
    assert len(second.notices) == 1
