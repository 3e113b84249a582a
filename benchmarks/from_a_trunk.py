"""How benchmarks let a learner begin with a trunk that one of them made."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from safetensors.torch import load_file

from understudy.training.learner import Learner

# As the product begins, or with the trunk's bottleneck as well.
Much = Literal["but who it is", "whole"]


def begin_from_trunk(learner: Learner, path: Path, much: Much) -> None:
    """Give a new learner the trunk's weights, in its average too."""
    trunk, model = load_file(path), learner.model
    weights = dict(trunk)
    for part in model.parts() if much != "whole" else ():
        start = f"{part}."
        learnt = {name.removeprefix(start): value for name, value in trunk.items() if name.startswith(start)}
        weights |= {start + name: value for name, value in model.of_trunk(part, learnt).items()}
    learner.load(iteration=0, model=weights, ema=weights, optimizer={})
