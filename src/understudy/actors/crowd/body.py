"""A person of a crowd ready to be filmed, built for speed: a coarse grid, skin and strands painted small.

Pictures of a crowd are small: a grid of 2.7 mm and skin of one pixel a millimetre lose nothing that is seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from understudy.actors.actor import (
    PARTS,
    Actor,
    Mesh,
    built,
    face_share,
    grid_normals,
    landmarks,
    lips_edges,
    without_seam,
)
from understudy.actors.crowd.expression import Muscles, expressed, muscles_for, tongue_moved
from understudy.actors.crowd.haircuts import grown
from understudy.actors.crowd.layers import with_layers
from understudy.actors.crowd.moments import Moment
from understudy.actors.crowd.paint import painted
from understudy.actors.crowd.people import Person
from understudy.actors.crowd.wear import Wear, beard, worn
from understudy.actors.deform import posed, with_jaw
from understudy.actors.hair import Hair
from understudy.actors.sculpt import EYE_RADII, sculpted
from understudy.actors.template import Array, template
from understudy.color import linear_from_srgb

COARSENESS = 2.0
_FOREHEAD_MM = 60.0  # beyond most hairlines: nearly all that hair leaves of a forehead is skin


@dataclass(frozen=True, eq=False)
class Body:
    """A person at rest."""

    person: Person
    actor: Actor
    muscles: Muscles
    wear: Wear
    mesh: Mesh  # the actor's and what is worn
    names: tuple[str, ...]  # of the parts, in the order of their numbers in the mesh


@dataclass(frozen=True, eq=False)
class Posed:
    """All grids of one picture, in millimetres about the face's middle, the camera ahead on z."""

    points: dict[str, Array]
    normals: dict[str, Array]
    turn: Array  # (3, 3) of the head
    marks: Array  # (70, 3) landmarks with the pupils; jaw points fixed to the skin
    lenses: Array | None  # (2, points, 3): outlines of glasses


@lru_cache(maxsize=2)
def _muscles() -> Muscles:
    return muscles_for(template(COARSENESS))


@lru_cache(maxsize=2)
def body_for(person: Person) -> Body:
    """The body of a person; kept for their next picture."""
    head = template(COARSENESS)
    rest = sculpted(head, person.who)
    wear = worn(head, rest, person.generator(502))
    color = linear_from_srgb(person.beard_color)
    if (grown_beard := beard(head, color, person.beard, person.generator(501))) is not None:
        wear = replace(wear, layers=(*wear.layers, grown_beard))
    actor = built(person.who, head, rest, painted(person), _under(grown(head, person.haircut), wear))
    actor = replace(actor, face_share=face_share(head, forehead_mm=_FOREHEAD_MM))
    mesh = with_layers(actor.mesh, wear.layers, len(PARTS))
    return Body(person, actor, _muscles(), wear, mesh, (*PARTS, *(layer.name for layer in wear.layers)))


def _under(hair: Hair, wear: Wear) -> Hair:
    """The hair that headwear leaves."""
    if wear.hides_hair is None:
        return hair
    return replace(hair, density=np.where(wear.hides_hair, -1.0, hair.density))


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
    weights = {"head": actor.rig.head, "hood": actor.rig.head}
    grids |= _worn(body, face)

    def placed(points: Array, weight: Array | float) -> Array:
        return posed(points * stretch, weight, state) @ rotation.T

    marks = placed(marks, 1.0)
    middle = 0.5 * (marks.min(0) + marks.max(0))
    points = {name: placed(grid, weights.get(name, 1.0)) - middle for name, grid in grids.items()}
    points["mouth_wall"] = lips_edges(actor.head, points["head"])
    turn = moment.head
    normals: dict[str, Array] = {name: rigid @ turn.T for name, rigid in actor.normals.items()}
    normals["head"] = without_seam(grid_normals(points["head"]))
    for layer in body.wear.layers:
        normals[layer.name] = grid_normals(points[layer.name])
    lenses = None if body.wear.lenses is None else placed(body.wear.lenses, 1.0) - middle
    return Posed(points, normals, turn, marks - middle, lenses)


def _worn(body: Body, face: Array) -> dict[str, Array]:
    """The grids of what is worn, before the head's turn; shells go along with the expressed face."""
    grids: dict[str, Array] = {}
    out = grid_normals(face)
    for layer in body.wear.layers:
        if layer.grid is not None:
            grids[layer.name] = layer.grid
        elif layer.lift_mm is not None:
            grids[layer.name] = face + out * layer.lift_mm[..., None]
    return grids


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
