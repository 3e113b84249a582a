"""What never changes about a mesh: its materials, where skin is painted, and what surrounds a point of it.

Positions are millimetres: x to the image's right, y down, z to the camera, from a middle between the ears.
The paint plane is the head seen from that middle: columns are longitude, rows latitude, half a degree each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy.actors import raster
from understudy.actors.mesh_look.pack import MeshPack

Array = np.ndarray  # float32
Ints = npt.NDArray[np.int64]

PAINT_WIDTH, PAINT_HEIGHT = 640, 320
OUTER_EYES_MM = 90.0

SKIN, CLOTH, MOUTH, LID, EYE, TEETH, TONGUE, LASH = range(8)
_AO_DIRECTIONS = 28
_AO_PX = 96
_MOST_TRIANGLES_AT_A_VERTEX = 12


@dataclass(frozen=True, eq=False)
class Ball:
    """One eye: which vertices it has and about what it turns."""

    vertices: Ints
    centre: Array  # (3,)
    radius_mm: float
    pupil: int  # the foremost vertex


@dataclass(frozen=True, eq=False)
class Template:
    """A pack made ready to be filmed."""

    pack: MeshPack
    vertices: Array  # (V, 3) millimetres at rest
    mm_per_unit: float
    triangles: Ints  # (T, 3), clockwise in the picture when they face the camera
    material: Ints  # (T,)
    paint_px: Array  # (T, 3, 2) column and row of each corner in the paint plane
    around: Ints  # (V, k) triangles at every vertex; -1: none more
    head_weight: Array  # (V,) 1: turns with the head, 0: stays with the body
    open_sky: Array  # (V,) 0..1: how much of the sky is seen from there
    eyes: tuple[Ball, Ball]  # image-left, image-right
    atlas: raster.Hits  # which skin triangle is outermost at a pixel of the paint plane
    landmarks_px: Array  # (68, 2) in the paint plane

    def turned_deltas(self, delta: Array) -> Array:
        """Moves in mesh units as millimetres in the picture's axes."""
        return delta * np.array([self.mm_per_unit, -self.mm_per_unit, self.mm_per_unit], np.float32)


def head_template(pack: MeshPack) -> Template:
    """Prepare a pack; takes about half a second."""
    marks = pack.vertices[pack.landmarks]
    scale = OUTER_EYES_MM / max(float(np.linalg.norm(marks[36] - marks[45])), 1e-6)
    middle = np.array([0, marks[28:30, 1].mean(), marks[[0, 16], 2].mean() - 40.0 / scale], np.float32)
    vertices = ((pack.vertices - middle) * np.array([scale, -scale, scale])).astype(np.float32)
    quads = pack.faces
    triangles = np.concatenate([quads[:, [0, 2, 1]], quads[:, [0, 3, 2]]])
    solid = (triangles[:, 0] != triangles[:, 1]) & (triangles[:, 1] != triangles[:, 2])
    solid &= triangles[:, 0] != triangles[:, 2]
    eyes = (_ball(pack, vertices, "right_eye"), _ball(pack, vertices, "left_eye"))
    material = np.tile(_materials(pack, vertices, eyes), 2)[solid]
    triangles = triangles[solid]
    paint_px = _paint_corners(vertices, triangles)
    return Template(
        pack, vertices, scale, triangles, material, paint_px,
        _around(triangles, len(vertices)), _head_weight(vertices, float(vertices[pack.landmarks[8], 1])),
        _open_sky(vertices, triangles), eyes, _atlas(vertices, triangles, material, paint_px),
        _wrapped_px(vertices[pack.landmarks]),
    )  # fmt: skip


def paint_places(points: Array) -> Array:
    """Where points (..., 3) at rest lie in the paint plane, (..., 2) column and row."""
    return _wrapped_px(points)


def _wrapped_px(points: Array) -> Array:
    longitude = np.arctan2(points[..., 0], points[..., 2])
    latitude = np.arctan2(points[..., 1], np.hypot(points[..., 0], points[..., 2]))
    column = (longitude / (2 * np.pi) + 0.5) * PAINT_WIDTH
    return np.stack([column, (latitude / np.pi + 0.5) * PAINT_HEIGHT], -1).astype(np.float32)


def _paint_corners(vertices: Array, triangles: Ints) -> Array:
    """Corners in the paint plane; those of a triangle behind the head lie together beyond its right edge."""
    px = _wrapped_px(vertices)[triangles]
    torn = np.ptp(px[..., 0], axis=1) > PAINT_WIDTH / 2
    px[torn, :, 0] += np.where(px[torn, :, 0] < PAINT_WIDTH / 2, PAINT_WIDTH, 0)
    return px


def _ball(pack: MeshPack, vertices: Array, name: str) -> Ball:
    own = np.unique(pack.faces[pack.part == pack.part_names.index(name)])
    points = vertices[own]
    centre = (points.min(0) + points.max(0)) / 2
    return Ball(own, centre, float(np.ptp(points[:, 1]) / 2), int(own[np.argmax(points[:, 2])]))


def _materials(pack: MeshPack, vertices: Array, eyes: tuple[Ball, Ball]) -> Ints:
    """The material of every face: parts by name, islands of the skin's texture by where they lie."""
    words = {"eye": EYE, "teeth": TEETH, "tongue": TONGUE, "lash": LASH}
    by_part = [next((value for word, value in words.items() if word in name), SKIN) for name in pack.part_names]
    material = np.asarray(by_part)[pack.part]
    island = _islands(pack.face_uv)
    skin = material == SKIN
    lips = np.isin(pack.faces, pack.landmarks[60:68]).any(1)
    head = np.bincount(island[skin & np.isin(pack.faces, pack.landmarks[27:36]).any(1)]).argmax()
    chin_mm = float(vertices[pack.landmarks[8], 1])
    for number in np.unique(island[skin]):
        if number == head:
            continue
        chosen = skin & (island == number)
        points = vertices[np.unique(pack.faces[chosen])]
        near_eye = min(float(np.linalg.norm(points - ball.centre, axis=1).mean()) for ball in eyes)
        if near_eye < 2 * eyes[0].radius_mm:
            material[chosen] = LID
        elif (chosen & lips).any():
            material[chosen] = MOUTH
        elif points[:, 1].mean() > chin_mm + 20:
            material[chosen] = CLOTH
    return material


def _islands(face_uv: Ints) -> Ints:
    """A number for every face that it shares with all that hang together with it in the texture."""
    label = np.arange(int(face_uv.max()) + 1)
    while True:
        lowest = label[face_uv].min(1)
        after = label.copy()
        np.minimum.at(after, face_uv.reshape(-1), np.repeat(lowest, 4))
        after = after[after]
        if np.array_equal(after, label):
            return lowest
        label = after


def _around(triangles: Ints, vertices: int) -> Ints:
    """The triangles at every vertex, (V, k), filled up with -1."""
    corner = triangles.reshape(-1)
    order = np.argsort(corner, kind="stable")
    counts = np.bincount(corner, minlength=vertices)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.arange(len(corner)) - first[corner[order]]
    wide = min(int(counts.max()), _MOST_TRIANGLES_AT_A_VERTEX)
    out = np.full((vertices, wide), -1)
    kept = place < wide
    out[corner[order][kept], place[kept]] = order[kept] // 3
    return out


def vertex_normals(points: Array, triangles: Ints, around: Ints) -> Array:
    """Unit normals (V, 3), outward, weighted by the triangles' areas."""
    a, b, c = points[triangles[:, 0]], points[triangles[:, 1]], points[triangles[:, 2]]
    u, v = b - a, c - a
    flat = np.zeros((len(triangles) + 1, 3), np.float32)  # the last one is nobody's
    flat[:-1, 0] = u[:, 1] * v[:, 2] - u[:, 2] * v[:, 1]
    flat[:-1, 1] = u[:, 2] * v[:, 0] - u[:, 0] * v[:, 2]
    flat[:-1, 2] = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    total = flat[around].sum(1)
    return total / np.maximum(np.sqrt(np.einsum("ij,ij->i", total, total)), 1e-9)[:, None]


def weight_at(template: Template, points: Array) -> Array:
    """How far points at rest turn with the head, (n,) 0..1."""
    return _head_weight(points, float(template.vertices[template.pack.landmarks[8], 1]))


def _head_weight(points: Array, chin_y_mm: float) -> Array:
    """The neck bends between the jaw and the shoulders; its back begins to bend higher up than its front."""
    low = points[:, 1] - 0.5 * points[:, 2] - chin_y_mm
    share = np.clip((low + 30.0) / 110.0, 0, 1)
    return (1 - share * share * (3 - 2 * share)).astype(np.float32)


def _open_sky(vertices: Array, triangles: Ints) -> Array:
    """How open every vertex lies, 0..1: from how many directions above its surface nothing hides it."""
    normal = vertex_normals(vertices, triangles, _around(triangles, len(vertices)))
    k = np.arange(_AO_DIRECTIONS) + 0.5
    height = 1 - 2 * k / _AO_DIRECTIONS
    turn = np.pi * (1 + 5**0.5) * k
    ring = np.sqrt(1 - height**2)
    seen, possible = np.zeros(len(vertices)), np.full(len(vertices), 1e-6)
    for toward in np.stack([ring * np.cos(turn), height, ring * np.sin(turn)], -1).astype(np.float32):
        cosine = np.maximum(normal @ toward, 0)
        seen += cosine * shadow_reach(vertices, triangles, toward, size_px=_AO_PX)
        possible += cosine
    return np.clip(seen / possible, 0, 1).astype(np.float32)


def shadow_reach(points: Array, triangles: Ints, toward: Array, *, size_px: int, soft_mm: float = 3.0) -> Array:
    """How much of a light in direction `toward` reaches every point past the triangles, (V,) 0..1."""
    aside = np.cross([0.0, 1.0, 0.0] if abs(toward[1]) < 0.9 else [1.0, 0.0, 0.0], toward)
    right = aside / np.linalg.norm(aside)
    at = points @ np.stack([right, np.cross(toward, right), toward], -1).astype(np.float32)
    low, high = at[:, :2].min(0), at[:, :2].max(0)
    per_mm = (size_px - 4) / max(float((high - low).max()), 1e-6)
    xy = (at[:, :2] - low) * per_mm + 2
    found = raster.fragments(xy, at[:, 2], triangles, width=size_px, height=size_px)
    depth = raster.depth_map(found, pixels=size_px * size_px, empty=-1e4).reshape(size_px, size_px)
    near = np.minimum(xy.astype(np.int64), size_px - 2)
    share = (xy - near).astype(np.float32)
    bias = 1.5 + 1.0 / per_mm
    out = np.zeros(len(points), np.float32)
    for dx in (0, 1):
        for dy in (0, 1):
            weight = np.abs(1 - dx - share[:, 0]) * np.abs(1 - dy - share[:, 1])
            above = depth[near[:, 1] + dy, near[:, 0] + dx] - at[:, 2] - bias
            out += weight * np.clip(1 - above / soft_mm, 0, 1)
    return out


def _atlas(vertices: Array, triangles: Ints, material: Ints, paint_px: Array) -> raster.Hits:
    """Which skin is outermost in every direction from the middle."""
    skin = np.flatnonzero(material == SKIN)
    depth = np.linalg.norm(vertices, axis=1)[triangles[skin]]
    alone = np.arange(3 * len(skin)).reshape(-1, 3)
    xy = paint_px[skin].reshape(-1, 2)
    found = raster.fragments(xy, depth.reshape(-1), alone, width=PAINT_WIDTH, height=PAINT_HEIGHT)
    hits = raster.nearest(found, pixels=PAINT_WIDTH * PAINT_HEIGHT)
    return raster.Hits(hits.pixel, skin[hits.triangle], hits.weights)
