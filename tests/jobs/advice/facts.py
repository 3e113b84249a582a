"""Facts of a project in which all is well, to be spoilt one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from understudy.facesets.curation.coverage import coverage
from understudy.facesets.sorting.table import COLUMNS, Table
from understudy.jobs.advice.facts import Advice, Faces, Facts, Machine, Model
from understudy.training.options import TrainOptions

TEXTS = ("name", "clip", "face_type", "source_name")


def columns(count: int, **changes: Any) -> dict[str, np.ndarray]:
    """Sharp faces of one person that look about in even light; `changes` are values or arrays."""
    random = np.random.default_rng(0)
    found: dict[str, np.ndarray] = {
        name: np.full(count, "", object) if name in TEXTS else np.zeros(count) for name in COLUMNS
    }
    found |= {
        "frame": np.arange(count),
        "yaw_deg": random.uniform(-30, 30, count),
        "sharpness": random.uniform(0.5, 0.6, count),
        "brightness": random.uniform(0.4, 0.6, count),
        "light_side": random.uniform(-0.15, 0.15, count),
        "person": np.ones(count, int),
        "faces_in_frame": np.ones(count, int),
        "filled": np.zeros(count, bool),
    }
    for name, values in changes.items():
        found[name] = np.broadcast_to(values, count).copy()
    return found


def facts(*, src: dict[str, Any] | None = None, dst: dict[str, Any] | None = None, **more: Any) -> Facts:
    """Facts with 1,200 faces of src and 400 of dst, unless `count` says otherwise."""
    sides, widths = {}, {}
    for role, count, changes in (("src", 1200, dict(src or {})), ("dst", 400, dict(dst or {}))):
        widths[role] = changes.pop("width", 1.4)
        sides[role] = columns(changes.pop("count", count), **changes)
    tables = {role: [Table([None] * len(c["frame"]), c)] for role, c in sides.items()}  # type: ignore[list-item]
    made = Facts(
        "project",
        Faces({"src/main": len(sides["src"]["frame"])}, sides["src"], widths["src"]),
        Faces({"dst/main": len(sides["dst"]["frame"])}, sides["dst"], widths["dst"]),
        coverage(tables["src"], tables["dst"]),
        Machine("cuda:0", 8_000_000_000),
        model(),
    )
    return replace(made, **more)


def model(*, losses: np.ndarray | None = None, options: dict[str, Any] | None = None, **changes: Any) -> Model:
    """A model at full speed whose loss falls steadily, unless said otherwise."""
    falling = np.linspace(2.0, 1.0, 100)
    found = falling if losses is None else losses
    lines = [
        {"iteration": 20 * n, "loss_src": loss / 2, "loss_dst": loss / 2, "learning_rate": 1e-3, "waiting": 0.0}
        for n, loss in enumerate(found.tolist())
    ]
    made = Model(
        "main", "df", "df", "full", 128, 80_000_000, 2000, TrainOptions.model_validate(options or {}), lines
    )
    return replace(made, **{"crop_px": {"src": 160.0, "dst": 140.0}} | changes)


STANDING = np.r_[np.linspace(3, 1, 50), np.ones(50)]
RISING = np.r_[np.linspace(3, 1, 60), np.linspace(1, 1.6, 40)]


def said(rule: Callable[[Facts], Iterator[Advice]], of: Facts) -> list[Advice]:
    """What a rule says, checked for what all advice must have."""
    found = list(rule(of))
    for advice in found:
        assert any(letter.isdigit() for letter in advice.seen), advice.seen
        for text in (advice.seen, advice.why, advice.todo):
            assert text[-1] in ".)" and len(text.split()) >= 3, text
        assert 1 <= advice.weight < 4
        assert not advice.command or advice.command.startswith("understudy ")
    return found
