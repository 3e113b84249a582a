"""The face network while it learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.dense_face.drawn import drawn_shards
from understudy.networks.dense_face import CROP_PX, load_dense_face
from understudy.training.dense_face.camera import Camera
from understudy.training.dense_face.dice import Dice
from understudy.training.dense_face.learner import FaceLearner
from understudy.training.dense_face.lessons import Lesson, lesson
from understudy.training.dense_face.stock import read_stock
from understudy.training.machine.device import Compute

CPU = Compute(torch.device("cpu"), uses_bfloat16=False)


@pytest.fixture
def shown(tmp_path: Path) -> Lesson:
    stock = read_stock([drawn_shards(tmp_path / "shards")])
    return lesson(stock, 2, Dice(0), Camera(CROP_PX))


def test_a_lesson_repeated_is_learned(shown: Lesson) -> None:
    learner = FaceLearner(CPU, seed=0)
    totals = [float(learner.step(shown, rate=2e-3)["total"]) for _ in range(4)]
    assert totals[-1] < totals[0] - 1


def test_a_restored_learner_goes_on_as_the_one_that_was_saved(shown: Lesson, tmp_path: Path) -> None:
    learner = FaceLearner(CPU, seed=0)
    learner.step(shown, rate=1e-3)
    learner.save(tmp_path / "state.safetensors", seconds=12.5)
    other = FaceLearner(CPU, seed=5)
    assert other.restore(tmp_path / "state.safetensors") == 12.5
    assert other.iteration == 1
    learner.step(shown, rate=1e-3)
    other.step(shown, rate=1e-3)
    for name in ("network", "average"):
        for a, b in zip(
            getattr(learner, name).state_dict().values(),
            getattr(other, name).state_dict().values(),
            strict=True,
        ):
            assert torch.equal(a, b)


def test_written_weights_are_the_average_as_the_product_reads_it(shown: Lesson, tmp_path: Path) -> None:
    learner = FaceLearner(CPU, seed=0)
    learner.step(shown, rate=1e-3)
    path = tmp_path / "w.safetensors"
    learner.write_weights(path)
    assert path.stat().st_size < 6_000_000
    with torch.inference_mode():
        said = load_dense_face(path)(shown.crops_B3HW)
        own = learner.average.eval()(shown.crops_B3HW)
    torch.testing.assert_close(said.points_BK2, own.points_BK2, atol=2e-3, rtol=0)
    again = FaceLearner(CPU, seed=1, weights=path)
    value = again.network.state_dict()["point_head.heat.weight"]
    torch.testing.assert_close(
        value, learner.average.state_dict()["point_head.heat.weight"], atol=1e-3, rtol=1e-3
    )
