"""One picture of a crowd: the posed person through a camera at any distance, lit, without a room.

The materials are those of `actors.materials`; what differs from `actors.film` is speed (coarse grids, a small
shadow, a third of supersampling), colours that no room is mixed into, and the 70 points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from understudy.actors import deform, materials, raster
from understudy.actors.actor import HAIR_SHELLS, PARTS, grid_steps
from understudy.actors.crowd.body import Body, Posed, posed_body
from understudy.actors.crowd.jaw import seen_jaw
from understudy.actors.crowd.layers import covers, layer_color
from understudy.actors.crowd.moments import Moment
from understudy.actors.performance import State
from understudy.actors.shade import Floats, Lit, ShadowMap, sampled, tone_mapped, unit

_MOUTH_DEPTH_MM = 45.0
_NEAREST_MM = 60.0  # nothing comes nearer to the lens
_SHADOW_PX = 96
_SHADOW_SPAN_MM = 330.0
_SHADOW_RING = 17.4  # the shoulders below neither cast nor need shadows on the face
_NOTHING_MM = -1e6
_SEEN_THROUGH, _SHINE_HIDES = 0.1, 0.5  # of the light: where a lens lets less through, no face is made out


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture at the size it was computed. Colours are only told where there is a person."""

    rgb: Floats  # (size, size, 3) float32, encoded 0..1, black without a person
    skin: Floats  # (size, size) float32 0..1
    person: Floats  # (size, size) float32 0..1
    points: np.ndarray  # (70, 2) pixels


@dataclass(frozen=True, eq=False)
class View:
    """Where the camera stands and what it shows."""

    distance_mm: float
    px_per_mm: float  # where the face is
    middle_px: tuple[float, float]

    def projected(self, points: np.ndarray) -> tuple[Floats, Floats]:
        """Pixels (..., 2) from the picture's corner and depth (...,), larger nearer, of points (..., 3)."""
        away = np.maximum(self.distance_mm - points[..., 2], _NEAREST_MM)
        scale = self.px_per_mm * self.distance_mm / away
        xy = np.stack(
            [self.middle_px[0] + scale * points[..., 0], self.middle_px[1] + scale * points[..., 1]], axis=-1
        )
        return xy.astype(np.float32), points[..., 2].astype(np.float32)

    @property
    def eye(self) -> Floats:
        """The lens, (3,)."""
        return np.array([0, 0, self.distance_mm], np.float32)


def view_of(posed: Posed, moment: Moment, size_px: int) -> View:
    """A camera that shows the face's points in the picture's middle, but for the moment's shift."""
    view = View(moment.distance_mm, size_px / moment.span_mm, (0.0, 0.0))
    marks, _ = view.projected(posed.marks)
    middle = 0.5 * (marks.min(0) + marks.max(0))
    wanted = size_px * (0.5 + np.asarray(moment.shift))
    return replace(view, middle_px=(float(wanted[0] - middle[0]), float(wanted[1] - middle[1])))


def shot(body: Body, moment: Moment, size_px: int) -> Shot:
    """Take one picture, `size_px` pixels a side."""
    state = moment.state
    posed = posed_body(body, moment)
    view = view_of(posed, moment, size_px)
    points = _points(body, posed, view, found := _fragments(body, posed, view, size_px), size_px)
    found = found.kept(_uncut(body, found, state))
    hits = raster.nearest(found, pixels=size_px * size_px)
    part, uv = body.mesh.part[hits.triangle], _uv(body, hits.triangle, hits.weights)
    scene = Scene(body, moment, posed, view, size_px, _shadow_map(posed, state, body))
    skin = np.zeros(size_px * size_px, np.float32)
    colors = np.zeros((len(hits.pixel), 3), np.float32)
    for number, name in enumerate(body.names):
        chosen = np.flatnonzero(part == number)
        if len(chosen) == 0:
            continue
        pixel = hits.pixel[chosen]
        colors[chosen], skin[pixel] = _shaded(name, scene, uv[chosen], pixel)
    if posed.lenses is not None:
        _through_glasses(scene, hits, colors, skin)
    rgb = np.zeros((size_px * size_px, 3), np.float32)
    rgb[hits.pixel] = materials.encoded(tone_mapped(colors, state.light.exposure))
    person = np.zeros(size_px * size_px, np.float32)
    person[hits.pixel] = 1
    square = (size_px, size_px)
    return Shot(rgb.reshape(*square, 3), skin.reshape(square), person.reshape(square), points)


def _through_glasses(scene: Scene, hits: raster.Hits, colors: Floats, skin: Floats) -> None:
    """Dim what lies behind lenses and lay their shine over it; what dark or shining ones hide is no skin."""
    lenses, wear = scene.posed.lenses, scene.body.wear
    assert lenses is not None
    size_px = scene.size_px
    before = np.full(size_px * size_px, _NOTHING_MM, np.float32)
    for outline in lenses:
        xy, depth = scene.view.projected(np.concatenate([outline.mean(0, keepdims=True), outline]))
        rim = np.arange(1, len(xy) - 1)
        fan = np.stack([np.zeros_like(rim), rim, rim + 1], axis=-1)
        found = raster.fragments(xy, depth, np.concatenate([fan, fan[:, ::-1]]), width=size_px, height=size_px)
        np.maximum(before, raster.depth_map(found, pixels=len(before), empty=_NOTHING_MM), out=before)
    behind = np.flatnonzero(before[hits.pixel] > _depth(scene, hits))
    passes = np.asarray(wear.lens_pass, np.float32)
    row = (hits.pixel[behind] // size_px).astype(np.float32)
    shine = wear.lens_shine * (0.5 + 0.5 * np.sin(row * (40.0 / size_px) + 3 * scene.moment.shift[0]))
    color = np.asarray(scene.moment.state.light.key_color, np.float32)
    colors[behind] = colors[behind] * passes + shine[:, None] * color
    if passes.mean() < _SEEN_THROUGH + _SHINE_HIDES * wear.lens_shine:
        skin[hits.pixel[behind]] = 0.0


def _depth(scene: Scene, hits: raster.Hits) -> Floats:
    """How near every visible fragment is, in millimetres."""
    depth = np.concatenate([scene.posed.points[name].reshape(-1, 3)[:, 2] for name in scene.body.names])
    return (depth[scene.body.mesh.triangles[hits.triangle]] * hits.weights).sum(1)


def _fragments(body: Body, posed: Posed, view: View, size_px: int) -> raster.Fragments:
    mesh = body.mesh
    points = np.concatenate([posed.points[name].reshape(-1, 3) for name in body.names])
    xy, depth = view.projected(points)
    # The dark of the mouth fills the opening between the lips, behind everything else in it.
    depth[mesh.mouth_wall] -= _MOUTH_DEPTH_MM
    return raster.fragments_of_small(xy, depth, mesh.triangles, width=size_px, height=size_px)


def _points(body: Body, posed: Posed, view: View, found: raster.Fragments, size_px: int) -> np.ndarray:
    """The 70 points in pixels, the jaw on the contour that is seen."""
    marks, _ = view.projected(posed.marks)
    part = body.mesh.part[found.triangle]
    nearest = np.full(size_px * size_px, _NOTHING_MM, np.float32)
    # Between the lips nothing of the far cheek may be seen, so what fills the mouth stands in their gap.
    for name, forward in (("head", 0.0), ("mouth_wall", _MOUTH_DEPTH_MM)):
        own = np.flatnonzero(part == PARTS.index(name))
        np.maximum.at(nearest, found.pixel[own], found.depth[own] + np.float32(forward))
    nearest = nearest.reshape(size_px, size_px)
    xy, depth = view.projected(posed.points["head"])
    marks = marks.astype(float)
    marks[:17] = seen_jaw(body.actor.head, xy, depth, nearest)
    return marks


@dataclass(frozen=True, eq=False)
class Scene:
    """What shading a part needs to know of the whole picture."""

    body: Body
    moment: Moment
    posed: Posed
    view: View
    size_px: int
    shadow: ShadowMap


def _shaded(name: str, scene: Scene, uv: Floats, pixel: raster.Ints) -> tuple[Floats, Floats | float]:
    """Linear colours of one part's fragments, and how much of them is skin of the face."""
    actor, state, posed = scene.body.actor, scene.moment.state, scene.posed
    lit = _lit(name, scene, uv)
    if name == "head":
        place = sampled(actor.place, uv[:, 0], uv[:, 1])
        paint = materials.skin_paint(actor, place, uv, state)
        light = _under_the_skin(materials.skin_light(lit, paint), pixel, scene.size_px, scene.view.px_per_mm)
        color = materials.head_color(actor, lit, paint, light, place)
        return color, (sampled(actor.face_share, uv[:, 0], uv[:, 1]) > 0.5).astype(np.float32)
    if name.startswith("ear"):
        return materials.ear(actor, lit, uv), 0.0
    if name.startswith("hair"):
        across, along = grid_steps(posed.points[name])
        tangent = (along + actor.hair.lean[..., None] * across).astype(np.float32)
        strand = unit(sampled(tangent, uv[:, 0], uv[:, 1]))
        return materials.hair(actor, lit, uv, strand, int(name[-1])), 0.0
    if name.startswith("eye"):
        side = -1 if name.endswith("left") else 1
        return materials.eye(actor, state, lit, uv, posed.turn, side), 1.0
    if name in PARTS:
        return materials.mouth(name, actor, lit, uv, state), 1.0
    return _worn(name, scene, lit, uv)


def _worn(name: str, scene: Scene, lit: Lit, uv: Floats) -> tuple[Floats, Floats | float]:
    """Colours of a layer. A beard on the face counts as skin, cloth and frames don't."""
    actor = scene.body.actor
    layer = next(layer for layer in scene.body.wear.layers if layer.name == name)
    _, down = grid_steps(scene.posed.points[name])
    along = unit(sampled(down.astype(np.float32), uv[:, 0], uv[:, 1]))
    color = layer_color(layer, lit, uv, actor.hair.strands, along)
    if not layer.beard:
        return color, 0.0
    return color, (sampled(actor.face_share, uv[:, 0], uv[:, 1]) > 0.5).astype(np.float32)


def _uv(body: Body, triangle: raster.Ints, weights: Floats) -> Floats:
    corners = body.mesh.triangles[triangle]
    a, b, c = (body.mesh.uv[corners[:, k]] * weights[:, k, None] for k in range(3))
    return a + b + c


def _uncut(body: Body, found: raster.Fragments, state: State) -> np.ndarray:
    """Which fragments stay when eyes are open and hair has gaps, (n,) bool."""
    actor, mesh = body.actor, body.mesh
    keep = np.ones(len(found.pixel), bool)
    near = np.flatnonzero(mesh.near_eye[found.triangle])
    uv = _uv(body, found.triangle[near], found.weights[near])
    place = sampled(actor.place, uv[:, 0], uv[:, 1])
    for side in (-1, 1):
        inside = deform.eye_opening(state, side).inside(place[:, 0], place[:, 1])
        keep[near] &= (inside <= 0) | (np.sign(place[:, 0]) != side)
    part = mesh.part[found.triangle]
    first = part.astype(int) - (len(PARTS) - HAIR_SHELLS)
    hairs = np.flatnonzero((first >= 0) & (first < HAIR_SHELLS))
    uv = _uv(body, found.triangle[hairs], found.weights[hairs])
    keep[hairs] = materials.hair_cover(actor, uv, first[hairs], shells=HAIR_SHELLS)
    for number, layer in enumerate(body.wear.layers, len(PARTS)):
        if layer.density is not None:
            here = np.flatnonzero(part == number)
            keep[here] = covers(layer, _uv(body, found.triangle[here], found.weights[here]), actor.hair.strands)
    return keep


def _lit(name: str, scene: Scene, uv: Floats) -> Lit:
    posed = scene.posed
    both = np.concatenate([posed.normals[name], posed.points[name]], axis=-1).astype(np.float32)
    at = sampled(both, uv[:, 0], uv[:, 1])
    normal, point = unit(at[:, :3]), at[:, 3:]
    shadow = scene.shadow.light(point + normal * 1.5)
    return Lit(normal, unit(scene.view.eye - point), shadow, scene.moment.state.light)


def _under_the_skin(irradiance: Floats, pixel: raster.Ints, size_px: int, px_per_mm: float) -> Floats:
    """Blur the light on skin as it spreads under it: furthest in red (about 2 mm)."""
    field = np.zeros((size_px * size_px, 4), np.float32)
    field[pixel, :3], field[pixel, 3] = irradiance, 1
    far = cv2.GaussianBlur(field.reshape(size_px, size_px, 4), (0, 0), max(0.4, 2.2 * px_per_mm))
    far = far.reshape(-1, 4)[pixel]
    far = far[:, :3] / np.maximum(far[:, 3:], 1e-3)
    share = np.array([0.6, 0.3, 0.2], np.float32)
    return share * far + (1 - share) * irradiance


def _shadow_map(posed: Posed, state: State, body: Body) -> ShadowMap:
    """Depth from the key light over head, ears and hair."""
    toward = unit(np.asarray(state.light.key_direction, float))
    right = unit(np.cross([0.0, 1.0, 0.0], toward))
    axes = np.stack([right, np.cross(toward, right), toward])
    grids = _casters(posed, body)
    low = (axes @ grids[0].reshape(-1, 3).mean(0))[:2] - _SHADOW_SPAN_MM / 2
    px_per_mm = _SHADOW_PX / _SHADOW_SPAN_MM
    points = np.concatenate([grid.reshape(-1, 3) for grid in grids]) @ axes.T
    starts = np.cumsum([0, *(grid.shape[0] * grid.shape[1] for grid in grids)])
    triangles = np.concatenate(
        [raster.grid_triangles(*grid.shape[:2]) + start for grid, start in zip(grids, starts, strict=False)]
    )
    found = raster.fragments_of_small(
        ((points[:, :2] - low) * px_per_mm).astype(np.float32),
        points[:, 2].astype(np.float32),
        triangles,
        width=_SHADOW_PX,
        height=_SHADOW_PX,
    )
    depth = raster.depth_map(found, pixels=_SHADOW_PX**2, empty=_NOTHING_MM)
    # Emptiness far behind would make every outline look half transparent to the moments.
    depth = np.maximum(depth, depth[depth > _NOTHING_MM].min(initial=0.0)).reshape(_SHADOW_PX, _SHADOW_PX)
    moments = cv2.GaussianBlur(np.stack([depth, depth * depth], axis=-1), (0, 0), 0.9)
    return ShadowMap(axes.astype(np.float32), moments, low.astype(np.float32), px_per_mm)


def _casters(posed: Posed, body: Body) -> list[np.ndarray]:
    """Grids that cast shadows, the head first."""
    actor = body.actor
    rows = int(np.searchsorted(actor.head.ring[:, 0], _SHADOW_RING))
    head = posed.points["head"]
    grids = [head[:rows:2, ::2], posed.points["ear_left"], posed.points["ear_right"]]
    if actor.who.hair_style != "bald":
        # Where no hair grows its grid is drawn under the skin, where it casts nothing.
        hidden = head - 4 * posed.normals["head"]
        hair = np.where((actor.hair.density > 0.2)[..., None], posed.points["hair_1"], hidden)
        grids.append(hair[:rows:2, ::2])
    for layer in body.wear.layers:
        if layer.name == "brim":
            grids.append(posed.points["brim"])
        elif layer.name in {"cap", "hood"} and layer.density is not None:
            under = head - 4 * posed.normals["head"]
            grids.append(
                np.where((layer.density > 0.2)[..., None], posed.points[layer.name], under)[:rows:2, ::2]
            )
    return grids
