"""Hair: where it grows, how far it stands off, and the noise its strands are cut from.

Hair is shells over the head's own grid. A fragment of a shell is kept where the density of the place beats the
noise of the strand, so that hairlines and outlines are frayed rather than cut like a wig.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from understudy.actors.identity import HairStyle, Identity
from understudy.actors.sculpt import ease
from understudy.actors.template import Array, Template

# Canonical y of the hairline at angles from the nose to the back of the head.
ANGLES = (0, 20, 36, 48, 58, 66, 72, 77, 83, 87, 96, 106, 114, 128, 150, 180)
HAIRLINES: dict[HairStyle, tuple[float, ...]] = {
    "crop": (-105, -107, -110, -98, -80, -60, -38, -20, -26, -52, -62, -50, -8, 18, 38, 42),
    "swept": (-107, -106, -101, -89, -75, -58, -42, -36, -46, -58, -64, -54, -12, 14, 30, 34),
    "bob": (-104, -102, -97, -86, -72, -50, -10, 30, 62, 74, 78, 80, 82, 82, 82, 82),
    "bald": (-400,) * 16,
}
_THICKNESS: dict[HairStyle, tuple[float, float]] = {  # on top, at the sides
    "crop": (8.0, 3.0),
    "swept": (15.0, 3.5),
    "bob": (13.0, 11.0),
    "bald": (0.0, 0.0),
}
STRAND_WIDTH = 2880  # noise columns round the head
STRAND_HEIGHT = 512  # noise rows from the crown down
STRAND_RINGS = 16.0  # how many rings those rows span


@dataclass(frozen=True, eq=False)
class Hair:
    """Everything about one person's hair that does not move."""

    density: Array  # (rows, columns) -1 outside .. 1 well inside
    lift_mm: Array  # (shells, rows, columns) distance from the skin
    strands: np.ndarray  # (STRAND_HEIGHT, STRAND_WIDTH, 2) float32 0..1: fine strands, locks
    lean: Array  # (rows, columns) how many columns the strands move sideways for every row down
    curtain: bool  # long hair hangs straight from its widest place


def hair_for(head: Template, who: Identity, strands: np.ndarray | None = None) -> Hair:
    """The hair of one person, with strands of their own or those given."""
    if strands is None:
        along = 3.5 if who.hair_style == "crop" else 26.0
        strands = strands_noise(np.random.default_rng([who.seed, 5]), along=along)
    angle = np.abs(head.angle_deg)[None, :]
    inside = np.interp(angle, ANGLES, HAIRLINES[who.hair_style]) - head.y
    inside = inside - 7.0 * who.hairline * (1 - ease(angle, 40, 62))
    # Behind the curtain's lower edge the rings of neck and shoulders would grow hair as well.
    inside = np.where(head.ring > 16, -50.0, inside)
    locks = _at_grid(strands[..., 1], head, who.hair_style)
    density = np.clip((inside + 3.0 * (locks - 0.5)) / (16.0 if who.hair_style == "crop" else 11.0), -1, 1)
    top, side = _THICKNESS[who.hair_style]
    height = ease(-head.y, 88, 160)
    full = side + (top - side) * height
    ramp = ease(inside, -6.0, 58.0)
    lift = full * ramp * (1.0 + (0.45 * locks - 0.2) * ease(head.ring, 0.6, 2.0)) + 0.35
    shells = np.stack([lift * 0.55, lift * 0.82, lift * 1.05])
    return Hair(density, shells, strands, _lean(head, who.hair_style), curtain=who.hair_style == "bob")


def strands_noise(rng: np.random.Generator, *, along: float) -> np.ndarray:
    """Noise drawn out along the hair, periodic round the head."""
    fine = _drawn_out(rng, columns=STRAND_WIDTH, along=along, across=0.8)
    locks = _drawn_out(rng, columns=STRAND_WIDTH // 8, along=1.4 * along, across=1.2)
    locks = cv2.resize(locks, (STRAND_WIDTH, STRAND_HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.stack([fine, np.clip(locks, 0, 1)], axis=-1).astype(np.float32)


def _drawn_out(rng: np.random.Generator, *, columns: int, along: float, across: float) -> np.ndarray:
    noise = rng.normal(size=(STRAND_HEIGHT, columns)).astype(np.float32)
    noise = np.concatenate([noise[:, -16:], noise, noise[:, :16]], axis=1)
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=across, sigmaY=along)[:, 16:-16]
    # The drift makes strands lean over each other instead of running like a comb.
    drift = cv2.GaussianBlur(rng.normal(size=(STRAND_HEIGHT, 1)).astype(np.float32), (0, 0), 0.1, sigmaY=40)
    shift = np.cumsum(drift / drift.std() * 0.004 * columns / 90).astype(int)
    rows = np.arange(columns)[None, :] + shift[:, None]
    noise = np.take_along_axis(noise, rows % columns, axis=1)
    return np.clip(0.5 + 0.25 * noise / noise.std(), 0, 1)


# How far round the head, in degrees, strands are combed between the crown and each ring.
_COMBED: dict[HairStyle, float] = {"crop": 14.0, "swept": 62.0, "bob": 0.0, "bald": 0.0}
_COMBED_RINGS = 4.5


def _combed_deg(ring: Array, style: HairStyle) -> Array:
    """The angle by which strands have turned at a ring: much near the crown, none at the ears."""
    return _COMBED[style] * np.square(np.clip(1 - ring / _COMBED_RINGS, 0, 1))


def _lean(head: Template, style: HairStyle) -> Array:
    """Columns a strand moves to the side for every row down, (rows, columns)."""
    turned = _combed_deg(head.ring, style)
    degrees_a_row = -np.gradient(turned, axis=0)
    return degrees_a_row / np.gradient(head.angle_deg)[None, :]


def strand_position(head: Template, style: HairStyle) -> np.ndarray:
    """Column and row of the strand noise for every vertex, (rows, columns, 2) float32.

    Columns may run past the noise's edges: it is periodic.
    """
    column = (head.angle_deg / 360.0 + 0.5) * (STRAND_WIDTH - 1)
    column = column + _combed_deg(head.ring, style) / 360.0 * STRAND_WIDTH
    row = np.clip(head.ring / STRAND_RINGS, 0, 1) * (STRAND_HEIGHT - 1)
    return np.stack([column, row], axis=-1).astype(np.float32)


def _at_grid(noise: np.ndarray, head: Template, style: HairStyle) -> Array:
    at = strand_position(head, style).astype(int)
    return noise[at[..., 1], at[..., 0] % STRAND_WIDTH].astype(float)


def shell_points(points: Array, normals: Array, lift_mm: Array, *, curtain: bool) -> Array:
    """A shell over the head's grid (rows, columns, 3); all in the head's own space."""
    shell = points + normals * lift_mm[..., None]
    if not curtain:
        return shell
    axis = np.array([0.0, -70.0])
    flat = shell[..., [0, 2]] - axis
    reach = np.linalg.norm(flat, axis=-1)
    wide = np.maximum(reach, np.maximum.accumulate(reach, axis=0) - 0.08 * np.maximum(shell[..., 1] - 20, 0))
    flat = flat * (wide / np.maximum(reach, 1e-6))[..., None]
    return np.stack([flat[..., 0], shell[..., 1], flat[..., 1] + axis[1]], axis=-1)
