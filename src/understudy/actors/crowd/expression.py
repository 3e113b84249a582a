"""What a crowd's faces do beyond the demo's performers: either side by itself, and more of it.

Amounts are per side, about 0..1 (some also below zero); fields are displacements in millimetres over the head's
grid. The jaw, the lids and the turn of the head are in `deform`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from understudy.actors.deform import EXPRESSIONS, lips_parting, with_jaw
from understudy.actors.sculpt import Push, bump, pushed
from understudy.actors.template import Array, Template

_MORE: dict[str, tuple[Push, ...]] = {
    "sad": (
        Push((27.5, 30), (12, 11), (-0.5, 5.0, -0.5)),
        Push((13, -57), (11, 9), (-0.8, -3.4, 0.4)),
        Push((10, 60), (14, 9), (0, -1.5, 0.8)),
    ),
    "stretch": (Push((27, 29), (14, 11), (6.0, 1.6, -2.6)), Push((38, 55), (16, 16), (1.5, 1.5, 0))),
    "sneer": (
        Push((14, 18), (11, 8), (0.5, -4.0, 0.8)),
        Push((12, -1), (8, 9), (1.0, -2.6, 0.6)),
        Push((12, -42), (9, 9), (-1.0, 1.6, 0.6)),
    ),
    "puff": (Push((44, 24), (18, 17), (3.6, 0, 4.0)), Push((0, 18), (20, 10), (0, 0, 2.0))),
    "press": (Push((8, 19), (22, 6.5), (0, 3.2, -1.0)), Push((8, 39), (22, 7), (0, -3.6, -1.0))),
}
NAMES = (*EXPRESSIONS, *_MORE, "teeth")


@dataclass(frozen=True)
class Expression:
    """Amounts at the image's left and right, a sideways jaw (-1..1), an open jaw and a tongue (0..1)."""

    amounts: dict[str, tuple[float, float]] = field(default_factory=dict, hash=False)
    jaw: float = 0.0
    jaw_side: float = 0.0
    tongue: float = 0.0

    def both(self, name: str) -> float:
        """The mean of both sides."""
        left, right = self.amounts.get(name, (0.0, 0.0))
        return 0.5 * (left + right)


@dataclass(frozen=True, eq=False)
class Muscles:
    """What moves a grid of one template; the same for everybody."""

    fields: dict[str, Array]  # (rows, columns, 3)
    left: Array  # (rows, columns) 0..1
    right: Array
    mouth: Array  # (rows, columns): what goes along with a sideways jaw


def muscles_for(head: Template) -> Muscles:
    """The fields of every expression over the template."""
    fields = {
        name: head.front[..., None] * sum(pushed(head.points, push) for push in pushes)
        for name, pushes in {**EXPRESSIONS, **_MORE}.items()
    }
    parting = lips_parting(head)
    fields["smile"] = fields["smile"] + parting
    fields["teeth"] = 1.8 * parting
    right = 0.5 + 0.5 * np.tanh(head.x / 9.0)
    mouth = head.front * bump(head.x, head.y, (0, 32), (34, 24))
    return Muscles(fields, 1 - right, right, mouth)


def expressed(rest: Array, muscles: Muscles, jaw_weight: Array, doing: Expression) -> Array:
    """The grid (rows, columns, 3) with its expression, its head not yet turned."""
    points = rest.copy()
    for name, (left, right) in doing.amounts.items():
        if left == right:
            points += left * muscles.fields[name]
        else:
            points += (left * muscles.left + right * muscles.right)[..., None] * muscles.fields[name]
    points = with_jaw(points, jaw_weight, doing.jaw)
    points[..., 0] += doing.jaw_side * (2.5 * muscles.mouth + 4.5 * jaw_weight)
    return points


def tongue_moved(grid: Array, doing: Expression) -> Array:
    """The tongue's grid, put out by `doing.tongue`."""
    return with_jaw(grid, 0.85, doing.jaw) + doing.tongue * np.array([0.0, -1.0, 17.0])
