"""Haircuts of a crowd: hairlines, thickness and strands drawn about a few cuts, either side by itself.

Training and test have different cuts. What hair is made of (shells, strands) is in `actors.hair`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from understudy.actors.hair import ANGLES, HAIRLINES, STRAND_WIDTH, Hair, strand_position, strands_noise
from understudy.actors.sculpt import ease
from understudy.actors.template import Array, Template

if TYPE_CHECKING:
    from understudy.actors.crowd.people import Part

_PICTURES = 2  # of strands, for each length: people share them
_LENGTHS = {"short": 3.5, "long": 26.0, "curly": 1.2}


@dataclass(frozen=True)
class _Cut:
    line: tuple[float, ...]  # canonical y at ANGLES
    top_mm: tuple[float, float]
    side_mm: tuple[float, float]
    strands: str
    curtain: bool = False
    crown: float = -1000.0  # above this canonical y it is bald


@dataclass(frozen=True, eq=False)
class Haircut:
    """One person's hair in numbers."""

    left: Array  # canonical y of the hairline at ANGLES, the image's left
    right: Array
    top_mm: float
    side_mm: float
    strands: str
    curtain: bool
    crown: float
    picture: int


_PULLED = (-108, -106, -100, -88, -74, -60, -48, -44, -50, -58, -62, -50, -6, 20, 36, 40)
_FRINGE = (-62, -60, -62, -64, -66, -58, -42, -30, -36, -52, -62, -54, -12, 16, 34, 40)
_LONG = (-100, -96, -84, -62, -30, 10, 50, 80, 95, 100, 105, 108, 110, 110, 110, 110)
_WREATH = (-300, -300, -250, -150, -96, -66, -40, -22, -26, -52, -62, -50, -8, 18, 38, 42)
_UNDERCUT = (-104, -104, -102, -96, -84, -76, -72, -72, -76, -80, -84, -84, -60, -40, -30, -30)
_RECEDING = (-124, -130, -134, -120, -84, -58, -38, -20, -26, -52, -62, -50, -8, 18, 38, 42)
_SIDEBURNS = (-103, -106, -108, -96, -78, -54, -18, 14, -6, -50, -62, -50, -4, 22, 42, 46)
_BOB_FRINGE = (-60, -58, -58, -60, -50, -20, 20, 50, 70, 76, 80, 82, 84, 84, 84, 84)
_HELMET = (-70, -68, -62, -46, -20, 10, 30, 44, 52, 58, 60, 60, 60, 60, 60, 60)

_CUTS: dict[Part, tuple[_Cut, ...]] = {
    "train": (
        _Cut(HAIRLINES["crop"], (3, 11), (1.5, 5), "short"),
        _Cut(HAIRLINES["swept"], (8, 24), (2, 7), "long"),
        _Cut(_PULLED, (2, 6), (1.5, 4), "long"),
        _Cut(_FRINGE, (6, 18), (3, 9), "long"),
        _Cut(_LONG, (6, 18), (5, 16), "long", curtain=True),
        _Cut(_WREATH, (0.5, 3), (1.5, 6), "short", crown=-118.0),
        _Cut(HAIRLINES["crop"], (20, 60), (12, 45), "curly"),
        _Cut(_LONG, (12, 35), (10, 40), "curly", curtain=True),
        _Cut(HAIRLINES["bald"], (0, 0), (0, 0), "short"),
    ),
    "test": (
        _Cut(HAIRLINES["bob"], (8, 18), (6, 14), "long", curtain=True),
        _Cut(_RECEDING, (3, 9), (1.5, 5), "short"),
        _Cut(_UNDERCUT, (12, 28), (1, 3), "long"),
        _Cut(_SIDEBURNS, (5, 14), (2.5, 6), "curly"),
        _Cut(_BOB_FRINGE, (8, 18), (6, 14), "long", curtain=True),
        _Cut(_HELMET, (10, 30), (8, 24), "curly"),
    ),
}


def haircut(rng: np.random.Generator, part: Part) -> Haircut:
    """Any haircut of the part."""
    cut = _CUTS[part][int(rng.integers(len(_CUTS[part])))]
    line = np.asarray(cut.line, float) + rng.normal(0, 5)
    sides = [line + _wobble(rng), line + _wobble(rng)]
    if rng.random() < 0.12 and cut.top_mm[1] > 0:
        # A lock that falls over one eye.
        over = rng.uniform(20, 75) * np.exp(-np.square((np.asarray(ANGLES) - rng.uniform(10, 45)) / 20))
        sides[int(rng.integers(2))] += over
    return Haircut(
        sides[0],
        sides[1],
        float(rng.uniform(*cut.top_mm)),
        float(rng.uniform(*cut.side_mm)),
        cut.strands,
        cut.curtain,
        cut.crown + float(rng.normal(0, 6)),
        int(rng.integers(_PICTURES)),
    )


def _wobble(rng: np.random.Generator) -> Array:
    knots = rng.normal(0, 5, 6)
    return np.interp(ANGLES, np.linspace(0, 180, 6), knots)


@lru_cache(maxsize=8)
def _strands(name: str, picture: int) -> np.ndarray:
    return strands_noise(np.random.default_rng([picture, 55]), along=_LENGTHS[name])


def grown(head: Template, cut: Haircut) -> Hair:
    """The hair of a cut on a head."""
    strands = _strands(cut.strands, cut.picture)
    angle = head.angle_deg[None, :]
    lines = [np.interp(np.abs(angle), ANGLES, side) for side in (cut.left, cut.right)]
    share = 0.5 + 0.5 * np.tanh(angle / 8.0)
    inside = lines[0] * (1 - share) + lines[1] * share - head.y
    inside = np.minimum(inside, head.y - cut.crown)
    # Behind a curtain's lower edge the rings of neck and shoulders would grow hair as well.
    inside = np.where(head.ring > 16, -50.0, inside)
    at = strand_position(head, "bob").astype(int)
    locks = strands[at[..., 1], at[..., 0] % STRAND_WIDTH][..., 1].astype(float)
    density = np.clip((inside + 3.0 * (locks - 0.5)) / (16.0 if cut.strands == "short" else 11.0), -1, 1)
    if cut.top_mm <= 0:
        density = np.full_like(density, -1.0)
    height = ease(-head.y, 88, 160)
    full = cut.side_mm + (cut.top_mm - cut.side_mm) * height
    ramp = ease(inside, -6.0, 30.0 + 0.8 * max(cut.top_mm, 0.0))
    lift = full * ramp * (1.0 + (0.45 * locks - 0.2) * ease(head.ring, 0.6, 2.0)) + 0.35
    lean = np.zeros_like(density)
    return Hair(density, np.stack([lift * 0.5, lift * 0.8, lift * 1.05]), strands, lean, curtain=cut.curtain)
