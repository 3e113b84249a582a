"""What a person of a crowd wears over the head: shells of cloth or beard, brims and frames.

A layer is a grid like the head's own. Shells follow the face at a distance; rigid grids go with the head.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from understudy.actors.actor import Mesh
from understudy.actors.hair import STRAND_HEIGHT, STRAND_WIDTH
from understudy.actors.raster import grid_triangles
from understudy.actors.shade import Floats, Lit, hair_color, highlight, sampled
from understudy.actors.template import Array


@dataclass(frozen=True, eq=False)
class Layer:
    """One thing worn. Either `grid`, at rest, or `lift_mm` over the expressed head."""

    name: str
    color: Floats  # (3,) linear
    grid: Array | None = None  # (rows, columns, 3)
    lift_mm: Array | None = None  # (rows, columns) over the head
    density: np.ndarray | None = None  # (rows, columns) float32: above 0 there is something
    beard: bool = False  # strands instead of cloth
    gloss: float = 0.0
    second: Floats | None = None  # (3,) linear: another colour in a pattern
    pattern: tuple[float, float] = (0.0, 0.0)  # waves of the pattern for every column and row
    both_sides: bool = False


def shape_of(layer: Layer) -> tuple[int, int]:
    """Rows and columns of a layer's grid."""
    grid = layer.grid if layer.grid is not None else layer.lift_mm
    assert grid is not None
    return grid.shape[0], grid.shape[1]


def with_layers(mesh: Mesh, layers: tuple[Layer, ...], first_part: int) -> Mesh:
    """The mesh with the layers' triangles behind its own; their parts are numbered from `first_part`."""
    triangles, part, near_eye, uv = [mesh.triangles], [mesh.part], [mesh.near_eye], [mesh.uv]
    offset = len(mesh.uv)
    for number, layer in enumerate(layers, first_part):
        rows, columns = shape_of(layer)
        found = grid_triangles(rows, columns)
        if layer.density is not None:
            found = found[(layer.density.reshape(-1)[found] > 0).any(1)]
        if layer.both_sides:
            found = np.concatenate([found, found[:, ::-1]])
        column, row = np.meshgrid(np.arange(columns), np.arange(rows))
        triangles.append(found + offset)
        part.append(np.full(len(found), number, np.uint8))
        near_eye.append(np.zeros(len(found), bool))
        uv.append(np.stack([column.ravel(), row.ravel()], axis=-1).astype(np.float32))
        offset += rows * columns
    return replace(
        mesh,
        triangles=np.concatenate(triangles),
        part=np.concatenate(part),
        near_eye=np.concatenate(near_eye),
        uv=np.concatenate(uv),
    )


def covers(layer: Layer, uv: Floats, strands: Floats) -> np.ndarray:
    """Where a layer's fragments are there, (n,) bool."""
    if layer.density is None:
        return np.ones(len(uv), bool)
    density = sampled(layer.density, uv[:, 0], uv[:, 1])
    if not layer.beard:
        return density > 0
    return density > 0.75 * (1 - _strand(uv, strands))


def _strand(uv: Floats, strands: Floats) -> Floats:
    """Noise 0..1 of a beard's strands."""
    column, row = (uv[:, 0] * 6.0) % (STRAND_WIDTH - 1), (uv[:, 1] * 2.0) % (STRAND_HEIGHT - 1)
    return sampled(strands, column, row)[:, 0]


def layer_color(layer: Layer, lit: Lit, uv: Floats, strands: Floats, along: Floats) -> Floats:
    """Linear colours of a layer's fragments, (n, 3). `along` (n, 3) runs down the rows."""
    flipped = np.einsum("ni,ni->n", lit.normal, lit.view) < 0
    lit = replace(lit, normal=np.where(flipped[:, None], -lit.normal, lit.normal))
    if layer.beard:
        strand = _strand(uv, strands)
        return hair_color(lit, layer.color, strand, along, np.full(len(uv), 0.8, np.float32))
    color = layer.color * np.ones((len(uv), 1), np.float32)
    if layer.second is not None:
        wave = np.sin(uv[:, 0] * layer.pattern[0]) + np.sin(uv[:, 1] * layer.pattern[1])
        color = np.where((wave > 0.3)[:, None], layer.second, color)
    facing = np.clip(0.1 + 0.9 * (lit.normal @ lit.key), 0, 1) * lit.shadow
    light = facing[:, None] * lit.key_rgb() + lit.fill(0.85) + 0.5 * lit.rim()[:, None]
    color = color * light
    if layer.gloss > 0:
        color = color + (layer.gloss * 3 * highlight(lit, 0.35, at_normal=0.05))[:, None] * lit.key_rgb()
    return color.astype(np.float32)
