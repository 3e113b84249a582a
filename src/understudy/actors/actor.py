"""An actor ready to be filmed: every grid of a person at rest, and those grids posed for one state.

Built once for each person and kept; a pose is a pure function of the actor and the state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from understudy.actors import deform, parts
from understudy.actors.hair import Hair, hair_for, shell_points, strand_position
from understudy.actors.identity import Identity
from understudy.actors.openings import lid_marks
from understudy.actors.performance import State
from understudy.actors.raster import Ints, grid_triangles
from understudy.actors.sculpt import sculpted, shape_offset
from understudy.actors.skin import Skin, paint
from understudy.actors.template import (
    LIP_CORNER_X,
    Array,
    Template,
    grid_positions,
    sample_grid,
    template,
)

HAIR_SHELLS = 3
# In the order of their numbers in `Mesh.part`.
PARTS = (
    "head", "ear_left", "ear_right", "eye_left", "eye_right", "teeth_upper", "teeth_lower", "tongue",
    "mouth_wall", *(f"hair_{k}" for k in range(HAIR_SHELLS)),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Mesh:
    """The triangles of all parts together; they never change for one person."""

    triangles: Ints  # (n, 3) vertex numbers
    part: np.ndarray  # (n,) uint8: number in PARTS
    near_eye: np.ndarray  # (n,) bool: head triangles that an eye's opening may cut
    uv: np.ndarray  # (vertices, 2) float32: column and row in the part's own grid
    mouth_wall: slice  # the vertices of that part


@dataclass(frozen=True, eq=False)
class Actor:
    """One person at rest. Grids are (rows, columns, 3) in millimetres."""

    who: Identity
    head: Template
    rest: Array
    rig: deform.Rig
    skin: Skin
    hair: Hair
    grids: dict[str, Array]  # the other parts at rest
    normals: dict[str, Array]  # of the other parts: they are rigid, so these only turn
    eye_directions: np.ndarray  # (rows, columns, 3) float32, the same for both eyes
    place: np.ndarray  # (rows, columns, 4) float32: canonical x, y, ring, angle_deg of the head's vertices
    face_share: np.ndarray  # (rows, columns) float32: above 0.5 is face
    strand_at: np.ndarray  # (rows, columns, 2) float32
    mesh: Mesh


@lru_cache(maxsize=4)
def actor_for(who: Identity) -> Actor:
    """The actor of an identity; built on first use (about a second), then kept."""
    head = template()
    return built(who, head, sculpted(head, who), paint(who), hair_for(head, who))


def built(who: Identity, head: Template, rest: Array, skin: Skin, hair: Hair) -> Actor:
    """An actor on a template's grid, sculpted as `rest`, with painted skin and grown hair."""
    grids: dict[str, Array] = {}
    for side, name in ((-1, "left"), (1, "right")):
        grids[f"ear_{name}"] = parts.ear(side, who)
        grids[f"eye_{name}"], directions = parts.eyeball(side, who)
    bite = shape_offset(np.array([0.0, 27.0]), who)
    grids["teeth_upper"], grids["teeth_lower"] = parts.teeth(True) + bite, parts.teeth(False) + bite
    grids["tongue"] = parts.tongue() + bite
    grids["mouth_wall"] = lips_edges(head, rest)
    normals = grid_normals(rest)
    for k in range(HAIR_SHELLS):
        grids[f"hair_{k}"] = shell_points(rest, normals, hair.lift_mm[k], curtain=hair.curtain)
    angle = np.broadcast_to(head.angle_deg, head.ring.shape)
    place = np.stack([head.x, head.y, head.ring, angle], axis=-1).astype(np.float32)
    mesh = _mesh(head, hair, {"head": rest, **grids})
    rigid = {
        name: without_seam(grid_normals(grid)) if "hair" in name else grid_normals(grid)
        for name, grid in grids.items()
    }
    return Actor(
        who, head, rest, deform.rig_for(head), skin, hair, grids, rigid,
        directions.astype(np.float32), place, face_share(head), strand_position(head, who.hair_style), mesh,
    )  # fmt: skip


def _mesh(head: Template, hair: Hair, grids: dict[str, Array]) -> Mesh:
    triangles, part, near_eye, uv = [], [], [], []
    counts = [grids[name].shape[0] * grids[name].shape[1] for name in PARTS]
    offsets = np.cumsum([0, *counts])
    for number, name in enumerate(PARTS):
        rows, columns = grids[name].shape[:2]
        if name == "head":
            found, eye = _head_triangles(head)
        else:
            found = grid_triangles(rows, columns)
            if name.startswith("hair"):
                found = found[(hair.density.reshape(-1)[found] > -0.6).any(1)]
            eye = np.zeros(len(found), bool)
        column, row = np.meshgrid(np.arange(columns), np.arange(rows))
        uv.append(np.stack([column.ravel(), row.ravel()], axis=-1).astype(np.float32))
        triangles.append(found + offsets[number])
        part.append(np.full(len(found), number, np.uint8))
        near_eye.append(eye)
    wall = PARTS.index("mouth_wall")
    return Mesh(
        np.concatenate(triangles),
        np.concatenate(part),
        np.concatenate(near_eye),
        np.concatenate(uv),
        slice(int(offsets[wall]), int(offsets[wall + 1])),
    )


@lru_cache(maxsize=2)
def _head_triangles(head: Template) -> tuple[Ints, np.ndarray]:
    """The head's triangles but for the mouth's opening, and which an eye's opening may cut."""
    found = grid_triangles(*head.ring.shape)
    found = found[~_between_the_lips(head, found)]
    return found, _beside_an_eye(head, found)


def _between_the_lips(head: Template, triangles: Ints) -> np.ndarray:
    """The strip that the mouth's opening removes, (n,) bool."""
    columns = head.points.shape[1]
    row, x = triangles // columns, head.x.reshape(-1)[triangles]
    spans = (row.min(1) == head.upper_lip_row) & (row.max(1) == head.upper_lip_row + 1)
    return spans & (np.abs(x).max(1) < LIP_CORNER_X - 0.8) & (head.front.reshape(-1)[triangles].min(1) > 0.5)


def face_share(head: Template, *, forehead_mm: float = 34.0) -> np.ndarray:
    """The face a mask would want, over the head's grid: from the jaw's landmarks to the middle of the forehead.

    A distance in rows and columns, bent so that 0.5 is the border. `forehead_mm` is its height in the middle.
    """
    columns, rows = np.meshgrid(np.arange(head.points.shape[1]), np.arange(head.points.shape[0]))
    jaw = head.landmarks_uv[:17]
    order = np.argsort(jaw[:, 0])
    lowest = np.interp(columns[0], jaw[order, 0], jaw[order, 1])
    inside_jaw = lowest[None, :] + 0.6 - rows
    left, right = jaw[:, 0].min(), jaw[:, 0].max()
    across = (columns - (left + right) / 2) / ((right - left) / 2)
    highest = -50.0 - forehead_mm * np.sqrt(np.clip(1 - across**2, 0, 1))
    inside_brow = (head.y - highest) / 2.0
    inside_ears = np.minimum(columns - left, right - columns) + 0.6
    inside = np.minimum(np.minimum(inside_jaw, inside_brow), inside_ears)
    return np.clip(0.5 + 0.25 * inside, 0, 1).astype(np.float32)


def lips_edges(head: Template, points: Array) -> Array:
    """The edges of both lips, (2, columns, 3): what lies between them shows the inside of the mouth."""
    row = head.upper_lip_row
    inside = (np.abs(head.x[row]) < LIP_CORNER_X) & (head.front[row] > 0.5)
    return points[row : row + 2, inside]


def _beside_an_eye(head: Template, triangles: Ints) -> np.ndarray:
    x, y = np.abs(head.x).reshape(-1)[triangles], head.y.reshape(-1)[triangles]
    front = head.front.reshape(-1)[triangles].min(1) > 0.5
    return front & (x.max(1) > 18) & (x.min(1) < 48) & (y.max(1) > -48) & (y.min(1) < -31)


def grid_steps(points: Array) -> tuple[Array, Array]:
    """Central differences of a grid (rows, columns, 3) across its columns and down its rows."""
    across, down = np.empty_like(points), np.empty_like(points)
    across[:, 1:-1] = points[:, 2:] - points[:, :-2]
    across[:, 0], across[:, -1] = points[:, 1] - points[:, 0], points[:, -1] - points[:, -2]
    down[1:-1] = points[2:] - points[:-2]
    down[0], down[-1] = points[1] - points[0], points[-1] - points[-2]
    return across, down


def grid_normals(points: Array) -> Array:
    """Unit normals of a grid, pointing out of its front side."""
    (ax, ay, az), (dx, dy, dz) = (np.moveaxis(step, -1, 0) for step in grid_steps(points))
    normal = np.stack([ay * dz - az * dy, az * dx - ax * dz, ax * dy - ay * dx], axis=-1)
    return normal / np.maximum(np.sqrt(np.square(normal).sum(-1, keepdims=True)), 1e-9)


@dataclass(frozen=True, eq=False)
class Posed:
    """All grids of one frame, in the camera's space, and what is needed to shade them."""

    points: dict[str, Array]
    normals: dict[str, Array]
    turn: Array  # (3, 3) of the head
    marks: Array  # (68, 3) landmarks


def posed_actor(actor: Actor, state: State) -> Posed:
    """The actor in a state, in millimetres, before the camera."""
    face = deform.expressed(actor.rest, actor.rig, state)
    marks = landmarks(actor.head, face, state)
    points = {"head": deform.posed(face, actor.rig.head, state)}
    jaw = {"teeth_lower": 1.0, "tongue": 0.85}
    for name, grid in actor.grids.items():
        moved = deform.with_jaw(grid, jaw[name], state.jaw) if name in jaw else grid
        points[name] = deform.posed(moved, 1.0, state)
    points["mouth_wall"] = lips_edges(actor.head, points["head"])
    turn = deform.head_turn(state)
    normals: dict[str, Array] = {name: rigid @ turn.T for name, rigid in actor.normals.items()}
    normals["head"] = without_seam(grid_normals(points["head"]))
    return Posed(points, normals, turn, deform.posed(marks, 1.0, state))


def without_seam(normals: Array) -> Array:
    """The first and the last column, at the back of the head, are one line."""
    seam = normals[:, :1] + normals[:, -1:]
    seam = seam / np.maximum(np.linalg.norm(seam, axis=-1, keepdims=True), 1e-9)
    return np.concatenate([seam, normals[:, 1:-1], seam], axis=1)


def landmarks(head: Template, face: Array, state: State) -> Array:
    """The 68 landmarks on the expressed face, before the head's turn, (68, 3)."""
    uv = head.landmarks_uv.copy()
    for side, corner_first in ((-1, (36, 37, 38, 39, 40, 41)), (1, (45, 44, 43, 42, 47, 46))):
        canonical = lid_marks(deform.eye_opening(state, side)) * [side, 1]
        uv[list(corner_first)] = grid_positions(head.points, head.front, canonical)
    # The inner lips are the two rows beside the opening.
    for number, x in ((61, -8.0), (62, 0.0), (63, 8.0)):
        uv[number] = _on_row(head, x, head.upper_lip_row)
    for number, x in ((67, -8.0), (66, 0.0), (65, 8.0)):
        uv[number] = _on_row(head, x, head.upper_lip_row + 1)
    for number, x in ((60, -25.0), (64, 25.0)):
        uv[number] = _on_row(head, x, head.upper_lip_row + 0.5)
    return sample_grid(face, uv)


def _on_row(head: Template, x: float, row: float) -> Array:
    """Column and row where a row of the grid has a canonical x."""
    nearby = np.abs(head.angle_deg) < 57
    column = np.interp(x, head.x[int(row), nearby], np.arange(len(head.angle_deg))[nearby])
    return np.array([column, row])
