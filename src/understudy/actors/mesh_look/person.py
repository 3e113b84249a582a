"""Who stands before the camera: shape, colours, hair and what is worn, drawn by chance. Nobody real.

People of the parts "train" and "test" share no shape, no hair and no light: seeds differ, and whatever is drawn
with `parted` comes from slices of its range that belong to one part alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from understudy.actors.mesh_look.pack import MeshPack

Part = Literal["train", "test"]
Color = tuple[float, float, float]  # sRGB, 0..1
HairKind = Literal["bald", "shaved", "short", "curly", "curtain", "fringe", "tied", "cap", "beanie", "scarf"]

Glasses = Literal["none", "thin", "thick", "dark"]
_GLASSES: tuple[Glasses, ...] = ("none", "thin", "thick", "dark")

_SLICES, _EVERY = 20, 4  # every fourth slice of a range belongs to the test
_PARTS: dict[Part, int] = {"train": 1, "test": 2}

_SKINS: tuple[Color, ...] = (
    (0.22, 0.14, 0.10),
    (0.35, 0.22, 0.16),
    (0.50, 0.34, 0.25),
    (0.64, 0.45, 0.34),
    (0.76, 0.57, 0.45),
    (0.85, 0.67, 0.56),
    (0.92, 0.77, 0.69),
)
_HAIRS: tuple[Color, ...] = (
    (0.05, 0.04, 0.04),
    (0.12, 0.08, 0.06),
    (0.24, 0.15, 0.09),
    (0.38, 0.24, 0.14),
    (0.55, 0.40, 0.24),
    (0.72, 0.60, 0.42),
    (0.45, 0.18, 0.08),
    (0.62, 0.62, 0.62),
    (0.86, 0.85, 0.83),
)
_IRISES: tuple[Color, ...] = (
    (0.20, 0.11, 0.06),
    (0.33, 0.20, 0.10),
    (0.36, 0.33, 0.18),
    (0.30, 0.40, 0.33),
    (0.32, 0.45, 0.58),
    (0.45, 0.50, 0.54),
)
_KINDS: dict[HairKind, float] = {
    "bald": 0.06, "shaved": 0.10, "short": 0.20, "curly": 0.10, "curtain": 0.16, "fringe": 0.12, "tied": 0.06,
    "cap": 0.08, "beanie": 0.06, "scarf": 0.06,
}  # fmt: skip
_OPPOSITES = (
    ("decr", "incr"), ("down", "up"), ("in", "out"), ("backward", "forward"), ("concave", "convex"),
    ("compress", "uncompress"),
)  # fmt: skip
_CARTOONISH = ("pointed", "-triangle", "head-trans", "head-age", "head-angle")


@dataclass(frozen=True)
class Hair:
    """What grows or sits on the head. Lengths in millimetres."""

    kind: HairKind
    color: Color
    hairline: float  # -1 low .. 1 high
    length_mm: float
    opening_deg: float  # half of the gap that a curtain leaves for the face
    ragged: float  # 0..1
    lean: float  # -1..1: to which side it is parted
    curl: float  # 0..1
    seed: int


@dataclass(frozen=True)
class Person:
    """A performer of the mesh look."""

    name: str
    seed: int
    shape: dict[str, float] = field(hash=False)
    macro: dict[str, float] = field(hash=False)
    age: float
    skin: Color
    lips: Color
    brows: Color
    brow_thickness: float
    brow_density: float
    iris: Color
    hair: Hair
    stubble: float
    beard_mm: float
    freckles: float
    redness: float
    gloss: float
    shadow: tuple[Color, float]  # colour on the lids and how much
    liner: float
    cloth: Color
    neckline_mm: float  # below the chin
    glasses: Glasses
    frame: Color

    @property
    def tone(self) -> float:
        """Lightness of the skin, 0..1 (CIE L* over 100)."""
        r, g, b = ((c / 12.92) if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in self.skin)
        y = 0.2126 * r + 0.7152 * g + 0.0722 * b
        return float(1.16 * np.cbrt(y) - 0.16 if y > 0.008856 else 9.033 * y)


def parted(rng: np.random.Generator, part: Part, low: float = 0.0, high: float = 1.0) -> float:
    """A number of low..high from the slices of that range that belong to a part alone."""
    own = [k for k in range(_SLICES) if (k % _EVERY == _EVERY - 1) == (part == "test")]
    share = (own[int(rng.integers(len(own)))] + float(rng.random())) / _SLICES
    return low + (high - low) * share


def person(pack: MeshPack, number: int, part: Part) -> Person:
    """Performer `number` of a part; the same numbers give the same performer."""
    rng = np.random.default_rng([_PARTS[part], number, 41])
    age = float(rng.beta(1.2, 1.6))
    female = rng.random() < 0.5
    macro = _macro(pack, rng, female=female, age=age)
    skin, place = _between(_SKINS, float(rng.random()), rng, spread=0.012)
    hair, natural = _hair(rng, part, age=age, female=female, skin_place=place)
    bearded = not female and rng.random() < 0.6
    made_up = female and rng.random() < 0.6
    lips = np.asarray(skin) * [0.88, 0.62, 0.62]
    if made_up:
        lips = 0.4 * lips + 0.6 * np.asarray(
            [rng.uniform(0.35, 0.8), rng.uniform(0.05, 0.3), rng.uniform(0.1, 0.35)]
        )
    glasses = _GLASSES[int(rng.choice(4, p=[0.8, 0.09, 0.08, 0.03]))]
    return Person(
        name=f"mesh-{part}-{number}", seed=int(rng.integers(1 << 31)), shape=_shape(pack, rng, age),
        macro=macro, age=age, skin=skin, lips=_color(lips), brows=_brow_color(natural, rng),
        brow_thickness=float(rng.uniform(0.6, 1.5)), brow_density=float(rng.uniform(0.15, 1.0)),
        iris=_between(_IRISES, float(rng.random() ** (2.0 - place)), rng, spread=0.04)[0], hair=hair,
        stubble=float(rng.random() if bearded else 0.0),
        beard_mm=parted(rng, part, 3, 16) if bearded and rng.random() < 0.4 else 0.0,
        freckles=float(max(0.0, rng.uniform(-1.5, 1.0))), redness=float(rng.random()),
        gloss=float(rng.uniform(0.2, 1.3)),
        shadow=(_color(rng.uniform(0.05, 0.6, 3)), float(rng.uniform(0.2, 0.8) if made_up else 0.0)),
        liner=float(rng.uniform(0.3, 1.0) if made_up else 0.25 * rng.random()),
        cloth=_color(rng.random(3) ** 1.3 * 0.9), neckline_mm=float(rng.uniform(30, 150)),
        glasses=glasses, frame=_color(rng.random(3) ** 2.5 * 0.7),
    )  # fmt: skip


def _hair(
    rng: np.random.Generator, part: Part, *, age: float, female: bool, skin_place: float
) -> tuple[Hair, Color]:
    """The hair or hat, and the colour that hair has by nature."""
    odds = np.array(list(_KINDS.values()))
    if female:
        odds = odds * [0.15, 0.3, 0.5, 1, 2.5, 2.5, 2, 0.7, 1, 2]
    kind = list(_KINDS)[int(rng.choice(len(odds), p=odds / odds.sum()))]
    grey = rng.random() < max(0.0, age - 0.45)
    dark = rng.random() > skin_place + 0.1
    choice = 7 + int(rng.integers(2)) if grey else int(rng.integers(2)) if dark else int(rng.integers(7))
    color = np.asarray(_HAIRS[choice]) * rng.uniform(0.7, 1.3)
    natural = _color(color)
    if rng.random() < 0.04:
        color = rng.random(3) * 0.8
    if kind in ("cap", "beanie", "scarf"):
        color = rng.random(3) ** 1.4 * 0.9
    long = kind in ("curtain", "fringe", "scarf")
    worn = Hair(
        kind=kind, color=_color(color), hairline=float(rng.uniform(-0.8, 1.0)),
        length_mm=parted(rng, part, 150, 380) if long else parted(rng, part, 3, 22 if kind == "short" else 40),
        opening_deg=parted(rng, part, 34, 80), ragged=parted(rng, part), lean=parted(rng, part, -1, 1),
        curl=parted(rng, part), seed=int(rng.integers(1 << 31)),
    )  # fmt: skip
    return worn, natural


def _macro(pack: MeshPack, rng: np.random.Generator, *, female: bool, age: float) -> dict[str, float]:
    """Weights that sum to 1: two kinds of people mixed, and young with old as the age says."""
    sex = "female" if female else "male"
    kinds = sorted({n.split("-")[0] for n in pack.macro.names if "-" in n})
    share = rng.dirichlet(np.full(len(kinds), 0.35)) if kinds else []
    weights = {}
    for kind, of_kind in zip(kinds, share, strict=True):
        for years, of_age in (("young", 1 - age), ("old", age)):
            name = f"{kind}-{sex}-{years}"
            if name in pack.macro.names:
                weights[name] = float(of_kind * of_age)
    return weights


def _shape(pack: MeshPack, rng: np.random.Generator, age: float) -> dict[str, float]:
    """Amounts of the identity targets: one of two opposites, both halves of a face nearly alike."""
    groups: dict[str, list[str]] = {}
    for name in pack.identity.names:
        if not any(word in name for word in _CARTOONISH):
            groups.setdefault(_without_side(name), []).append(name)
    amounts: dict[str, float] = {}
    strength = rng.uniform(0.25, 0.55)
    for plain in groups:
        opposite = _opposite(plain)
        if opposite in amounts:
            amounts[plain] = max(0.0, -amounts[opposite])
            amounts[opposite] = max(0.0, amounts[opposite])
        else:
            paired = opposite in groups
            amounts[plain] = float(rng.normal(0, strength) if paired else max(0.0, rng.normal(-0.2, strength)))
    out = {}
    for plain, names in groups.items():
        for name in names:
            weight = min(0.9, max(0.0, amounts[plain])) * rng.uniform(0.85, 1.15)
            if weight > 0.03:
                out[name] = float(weight)
    if "head-age-incr" in pack.identity.names:
        out["head-age-incr"] = float(0.7 * max(0.0, age - 0.4))
    return out


def _without_side(name: str) -> str:
    return name[2:] if name[:2] in ("l-", "r-") else name


def _opposite(name: str) -> str:
    head, _, tail = name.rpartition("-")
    for a, b in _OPPOSITES:
        if tail in (a, b):
            return f"{head}-{b if tail == a else a}"
    return ""


def _brow_color(hair: Color, rng: np.random.Generator) -> Color:
    darker = np.asarray(hair) * rng.uniform(0.4, 0.9)
    return _color(darker if max(hair) < 0.7 else rng.uniform(0.15, 0.45) * np.array([1.0, 0.85, 0.72]))


def _between(
    colors: tuple[Color, ...], share: float, rng: np.random.Generator, *, spread: float
) -> tuple[Color, float]:
    """A colour at a share of the way through a list, a little off it."""
    at = share * (len(colors) - 1)
    k = min(int(at), len(colors) - 2)
    a, b = np.asarray(colors[k]), np.asarray(colors[k + 1])
    return _color(a + (at - k) * (b - a) + rng.normal(0, spread, 3)), share


def _color(values: np.ndarray) -> Color:
    r, g, b = np.clip(values, 0.01, 0.98).tolist()
    return (r, g, b)
