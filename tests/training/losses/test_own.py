"""Networks with losses of their own are asked those and no others, and their critics learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Generator, Tensor
from torch.nn import functional as nnf

from tests.networks import small as networks
from tests.networks.architectures.layers import chain, conv
from tests.training.conftest import tiny_options
from understudy.networks.architectures.avatar import GRAY, Avatar
from understudy.networks.catalog import ARCHITECTURES, build
from understudy.networks.face_model import parameter_count
from understudy.training.feeding.augment import Lesson
from understudy.training.learner import Learner
from understudy.training.losses.options import LossOptions
from understudy.training.losses.own import OWN_LOSSES, unheard
from understudy.training.losses.patch import PatchCritic
from understudy.training.losses.terms import Terms
from understudy.training.machine.device import Compute

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)
SMALL: Mapping[str, Mapping[str, Any]] = {
    "avatar": {"size_px": 64, "face_px": 32, "dims": 8, "view_dims": 8},
    "recyclegan": {"size_px": 32, "filters": 4},
}


def lesson(name: str, seed: int) -> Lesson:
    """Two runs of three frames."""
    side = SMALL[name]["size_px"]
    faces = torch.rand(6, 3, side, side, generator=Generator().manual_seed(seed))
    mask = torch.zeros(6, 1, side, side)
    mask[:, :, side // 4 : -side // 4, side // 4 : -side // 4] = 1
    return Lesson(faces, faces, mask, mask, mask)


def step(name: str, **options: Any) -> tuple[Learner, Terms]:
    said = tiny_options(**options)
    learner = Learner(name, SMALL[name], options=said, seed=0, compute=EXACT)
    return learner, learner.step(lesson(name, 1), lesson(name, 2), said, speed=1.0)


def test_every_network_with_losses_of_its_own_names_ones_that_exist() -> None:
    named = {build(name, device="meta").own_losses for name in ARCHITECTURES} - {""}
    assert named == set(OWN_LOSSES)


@pytest.mark.parametrize("name", OWN_LOSSES)
def test_all_weights_learn_and_the_usual_losses_are_not_asked(name: str) -> None:
    learner, terms = step(name, identity_weight=1.0)
    assert all(p.grad is not None for p in learner.model.parameters())
    assert not {"color", "structure", "identity"} & {*terms.src, *terms.dst}


@pytest.mark.parametrize("name", OWN_LOSSES)
def test_options_that_do_nothing_for_them_are_told_once(name: str) -> None:
    said = {"losses": "dfl", "gan_power": 0.1, "critic_rate": 1e-3, "avatar_stage": "both"}
    learner, _ = step(name, **said)
    learner.step(lesson(name, 3), lesson(name, 4), tiny_options(**said), speed=1.0)
    (told,) = learner.objective.take_notices()
    assert told.endswith("gan_power, losses.")
    assert step(name)[0].objective.take_notices() == []


@pytest.mark.parametrize("name", OWN_LOSSES)
def test_what_counts_for_them_is_what_they_look_at(name: str) -> None:
    assert unheard(name, LossOptions(avatar_stage="faces")) == (() if name == "avatar" else ("avatar_stage",))
    assert unheard(name, LossOptions(critic_rate=1e-3)) == ()
    assert unheard(name, LossOptions(losses="amp", gan_sides="src")) == ("gan_sides", "losses")


@pytest.mark.parametrize("name", OWN_LOSSES)
def test_critics_learn_and_are_kept_in_the_checkpoint(name: str) -> None:
    learner, _ = step(name)
    kept = {key: value.clone() for key, value in learner.objective.tensors().items()}
    assert any("exp_avg" in key for key in kept)
    learner.step(lesson(name, 3), lesson(name, 4), tiny_options(), speed=1.0)
    moved = learner.objective.tensors()
    assert any(not torch.equal(kept[key], moved[key]) for key in kept if key.endswith("weight"))


@pytest.mark.parametrize("name", OWN_LOSSES)
def test_critics_learn_what_is_real_and_the_model_pays_where_it_is_found_out(name: str) -> None:
    options = tiny_options(critic_rate=1e-2)
    learner = Learner(name, SMALL[name], options=options, seed=0, compute=EXACT)
    model, asker, (src, dst) = learner.model, learner.objective, (lesson(name, 1), lesson(name, 2))
    made = model.reconstruct(src.seen_BCHW, dst.seen_BCHW)
    for _ in range(12):
        asker.learn(made, src, dst, options)
    critic = asker.judges.networks()[0]
    with torch.no_grad():
        if isinstance(model, Avatar):
            goal, mask = model.face_of(src.goal_BCHW), model.face_of(src.mask_B1HW)
            real, painted = goal * mask + GRAY * (1 - mask), model.decoder_src(made.code_dst)
            wanted = 0.1 * nnf.softplus(-critic(painted)).mean()
        else:
            real, painted = src.goal_BCHW, model.decode(made.features_dst, "src").faces_BCHW  # type: ignore[arg-type]
            wanted = (critic(painted) - 1).square().mean()
        assert critic(real).mean() > critic(painted).mean() + 0.2
        torch.testing.assert_close(asker.ask(made, src, dst, options, iteration=0).src["critic"], wanted)


@pytest.mark.parametrize("name", OWN_LOSSES)
def test_a_critics_rate_is_how_fast_it_learns(name: str) -> None:
    def learned(rate: float) -> torch.Tensor:
        options = tiny_options(critic_rate=rate)
        learner = Learner(name, SMALL[name], options=options, seed=0, compute=EXACT)
        src, dst = lesson(name, 1), lesson(name, 2)
        made = learner.model.reconstruct(src.seen_BCHW, dst.seen_BCHW)
        learner.objective.learn(made, src, dst, options)
        critic = learner.objective.judges.networks()[0]
        return torch.cat([value.flatten() for value in critic.state_dict().values()])

    start, slow, fast = (learned(rate) for rate in (1e-7, 1e-6, 1e-3))
    assert (fast - start).norm() > 100 * (slow - start).norm() > 0


@pytest.mark.parametrize(
    ("stage", "src", "dst", "still"),
    [
        ("both", {"face", "critic", "view"}, {"face"}, set()),
        ("faces", {"face", "critic"}, {"face"}, {"view"}),
        ("views", {"view"}, set(), {"encoder", "inter_both", "decoder_src", "decoder_dst"}),
    ],
)
def test_an_avatar_learns_in_two_stages_or_in_both_at_once(
    stage: str, src: set[str], dst: set[str], still: set[str]
) -> None:
    learner, terms = step("avatar", avatar_stage=stage)
    assert (set(terms.src), set(terms.dst)) == (src, dst)
    untouched = {
        name
        for name, part in learner.model.parts().items()
        if all(p.grad is None or not p.grad.any() for p in part.parameters())
    }
    assert untouched == still


def avatar_with(faces: Tensor) -> tuple[Avatar, Terms]:
    """An avatar's terms where its first network paints just these faces."""
    options = tiny_options()
    learner = Learner("avatar", SMALL["avatar"], options=options, seed=0, compute=EXACT)
    model = learner.model
    assert isinstance(model, Avatar)
    shown = lesson("avatar", 1)
    made = model.reconstruct(shown.seen_BCHW, shown.seen_BCHW)
    for side in (made.src, made.dst):
        object.__setattr__(side, "face_BCHW", faces)
    return model, learner.objective.ask(made, shown, shown, options, iteration=0)


def test_an_avatars_faces_are_to_lie_on_gray() -> None:
    shown = lesson("avatar", 1)
    model, _ = avatar_with(torch.zeros(6, 3, 32, 32))
    goal, mask = model.face_of(shown.goal_BCHW), model.face_of(shown.mask_B1HW)
    _, right = avatar_with(goal * mask + GRAY * (1 - mask))
    _, black = avatar_with(goal * mask)
    assert right.detached().src["face"].item() == pytest.approx(0, abs=1e-4)
    assert black.detached().src["face"].item() > 0.2


def test_the_order_of_frames_counts_the_same_forwards_and_backwards() -> None:
    options = tiny_options()
    learner = Learner("avatar", SMALL["avatar"], options=options, seed=0, compute=EXACT)
    shown = lesson("avatar", 1)
    backwards = torch.tensor([2, 1, 0, 5, 4, 3])
    faces, mask = shown.seen_BCHW[backwards], shown.mask_B1HW
    costs = []
    for one in (shown, Lesson(faces, faces, mask, mask, mask)):
        made = learner.model.reconstruct(one.seen_BCHW, one.seen_BCHW)
        costs.append(learner.objective.ask(made, one, one, options, iteration=0).detached().src["view"])
    torch.testing.assert_close(costs[0], costs[1])


def test_a_recyclegan_is_asked_for_what_comes_back_after_a_look_ahead() -> None:
    _, terms = step("recyclegan")
    assert set(terms.src) == set(terms.dst) == {"critic", "recurrent", "recycle"}


def test_the_critic_of_published_avatars_has_its_published_size() -> None:
    with torch.device("meta"):
        assert parameter_count(PatchCritic(128, 256, 512, 1024)) == pytest.approx(11.0e6, rel=5e-3)


def test_a_recyclegan_has_a_critic_for_each_performer_of_three_layers_from_its_finest_width_on() -> None:
    learner, _ = step("recyclegan")
    normed = 2 * (8 + 16)  # a scale and a shift for each channel, but for those of the first layer
    critic = chain((3, 4, 8, 16), 4) + normed + conv(16, 1, 4)
    assert [parameter_count(judge) for judge in learner.objective.critics()] == [critic, critic]


@pytest.mark.parametrize(
    ("name", "costs"), [("avatar", ("face", "view")), ("recyclegan", ("recurrent", "recycle"))]
)
def test_they_learn_what_they_are_asked(name: str, costs: tuple[str, ...]) -> None:
    options = tiny_options(optimizer="muon", learning_rate=1e-2)
    learner = Learner(name, networks.SMALL[name], options=options, seed=0, compute=EXACT)
    skins = (networks.SRC_SKIN, networks.DST_SKIN)
    src, dst = (networks.drawn_lesson(learner.model, skin, count=2) for skin in skins)
    first, *_, last = [learner.step(src, dst, options, speed=1.0) for _ in range(14)]
    assert all(last.src[cost] < first.src[cost] / 2 for cost in costs)
    assert all(last.dst[cost] < first.dst[cost] / 2 for cost in costs if cost in last.dst)


def test_an_avatars_views_are_to_be_srcs_whole_frames_where_those_are_given() -> None:
    def view_loss(frame: Tensor | None) -> float:
        options = tiny_options(avatar_stage="views")
        learner = Learner("avatar", SMALL["avatar"], options=options, seed=0, compute=EXACT)
        src = replace(lesson("avatar", 1), frame_BCHW=frame)
        made = learner.model.reconstruct(src.seen_BCHW, src.seen_BCHW)
        return float(learner.objective.ask(made, src, src, options, iteration=0).src["view"].detach())

    goal = lesson("avatar", 1).goal_BCHW
    assert view_loss(goal) == view_loss(None) != view_loss(1 - goal)
