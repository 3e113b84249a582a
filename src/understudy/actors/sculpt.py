"""From the template and an identity to a face at rest: relief, then shape modes.

Relief (nose, sockets, lids, lips, chin) is a depth in millimetres over canonical (x, y), the same place for
everybody; shape modes then push or scale neighbourhoods of the finished head, so that openings and painted
skin, which live in canonical coordinates, go along by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from understudy.actors.identity import Identity
from understudy.actors.template import LIP_CORNER_X, Array, Template, lip_line_y

EYE_CENTRE = np.array([32.3, -38.3, -12.8])  # of the image-right eye; the other is its mirror image
EYE_RADII = np.array([15.6, 12.4, 12.6])
EYE_INNER, EYE_OUTER = (19.3, -36.4), (46.2, -37.8)


def gauss(value: Array, width: float) -> Array:
    """exp(-(value / width)²)."""
    return np.exp(-np.square(value / width))


def bump(x: Array, y: Array, centre: tuple[float, float], radii: tuple[float, float]) -> Array:
    """A round hill of height 1 about `centre`."""
    return np.exp(-np.square((x - centre[0]) / radii[0]) - np.square((y - centre[1]) / radii[1]))


def ease(value: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _nose(ax: Array, y: Array, who: Identity) -> Array:
    """The nose above the plain face. `ax` is |x|."""
    bridge, hump, width = who.mode("nose_bridge"), who.mode("nose_hump"), who.mode("nose_width")
    stations = [-58, -50, -43, -36, -28, -20, -13, -8, -4, -0.5, 2.5, 5.0, 7.5, 12]
    heights = [0, 0.4, 2.2 + 1.5 * bridge, 5.6 + 2 * bridge, 10.2 + 1.2 * bridge, 14.8, 19.0, 21.8, 22.0,
               19.5, 15.0, 10.2, 4.0, 0]  # fmt: skip
    ridge = np.interp(y, stations, heights) + 2.0 * hump * gauss(y + 31, 9)
    half = np.interp(y, [-58, -43, -30, -18, -9, -3, 2, 8], [7, 6.6, 7.2, 8.2, 9.6, 9.6, 8.6, 7.0])
    half = half * (1 + 0.12 * width * ease(y, -30.0, -8.0))
    across = np.exp(-np.power(ax / (1.25 * half), 2.6))
    flank = 0.30 * np.exp(-np.square(ax / (2.1 * half)))
    nose = ridge * (0.74 * across + flank - 0.04 * across)
    wing = 9.2 * np.exp(-np.power(np.abs(ax - 12.4) / 5.6, 2.6) - np.power(np.abs(y + 0.6) / 6.2, 2.6))
    crease = -1.8 * gauss(np.hypot((ax - 12.0) / 1.0, (y + 0.6) / 1.05) - 7.4, 1.5) * ease(ax, 12.0, 16.0)
    nostril = -5.0 * np.exp(-np.power(np.abs(ax - 7.0) / 3.4, 3) - np.power(np.abs(y - 4.0) / 2.4, 3))
    return np.maximum(nose, 0) + wing * (1 - 0.55 * across) + crease + nostril


def _mouth(ax: Array, y: Array, who: Identity) -> Array:
    """Dental arch, lips, philtrum and the hollow below the lower lip."""
    upper, lower = who.mode("upper_lip"), who.mode("lower_lip")
    t = np.clip(ax / LIP_CORNER_X, 0, 1.3)
    taper = np.clip(1 - t**2.2, 0, 1)
    line = lip_line_y(ax)
    muzzle = 7.0 * bump(ax, y, (0, 24), (26, 20))
    top = (3.4 + 1.1 * upper) * taper * np.exp(-np.square((y - (line - 4.2 - 0.3 * upper)) / 3.6))
    low = (4.6 + 1.2 * lower) * taper * np.exp(-np.square((y - (line + 5.6 + 0.4 * lower)) / 4.6))
    tuck = -4.2 * np.clip(1 - t**3, 0, 1) * gauss(y - line, 1.7)
    tubercle = 0.9 * bump(ax, y, (0, 24.2), (4.5, 3.0))
    corner = -2.2 * bump(ax, y, (LIP_CORNER_X + 1, 29.0), (5.0, 5.5))
    philtrum = (-1.3 * gauss(ax, 2.8) + 0.8 * gauss(ax - 5.2, 2.4)) * ease(y, 7, 12) * (1 - ease(y, 17, 20))
    rim = 0.7 * taper * gauss(y - (line - 8.0 + 0.9 * gauss(ax, 3.0)), 1.2)
    hollow = -3.4 * bump(ax, y, (0, 47), (20, 5.5))
    return muzzle + top + low + tuck + tubercle + corner + philtrum + rim + hollow


def _brow_and_cheeks(ax: Array, y: Array, who: Identity) -> Array:
    ridge = (2.2 + 2.2 * who.mode("brow_ridge")) * (
        0.9 * bump(ax, y, (16, -54), (13, 6)) + bump(ax, y, (38, -57), (17, 6.5))
    )
    glabella = (0.5 + who.mode("brow_ridge")) * bump(ax, y, (0, -53), (10, 8))
    forehead = 1.5 * bump(ax, y, (24, -88), (22, 16))
    temple = -3.0 * bump(ax, y, (60, -62), (12, 18))
    bone = (2.6 + 2.2 * who.mode("cheekbones")) * bump(ax, y, (50, -14), (15, 11))
    apple = 2.8 * bump(ax, y, (34, -2), (15, 14))
    hollow = (-2.2 + 3.2 * who.mode("cheeks")) * bump(ax, y, (46, 22), (15, 17))
    tear = -1.3 * bump(ax, y, (24, -24), (9, 4.5))
    return ridge + glabella + forehead + temple + bone + apple + hollow + tear


def _chin_and_folds(ax: Array, y: Array, who: Identity) -> Array:
    chin = 5.2 * np.exp(-np.power(ax / (17 + 3.5 * who.mode("chin_width")), 2.6) - np.square((y - 63) / 10))
    along = ease(y, 0.0, 6.0) * (1 - ease(y, 27.0, 38.0))
    fold_x = np.interp(y, [-2, 8, 20, 32, 40], [19.5, 22.5, 27.5, 33, 35])
    fold = -(0.7 + 1.6 * who.age) * gauss(ax - fold_x, 2.6) * along
    jowl = (0.2 + 1.4 * who.age) * gauss(ax - fold_x - 6, 6.0) * along
    marionette = (
        -0.9 * who.age * gauss(ax - 30.5 - 0.1 * (y - 34), 2.0) * ease(y, 31, 36) * (1 - ease(y, 46, 54))
    )
    return chin + fold + jowl + marionette


def _eyes(ax: Array, y: Array, depth: Array, who: Identity) -> Array:
    """Sockets, then lids drawn over the eyeballs; returns the new depth."""
    deep = who.mode("eye_depth")
    depth = depth - (9.0 + 1.6 * deep) * bump(ax, y, (29.5, -40), (17.5, 11.5))
    depth = depth - 2.8 * bump(ax, y, (21, -41.5), (6.5, 7.5))
    inside = 1 - np.square((ax - EYE_CENTRE[0]) / (EYE_RADII[0] + 1)) - np.square((y - EYE_CENTRE[1]) / 13.6)
    lid = EYE_CENTRE[2] + 13.7 * np.sqrt(np.maximum(inside, 0.0))
    soft = 1.3
    covered = soft * np.logaddexp(depth / soft, lid / soft)
    depth = np.where(inside > 0, covered, depth)
    crease_y = np.interp(ax, [17, 24, 33, 42, 50], [-39.5, -47.2, -49.6, -47.4, -41.5])
    within = ease(ax, 16, 23) * (1 - ease(ax, 45, 53))
    heavy = who.mode("lid_fold")
    fold = (1.1 + 0.7 * heavy) * gauss(y - (crease_y - 3.6), 3.0) - 1.5 * gauss(y - crease_y, 1.1)
    bag = 0.9 * gauss(y + 26.5 + 1.5 * gauss(ax - 33, 12), 3.0) - 1.0 * gauss(
        y + 30.6 - 0.004 * (ax - 33) ** 2, 1.4
    )
    below = ease(ax, 17, 24) * (1 - ease(ax, 42, 52))
    return depth + fold * within + (0.35 + 0.9 * who.age) * bag * below


@dataclass(frozen=True)
class Push:
    """A movement of the neighbourhood of one place, mirrored to the other side of the face.

    `move` is in millimetres (x away from the midline), `grow` scales x and y about the place.
    """

    centre: tuple[float, float]
    radii: tuple[float, float]
    move: tuple[float, float, float] = (0.0, 0.0, 0.0)
    grow: tuple[float, float] = (0.0, 0.0)


_SHAPES: dict[str, tuple[Push, ...]] = {
    "face_width": (Push((62, -8), (30, 50), (4.2, 0, 0)),),
    "jaw_width": (Push((57, 42), (26, 26), (6.5, 0, 1.5)),),
    "face_length": (Push((0, 80), (75, 38), (0, 6.0, 0)), Push((0, 28), (40, 24), (0, 1.6, 0))),
    "chin_forward": (Push((0, 68), (30, 20), (0, 0, 5.0)),),
    "chin_width": (Push((17, 70), (14, 16), (3.6, 0.6, 0)),),
    "forehead": (Push((0, -105), (70, 34), (0, -4, 3.5)),),
    "brow_ridge": (),
    "brow_height": (Push((34, -59), (26, 9), (0, -2.6, 0)),),
    "eye_spacing": (Push((31, -40), (19, 14), (2.6, 0, 0)),),
    "eye_size": (Push((32.3, -38.5), (19, 14), (0, 0, 0), (0.13, 0.20)),),
    "eye_tilt": (Push((47, -38), (13, 12), (0, -2.4, 0)), Push((19, -37), (10, 10), (0, 1.1, 0))),
    "eye_depth": (),
    "lid_fold": (),
    "nose_length": (Push((0, 0), (22, 14), (0, 3.6, 0.8)), Push((0, 20), (26, 9), (0, 1.0, 0))),
    "nose_width": (Push((12, -1), (11, 13), (3.4, 0, 0.4)),),
    "nose_bridge": (),
    "nose_tip": (Push((0, -5), (11, 8), (0, -3.0, 0.8)), Push((0, 5), (10, 5), (0, -1.4, 0))),
    "nose_hump": (),
    "mouth_width": (Push((26, 28), (17, 14), (4.0, 0, -0.6)),),
    "upper_lip": (Push((10, 19), (22, 5.0), (0, -1.9, 0)),),
    "lower_lip": (Push((8, 39.5), (20, 6.0), (0, 2.2, 0)),),
    "cheekbones": (Push((60, -12), (16, 14), (2.2, -0.6, 1.0)),),
    "cheeks": (Push((56, 24), (22, 24), (2.6, 0, 0.8)),),
    "ears": (),
    "neck": (Push((48, 98), (40, 27), (6.5, 0, 0)),),
}


def pushed(canonical: Array, push: Push) -> Array:
    """The movement (..., 3) that `push` gives to canonical points (..., 2 or more)."""
    x, y = canonical[..., 0], canonical[..., 1]
    ax, side = np.abs(x), np.sign(x)
    weight = bump(ax, y, push.centre, push.radii)
    # What moves sideways must stand still on the midline, or the two halves would tear.
    still = np.tanh(ax / 4.0) * side
    across = push.move[0] * still + push.grow[0] * (x - still * push.centre[0])
    down = push.move[1] + push.grow[1] * (y - push.centre[1])
    return np.stack([across * weight, down * weight, push.move[2] * weight], axis=-1)


def shape_offset(canonical: Array, who: Identity) -> Array:
    """How far all shape modes move canonical points (..., 2 or more)."""
    total = np.zeros((*canonical.shape[:-1], 3))
    for name, pushes in _SHAPES.items():
        amount = who.mode(name)
        for push in pushes if amount else ():
            total += amount * pushed(canonical, push)
    return total


def eye_centre(side: int, who: Identity) -> Array:
    """Centre of an eyeball at rest; side is -1 for the image-left eye and 1 for the image-right one."""
    centre = EYE_CENTRE * [side, 1, 1]
    offset = shape_offset(centre[None], who)[0]
    return centre + offset


def sculpted(head: Template, who: Identity) -> Array:
    """The face at rest, (rows, columns, 3)."""
    points = head.points.copy()
    ax, y = np.abs(head.x), head.y
    relief = _nose(ax, y, who) + _mouth(ax, y, who) + _brow_and_cheeks(ax, y, who) + _chin_and_folds(ax, y, who)
    depth = _eyes(ax, y, points[..., 2] + relief, who)
    points[..., 2] += head.front * (depth - points[..., 2])
    # The neighbourhoods of the modes are fields over the front; the back half follows by its mirrored x.
    fade = np.maximum(head.front, ease(-np.abs(head.angle_deg), -150, -70)[None, :] * 0.8)
    return points + fade[..., None] * shape_offset(head.points, who)
