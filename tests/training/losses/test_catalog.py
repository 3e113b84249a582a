"""Every loss is asked when it has a weight and never computed without; every option changes what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from tests.training.losses.drawn import NOTHING, lessons, objective, painted, reconstructed
from tests.training.losses.test_identity import MeanColors
from understudy.errors import OptionInvalid
from understudy.training.losses import catalog
from understudy.training.losses.catalog import LOSSES
from understudy.training.losses.differences import DIFFERENCES
from understudy.training.losses.identity import EMBEDDERS, identity_distance
from understudy.training.losses.masks import widened
from understudy.training.losses.options import LossOptions
from understudy.training.losses.style import background_style, face_style
from understudy.training.losses.terms import Terms

# What gives each loss a weight, and nothing else.
ON: Mapping[str, Mapping[str, object]] = {
    "color": {"color_weight": 1},
    "structure": {"structure_weight": 1},
    "background": {"structure_weight": 1, "background_structure": 1},
    "eyes": {"eyes_weight": 1},
    "mouth": {"mouth_weight": 1},
    "expression": {"expression_weight": 1},
    "mask": {"mask_weight": 1},
    "smaller": {"smaller_weight": 1, "color_weight": 1},
    "gradient": {"gradient_weight": 1},
    "frequency": {"frequency_weight": 1},
    "features": {"feature_weight": 1},
    "face_style": {"face_style_power": 1},
    "bg_style": {"bg_style_power": 1},
    "true_face": {"true_face_power": 1},
    "gan": {"gan_power": 1, "gan_dims": 4},
    "gan_outside": {"gan_power": 1, "gan_dims": 4},
    "dst_background": {"dst_background_weight": 1},
    "following": {"follow_weight": 1, "follow_after": 0},
    "identity": {"identity_weight": 1, "identity_embedder": "colors:"},
}
SRC_ALONE = {"face_style", "bg_style", "true_face", "gan", "gan_outside", "following", "identity"}


@pytest.fixture(autouse=True)
def somebody_tells_identities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EMBEDDERS, "colors", MeanColors)


def terms(options: LossOptions) -> Terms:
    """What is asked of a tiny model that also paints smaller pictures."""
    asker, (src, dst) = objective(), lessons()
    made = reconstructed(asker, src, dst)
    small = tuple(nn.functional.avg_pool2d(made.src.faces_BCHW, side) for side in (2, 4))
    made = replace(made, src=replace(made.src, smaller_BCHW=small))
    return asker.ask(made, src, dst, options, iteration=0)


def with_only(name: str, **more: object) -> LossOptions:
    return NOTHING.changed(**{**ON[name], **more})


def cost(name: str, **more: object) -> Tensor:
    found = terms(with_only(name, **more))
    return (found.dst if name == "dst_background" else found.src)[name]


def test_every_loss_is_tried_here() -> None:
    assert set(ON) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_without_a_weight_is_never_computed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = dict.fromkeys(LOSSES, 0)

    def counted(which: str, real):
        def ask(*args: object) -> Tensor:
            counts[which] += 1
            return real(*args)

        return ask

    for which, loss in list(LOSSES.items()):
        monkeypatch.setitem(LOSSES, which, replace(loss, ask=counted(which, loss.ask)))
    with pytest.raises(OptionInvalid, match="nothing is asked"):
        terms(NOTHING)
    assert not any(counts.values())
    terms(with_only(name))
    sides = 1 if name in SRC_ALONE | {"smaller", "dst_background"} else 2
    assert counts[name] == sides
    beside = {"background": {"structure"}, "smaller": {"color"}, "gan": {"gan_outside"}, "gan_outside": {"gan"}}
    assert {which for which, count in counts.items() if count} == {name} | beside.get(name, set())


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_a_positive_number_with_a_slope_for_the_model(name: str) -> None:
    found = cost(name)
    assert found.dtype == torch.float32 and found.shape == () and 0 < float(found.detach()) < 1000
    assert found.requires_grad


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_counts_by_its_weight(name: str) -> None:
    first, *_ = ON[name]
    double = cost(name, **{first: 2 if first != "true_face_power" else 0.5})
    factor = 0.5 if first == "true_face_power" else 2
    if name == "gan_outside":  # on or off
        factor = 1
    if name == "smaller":
        assert double.detach() == pytest.approx(2 * float(cost(name).detach()))
        return
    torch.testing.assert_close(double, factor * cost(name))


@pytest.mark.parametrize("name", sorted(SRC_ALONE))
def test_what_looks_at_the_swap_or_at_src_is_asked_of_src_alone(name: str) -> None:
    assert name not in terms(with_only(name)).dst


def test_dsts_background_counts_for_dst_alone_and_smoothly() -> None:
    found = terms(with_only("dst_background", mask_weight=1, dst_background_weight=0.1))
    assert "dst_background" not in found.src
    asker, (src, dst) = objective(), lessons()
    faces, mask = reconstructed(asker, src, dst).dst.faces_BCHW, 1 - widened(dst.mask_B1HW)
    steps = sum(faces.diff(dim=dim).square().sum() for dim in (2, 3)) / len(faces)
    wanted = 0.1 * ((faces - dst.goal_BCHW) * mask).square().mean() + 1e-6 * steps
    torch.testing.assert_close(found.dst["dst_background"], wanted)


def test_a_swap_is_held_against_dsts_colours_and_srcs_identity() -> None:
    asker, (src, dst) = objective(), lessons()
    made, swap = reconstructed(asker, src, dst), asker.model.swap(dst.seen_BCHW)
    wanted = {
        "face_style": 100 * face_style(swap, made.dst),
        "bg_style": background_style(swap, made.dst, dst.goal_BCHW) / 10,
        "identity": identity_distance(MeanColors(), swap.faces_BCHW, src.goal_BCHW),
    }
    for name, cost in wanted.items():
        found = asker.ask(made, src, dst, with_only(name), iteration=0).src[name]
        torch.testing.assert_close(found, cost)


def test_styles_count_as_the_reference_has_it() -> None:
    options = with_only("face_style", face_style_power=0.01)
    assert LOSSES["face_style"].weight(options) == pytest.approx(10000 * 0.01 / 100)
    options = with_only("bg_style", bg_style_power=2)
    assert LOSSES["bg_style"].weight(options) == pytest.approx(10 * 2 / 100)


def test_the_critic_judges_dst_too_where_both_are_asked() -> None:
    assert "gan" in terms(with_only("gan", gan_sides="both")).dst


def test_surroundings_are_held_only_where_the_face_alone_is_asked_for() -> None:
    assert "gan_outside" not in terms(with_only("gan", masked_training=False)).src


@pytest.mark.parametrize(
    "name, change",
    [
        ("structure", {"structure": "windows"}),
        ("structure", {"structure": "both_windows"}),
        ("structure", {"structure": "scales"}),
        ("structure", {"structure": "edges"}),
        ("structure", {"masked_training": False}),
        ("structure", {"mask_area": "soft"}),
        ("structure", {"blur_out_mask": True}),
        ("color", {"color": "l2"}),
        ("color", {"color": "charbonnier"}),
        ("color", {"color": "log_cosh"}),
        ("color", {"color": "laplacian"}),
        ("color", {"background_weight": 0.5}),
        ("smaller", {"masked_training": False}),
        ("smaller", {"color": "l2"}),
        ("gradient", {"masked_training": False}),
        ("frequency", {"masked_training": False}),
        ("features", {"masked_training": False}),
        ("gan", {"masked_training": False}),
        ("background", {"background_structure": 0.5}),
        ("gan", {"gan_patch_size": 16}),
        ("gan", {"gan_dims": 8}),
    ],
)
def test_every_choice_changes_what_is_asked(name: str, change: dict[str, object]) -> None:
    with torch.no_grad():
        before, after = (terms(with_only(name, **more)).src[name] for more in ({}, change))
    assert not torch.isclose(before, after, rtol=1e-4)


def test_features_are_asked_now_and_then_so_much_stronger() -> None:
    asker, (src, dst) = objective(), lessons()
    made = reconstructed(asker, src, dst)
    always, seldom = (NOTHING.changed(feature_weight=1, mask_weight=1, feature_every=every) for every in (1, 3))
    found = [asker.ask(made, src, dst, seldom, iteration=n).src for n in range(4)]
    assert ["features" in terms for terms in found] == [True, False, False, True]
    once = asker.ask(made, src, dst, always, iteration=1).src["features"]
    torch.testing.assert_close(found[0]["features"], 3 * once)


@pytest.mark.parametrize("kind", DIFFERENCES)
def test_the_background_counts_by_its_share(kind: str) -> None:
    face = catalog.color
    asker, (src, dst) = objective(), lessons()
    made = reconstructed(asker, src, dst)
    scenes = [
        asker._scene(made, src, dst, NOTHING.changed(color=kind, color_weight=1, background_weight=share))
        for share in (0, 0.4)
    ]
    none, some = (face(scene.src, scene) for scene in scenes)
    whole = DIFFERENCES[kind](scenes[0].src.faces - src.goal_BCHW)
    torch.testing.assert_close(some - none, 0.4 * whole)


def test_smaller_pictures_are_held_against_smaller_goals() -> None:
    options = NOTHING.changed(smaller_weight=1, color_weight=1, structure_weight=0, masked_training=False)
    src, _ = lessons()
    asker = objective()
    small = nn.functional.avg_pool2d(src.goal_BCHW, 4)
    for off, wanted in ((0.0, 0.0), (0.1, 0.1)):
        made = reconstructed(asker, src, src)
        made = replace(made, src=replace(made.src, smaller_BCHW=(small + off,)))
        cost = asker.ask(made, src, src, options, iteration=0)
        assert float(cost.src["smaller"].detach()) == pytest.approx(wanted, abs=1e-6)
        assert "smaller" not in cost.dst


@pytest.mark.parametrize(
    "name",
    sorted(set(LOSSES) - {"true_face", "gan", "face_style", "bg_style", "following", "identity", "expression"}),
)
def test_what_compares_with_the_goal_costs_nothing_at_the_goal(name: str) -> None:
    src, _ = lessons()
    asker = objective()
    made = reconstructed(asker, src, src)
    flat = replace(src, goal_BCHW=torch.full_like(src.goal_BCHW, 0.5))
    right = replace(painted(0, like=flat), smaller_BCHW=(torch.full((2, 3, 16, 16), 0.5),))
    made = replace(made, src=right, dst=right)
    outside = name in {"gan_outside", "dst_background"}
    found = asker.ask(made, flat, flat, with_only(name, masked_training=outside), iteration=0)
    cost = (found.dst if name == "dst_background" else found.src)[name]
    assert float(cost) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("mask", [0.0, 1.0])
def test_black_masks_and_flat_faces_give_numbers_and_slopes(name: str, mask: float) -> None:
    asker, (src, dst) = objective(), lessons()
    black = torch.zeros_like(src.goal_BCHW)
    whole = torch.full_like(src.mask_B1HW, mask)
    src, dst = (replace(one, goal_BCHW=black, mask_B1HW=whole, eyes_B1HW=whole) for one in (src, dst))
    made = reconstructed(asker, src, dst)
    asker.ask(made, src, dst, with_only(name, mask_weight=1), iteration=0).totals().sum().backward()
    slopes = [p.grad for p in asker.model.parameters() if p.grad is not None]
    assert slopes and all(torch.isfinite(slope).all() for slope in slopes)
