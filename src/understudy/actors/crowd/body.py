"""A person of a crowd ready to be filmed, built for speed: a coarse grid, skin and strands painted small.

Pictures of a crowd are small: a grid of 2.7 mm and skin of 1.3 pixels a millimetre lose nothing that is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from understudy.actors.actor import PARTS, Actor, built, grid_normals, landmarks, lips_edges, without_seam
from understudy.actors.crowd.expression import Muscles, expressed, muscles_for, tongue_moved
from understudy.actors.crowd.moments import Moment
from understudy.actors.crowd.people import Person
from understudy.actors.deform import posed, with_jaw
from understudy.actors.hair import hair_for, strands_noise
from understudy.actors.sculpt import EYE_RADII
from understudy.actors.skin import paint
from understudy.actors.template import Array, template

COARSENESS = 2.0
_SKIN_PX_PER_MM = 1.3
_STRAND_PICTURES = 3


@dataclass(frozen=True, eq=False)
class Body:
    """A person at rest."""

    person: Person
    actor: Actor
    muscles: Muscles
    names: tuple[str, ...]  # of the parts, in the order of their numbers in the mesh


@dataclass(frozen=True, eq=False)
class Posed:
    """All grids of one picture, in millimetres about the face's middle, the camera ahead on z."""

    points: dict[str, Array]
    normals: dict[str, Array]
    turn: Array  # (3, 3) of the head
    marks: Array  # (70, 3) landmarks with the pupils; jaw points fixed to the skin


@lru_cache(maxsize=2)
def _muscles() -> Muscles:
    return muscles_for(template(COARSENESS))


@lru_cache(maxsize=8)
def _strands(picture: int, along: float) -> np.ndarray:
    return strands_noise(np.random.default_rng([picture, 55]), along=along)


@lru_cache(maxsize=2)
def body_for(person: Person) -> Body:
    """The body of a person; kept for their next picture."""
    head = template(COARSENESS)
    who = person.who
    strands = _strands(who.seed % _STRAND_PICTURES, 3.5 if who.hair_style == "crop" else 26.0)
    actor = built(who, head, paint(who, _SKIN_PX_PER_MM), hair_for(head, who, strands))
    return Body(person, actor, _muscles(), PARTS)


def posed_body(body: Body, moment: Moment) -> Posed:
    """The person in a moment, before the camera."""
    actor, state = body.actor, moment.state
    face = expressed(actor.rest, body.muscles, actor.rig.jaw, moment.doing)
    marks = np.concatenate([landmarks(actor.head, face, state), _pupils(actor, moment)])
    grids = {"head": face}
    for name, grid in actor.grids.items():
        if name == "tongue":
            grids[name] = tongue_moved(grid, moment.doing)
        else:
            grids[name] = with_jaw(grid, 1.0, state.jaw) if name == "teeth_lower" else grid
    stretch, rotation = np.asarray(body.person.stretch), moment.body
    weights = {"head": actor.rig.head}

    def placed(points: Array, weight: Array | float) -> Array:
        return posed(points * stretch, weight, state) @ rotation.T

    marks = placed(marks, 1.0)
    middle = 0.5 * (marks.min(0) + marks.max(0))
    points = {name: placed(grid, weights.get(name, 1.0)) - middle for name, grid in grids.items()}
    points["mouth_wall"] = lips_edges(actor.head, points["head"])
    turn = moment.head
    normals: dict[str, Array] = {name: rigid @ turn.T for name, rigid in actor.normals.items()}
    normals["head"] = without_seam(grid_normals(points["head"]))
    return Posed(points, normals, turn, marks - middle)


def _pupils(actor: Actor, moment: Moment) -> Array:
    """The middle of either iris, also behind a closed lid, (2, 3)."""
    sideways, up = np.radians(moment.state.gaze_deg)
    ahead = np.array([np.sin(sideways) * np.cos(up), -np.sin(up), np.cos(sideways) * np.cos(up)])
    grow = 1 + 0.13 * actor.who.mode("eye_size")
    reach = ahead * EYE_RADII * [grow, grow, 1]
    middles = []
    for name in ("eye_left", "eye_right"):
        # The grid's middle vertex looks straight ahead.
        rows, columns = actor.grids[name].shape[:2]
        middles.append(actor.grids[name][rows // 2, columns // 2] - [0, 0, EYE_RADII[2]])
    return np.stack(middles) + reach
