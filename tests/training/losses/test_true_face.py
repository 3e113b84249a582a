"""The critic of codes: its sizes, what it asks of src's codes, what it learns, and codes it can't judge."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch

from tests.networks.small import SRC_SKIN, drawn_lesson, small
from tests.training.losses.drawn import EXACT, NOTHING
from understudy.errors import OptionInvalid
from understudy.training.losses.critic import Critic
from understudy.training.losses.objective import Objective
from understudy.training.losses.true_face import CodeCritic, asked, code_shape, one_map, taught


def critic(channels: int = 6, side: int = 8) -> Critic:
    torch.manual_seed(0)
    return Critic(CodeCritic(channels, side), (channels, side), EXACT)


@pytest.mark.parametrize(
    "side, widths", [(1, [256]), (8, [256, 512]), (16, [256, 512, 1024]), (32, [256, 512, 1024, 2048, 2048])]
)
def test_it_has_one_layer_and_one_more_for_every_eight_of_the_side(side: int, widths: list[int]) -> None:
    with torch.device("meta"):
        network = CodeCritic(4, side)
        assert [layer.out_channels for layer in network.layers] == widths
        assert [layer.kernel_size[0] for layer in network.layers] == [4, *[3] * (len(widths) - 1)]
        assert network(torch.zeros(2, 4, side, side)).shape[:2] == (2, 1)


def test_flat_codes_count_as_maps_of_one_pixel() -> None:
    assert code_shape(torch.zeros(2, 5)) == (5, 1)
    assert code_shape(torch.zeros(2, 5, 8, 8)) == (5, 8)
    assert CodeCritic(5, 1)(torch.zeros(2, 5)).shape == (2, 1, 1, 1)


def test_a_code_of_several_parts_is_refused_with_what_to_do() -> None:
    with pytest.raises(OptionInvalid, match="true_face_power"):
        one_map((torch.zeros(1), torch.zeros(1)))


@pytest.mark.parametrize(
    ("name", "refused"), [("df", ""), ("quick", ""), ("liaef128", "inter_b, inter_ab"), ("amp", "inter_src")]
)
def test_performers_with_codes_of_their_own_are_refused_by_name(name: str, refused: str) -> None:
    options = NOTHING.changed(true_face_power=0.1)
    asker = Objective(small(name), seed=0, compute=EXACT)
    shown = drawn_lesson(asker.model, SRC_SKIN, count=1)
    made = asker.model.reconstruct(shown.seen_BCHW, shown.seen_BCHW, torch.Generator())
    with pytest.raises(OptionInvalid, match=refused) if refused else nullcontext():
        assert "true_face" in asker.ask(made, shown, shown, options, iteration=0).src


def test_a_critic_learns_whose_code_it_is_and_then_asks_src_to_be_like_dst() -> None:
    made = critic()
    src, dst = torch.rand(4, 6, 8, 8) - 1, torch.rand(4, 6, 8, 8)
    first = taught(made, src, dst).item()
    for _ in range(10):
        made.learn(taught(made, src, dst), rate=1e-3)
    assert taught(made, src, dst).item() < 0.5 * first
    assert asked(made, src) > 2 * asked(made, dst)
    moved = src.clone().requires_grad_()
    asked(made, moved).backward()
    assert moved.grad is not None
    assert asked(made, src - 0.5 * moved.grad / moved.grad.norm()) < asked(made, src)


def test_what_is_taught_is_half_of_both_mistakes_and_leaves_the_codes_alone() -> None:
    made = critic()
    src, dst = torch.rand(2, 6, 8, 8, requires_grad=True), torch.rand(2, 6, 8, 8, requires_grad=True)
    of_src, of_dst = made.network(src), made.network(dst)
    wanted = -(of_dst.sigmoid().log().mean() + (1 - of_src.sigmoid()).log().mean()) / 2
    loss = taught(made, src, dst)
    torch.testing.assert_close(loss, wanted)
    loss.backward()
    assert src.grad is None and dst.grad is None
