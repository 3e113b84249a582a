"""What is asked of every architecture in the catalog, at the small settings of `small.py`.

To add an architecture, give it a line there. What is particular to one lies in `architectures/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.networks.small import (
    BARS,
    DST_SKIN,
    RATES,
    SMALL,
    SRC_SKIN,
    STEPS,
    USUAL_BAR,
    USUAL_RATE,
    USUAL_STEPS,
    VARIANTS,
    drawn_lesson,
    small,
)
from tests.training.conftest import tiny_options
from understudy.errors import ModelUnknown, OptionInvalid
from understudy.networks.catalog import ARCHITECTURES, build
from understudy.networks.face_model import FaceModel, Painted
from understudy.networks.options import NetworkOptions
from understudy.networks.swap import Side
from understudy.options import describe
from understudy.training.feeding.augment import Lesson
from understudy.training.learner import Learner
from understudy.training.machine.device import Compute

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)
OF_OWN_LOSSES = {"avatar", "recyclegan"}
OF_EACH = pytest.mark.parametrize("name", ARCHITECTURES)
OF_EACH_VARIANT = pytest.mark.parametrize(
    ("name", "variant"),
    [*((name, {}) for name in ARCHITECTURES), *VARIANTS],
    ids=[*ARCHITECTURES, *(f"{name}-{variant['archi']}" for name, variant in VARIANTS)],
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def faces_for(model: FaceModel, count: int = 2) -> Tensor:
    return torch.rand(count, 3, model.seen_px, model.seen_px, generator=torch.Generator().manual_seed(5))


def painted_by(model: FaceModel, faces: Tensor) -> list[Tensor]:
    with torch.no_grad():
        return [model(faces, "src").faces_BCHW, model(faces, "dst").faces_BCHW, model.swap(faces).masks_B1HW]


def test_every_architecture_has_small_settings_for_these_tests() -> None:
    assert set(SMALL) == set(ARCHITECTURES)


@OF_EACH
def test_every_architecture_names_where_it_comes_from_and_how_large_it_can_be(name: str) -> None:
    architecture = ARCHITECTURES[name]
    assert architecture.source[-4:].isdigit(), "a paper or program, and its year"
    assert issubclass(architecture.options, NetworkOptions)
    infos = {info.name: info for info in describe(architecture.options)}
    assert all(info.when == "create" for info in infos.values())
    assert build(name, device="meta").size_px == infos["size_px"].default


@OF_EACH
def test_every_network_paints_faces_and_masks_of_its_own_size(name: str) -> None:
    model = build(name, device="meta")
    seen = torch.empty(2, 3, model.seen_px, model.seen_px, device="meta")
    made = model.reconstruct(seen, seen)
    for painted in (model(seen, "src"), model(seen, "dst"), model.swap(seen), made.src, made.dst):
        assert painted.faces_BCHW.shape == (2, 3, model.size_px, model.size_px)
        assert painted.masks_B1HW.shape == (2, 1, model.size_px, model.size_px)
        assert painted.faces_BCHW.dtype == painted.masks_B1HW.dtype == torch.float32
    whole = torch.empty(2, 3, model.size_px, model.size_px, device="meta")
    assert model.goal(whole, "src").shape == model.goal(whole, "dst").shape == whole.shape


@OF_EACH
def test_a_side_the_network_cannot_halve_is_refused(name: str) -> None:
    with pytest.raises(OptionInvalid, match="size_px"):
        build(name, {"size_px": 99}, device="meta")


@OF_EACH
def test_colours_and_masks_lie_between_0_and_1_also_in_bfloat16(name: str) -> None:
    model = small(name).eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        made: Painted = model.swap(3 * faces_for(model) - 1)
    for values in (made.faces_BCHW, made.masks_B1HW, *made.smaller_BCHW):
        assert values.dtype == torch.float32
        assert values.min() >= 0 and values.max() <= 1


@OF_EACH
def test_the_parts_hold_every_weight_once(name: str) -> None:
    model = build(name, device="meta")
    in_parts = [id(p) for part in model.parts().values() for p in part.parameters()]
    assert sorted(in_parts) == sorted(id(p) for p in model.parameters())


@OF_EACH
def test_the_same_seed_gives_the_same_network_and_leaves_other_randomness_alone(name: str) -> None:
    before = torch.random.get_rng_state()
    first, second, other = small(name, seed=3), small(name, seed=3), small(name, seed=4)
    assert torch.equal(before, torch.random.get_rng_state())
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert any(not torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


@OF_EACH
def test_a_network_that_was_saved_paints_the_same_when_it_is_loaded(name: str, tmp_path: Path) -> None:
    first, second = small(name, seed=1).eval(), small(name, seed=2).eval()
    faces = faces_for(first)
    save_file({key: t.contiguous() for key, t in first.state_dict().items()}, tmp_path / "w.safetensors")
    second.load_state_dict(load_file(tmp_path / "w.safetensors"))
    assert all(
        torch.equal(a, b) for a, b in zip(painted_by(first, faces), painted_by(second, faces), strict=True)
    )


@OF_EACH
def test_channels_last_paints_what_channels_first_does(name: str) -> None:
    model = small(name).eval()
    faces = faces_for(model)
    last = painted_by(model, faces.contiguous(memory_format=torch.channels_last))
    first = painted_by(model.to(memory_format=torch.contiguous_format), faces.contiguous())
    for a, b in zip(last, first, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


@OF_EACH
def test_what_is_painted_for_a_face_does_not_depend_on_its_neighbours(name: str) -> None:
    model = small(name).eval()
    faces = faces_for(model, 3)
    for a, b in zip(painted_by(model, faces), painted_by(model, faces[1:2]), strict=True):
        torch.testing.assert_close(a[1:2], b, atol=1e-5, rtol=1e-4)


@OF_EACH_VARIANT
def test_training_reaches_every_weight_that_is_trained(name: str, variant: Mapping[str, Any]) -> None:
    learner = Learner(name, {**SMALL[name], **variant}, options=tiny_options(), seed=0, compute=EXACT)
    model = learner.model
    shown = drawn_lesson(model, SRC_SKIN, count=2)
    learner.step(shown, shown, tiny_options(), speed=1.0)
    assert [key for key, p in model.named_parameters() if p.requires_grad and p.grad is None] == []


@OF_EACH_VARIANT
def test_every_network_learns_8_faces_by_heart(name: str, variant: Mapping[str, Any]) -> None:
    """Four of each performer."""
    if name in OF_OWN_LOSSES:
        pytest.skip("asked for something else than faces; tests/training/losses/test_own.py sees it learn")
    options = tiny_options(optimizer="muon", learning_rate=RATES.get(name, USUAL_RATE))
    learner = Learner(name, {**SMALL[name], **variant}, options=options, seed=0, compute=EXACT)
    lessons = [drawn_lesson(learner.model, skin) for skin in (SRC_SKIN, DST_SKIN)]
    sides: tuple[Side, Side] = ("src", "dst")
    lessons = [
        lesson.painting(learner.model.goal(lesson.goal_BCHW, side))
        for lesson, side in zip(lessons, sides, strict=True)
    ]
    unlearned = sum(error_in(lesson.goal_BCHW.mean(0, keepdim=True), lesson) for lesson in lessons)
    error = unlearned
    for step in range(STEPS.get(name, USUAL_STEPS)):
        learner.step(*lessons, options, speed=1.0)
        if step % 8 == 7:
            with torch.no_grad():
                made = learner.model.reconstruct(*(lesson.seen_BCHW for lesson in lessons))
            painted = (made.src.faces_BCHW, made.dst.faces_BCHW)
            error = sum(error_in(*pair) for pair in zip(painted, lessons, strict=True))
            if error < BARS.get(name, USUAL_BAR) * unlearned:
                return
    pytest.fail(f"{name} still errs by {error:.4f}; the mean face would by {unlearned:.4f}")


def error_in(painted_BCHW: Tensor, lesson: Lesson) -> float:
    """The mean difference inside the face."""
    mask = lesson.mask_B1HW
    return float(((painted_BCHW - lesson.goal_BCHW).abs() * mask).sum() / mask.sum() / 3)


def test_an_unknown_architecture_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelUnknown, match="liaef128"):
        build("dfx")
