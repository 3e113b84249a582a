"""Who an actor is: shape, colours and marks, drawn from a seed. Nobody real is behind any of the numbers.

Not here: how the numbers become a surface (`sculpt`), skin (`skin`) or hair (`hair`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

HairStyle = Literal["crop", "swept", "bob", "bald"]
Color = tuple[float, float, float]  # sRGB, 0..1

# What every shape mode does when it is positive; 1 is a strong but human amount.
SHAPE_MODES: dict[str, str] = {
    "face_width": "wider at the cheeks",
    "jaw_width": "wider at the angle of the jaw",
    "face_length": "longer from nose to chin",
    "chin_forward": "chin comes forward",
    "chin_width": "broader, squarer chin",
    "forehead": "higher, steeper forehead",
    "brow_ridge": "stronger ridge above the eyes",
    "brow_height": "brows sit higher",
    "eye_spacing": "eyes further apart",
    "eye_size": "larger eyes",
    "eye_tilt": "outer corners higher",
    "eye_depth": "eyes lie deeper",
    "lid_fold": "heavier upper lid",
    "nose_length": "longer nose",
    "nose_width": "broader wings and tip",
    "nose_bridge": "higher bridge",
    "nose_tip": "tip turned up",
    "nose_hump": "hump on the bridge",
    "mouth_width": "wider mouth",
    "upper_lip": "fuller upper lip",
    "lower_lip": "fuller lower lip",
    "cheekbones": "prominent cheekbones",
    "cheeks": "fuller cheeks",
    "ears": "larger ears that stand off",
    "neck": "stronger neck",
}


@dataclass(frozen=True)
class Identity:
    """A performer who does not exist. `shape` holds every mode of SHAPE_MODES, about -1.5..1.5."""

    name: str
    seed: int
    shape: dict[str, float] = field(hash=False)
    skin: Color
    lips: Color
    brows: Color
    iris: Color
    hair: Color
    hair_style: HairStyle
    hairline: float = 0.0  # -1 low .. 1 high
    brow_thickness: float = 1.0
    stubble: float = 0.0  # 0..1
    freckles: float = 0.0  # 0..1
    redness: float = 0.5  # 0..1
    age: float = 0.2  # 0..1: folds and lines
    lashes: float = 1.0  # how dark and long
    moles: tuple[tuple[float, float, float], ...] = ()  # canonical x, y and radius in millimetres
    clothes: Color = (0.25, 0.28, 0.34)

    def mode(self, name: str) -> float:
        """The amount of one shape mode."""
        return self.shape[name]


_SKINS: tuple[Color, ...] = (
    (0.87, 0.69, 0.58),
    (0.83, 0.63, 0.50),
    (0.76, 0.56, 0.43),
    (0.66, 0.46, 0.34),
    (0.52, 0.35, 0.26),
    (0.40, 0.26, 0.19),
)
_HAIRS: tuple[Color, ...] = (
    (0.10, 0.08, 0.07),
    (0.20, 0.13, 0.09),
    (0.34, 0.22, 0.14),
    (0.50, 0.36, 0.22),
    (0.45, 0.22, 0.12),
    (0.55, 0.53, 0.50),
)
_IRISES: tuple[Color, ...] = (
    (0.24, 0.14, 0.08),
    (0.34, 0.22, 0.12),
    (0.36, 0.38, 0.22),
    (0.32, 0.46, 0.56),
    (0.42, 0.48, 0.52),
)


_CLOTHES: tuple[Color, ...] = (
    (0.20, 0.26, 0.36),
    (0.42, 0.40, 0.38),
    (0.34, 0.17, 0.18),
    (0.18, 0.32, 0.30),
    (0.58, 0.55, 0.50),
    (0.14, 0.14, 0.16),
)


def identity(seed: int) -> Identity:
    """The performer of a seed; the same seed gives the same performer."""
    rng = np.random.default_rng(seed)
    shape = {name: float(np.clip(rng.normal(0, 0.55), -1.3, 1.3)) for name in SHAPE_MODES}
    tone = int(rng.integers(len(_SKINS)))
    skin = _jittered(_SKINS[tone], 0.015, rng)
    dark = tone >= 3
    hair = _jittered(_HAIRS[int(rng.integers(2 if dark else len(_HAIRS)))], 0.02, rng)
    iris = _jittered(_IRISES[int(rng.integers(2 if dark else len(_IRISES)))], 0.02, rng)
    style: HairStyle = ("crop", "swept", "bob")[int(rng.integers(3))]
    moles = tuple(
        (float(rng.uniform(-48, 48)), float(rng.uniform(-20, 60)), float(rng.uniform(0.8, 1.6)))
        for _ in range(int(rng.integers(0, 4)))
    )
    return Identity(
        name=f"Nobody {seed}",
        seed=seed,
        shape=shape,
        skin=skin,
        lips=_lip_color(skin, rng),
        brows=(0.75 * hair[0], 0.72 * hair[1], 0.70 * hair[2]),
        iris=iris,
        hair=hair,
        hair_style=style,
        hairline=float(rng.uniform(-0.6, 0.9)),
        brow_thickness=float(rng.uniform(0.7, 1.4)),
        stubble=float(max(0.0, rng.uniform(-0.8, 0.8))) if style != "bob" else 0.0,
        freckles=float(max(0.0, rng.uniform(-0.8, 0.8))) if tone < 2 else 0.0,
        redness=float(rng.uniform(0.25, 0.8)),
        age=float(rng.uniform(0.05, 0.8)),
        lashes=1.3 if style == "bob" else float(rng.uniform(0.6, 1.0)),
        moles=moles,
        clothes=_jittered(_CLOTHES[int(rng.integers(len(_CLOTHES)))], 0.04, rng),
    )


def _jittered(color: Color, amount: float, rng: np.random.Generator) -> Color:
    # Mostly lighter or darker, a little of another hue: independent channels would turn dark hair green.
    change = rng.normal(0, amount) + rng.normal(0, 0.25 * amount, 3)
    r, g, b = np.clip(np.asarray(color) + change, 0.04, 0.93)
    return float(r), float(g), float(b)


def _lip_color(skin: Color, rng: np.random.Generator) -> Color:
    base = np.asarray(skin) * (0.86, 0.66, 0.68) + (0.02, 0.0, 0.01)
    return _jittered((float(base[0]), float(base[1]), float(base[2])), 0.02, rng)


def _shape(**modes: float) -> dict[str, float]:
    unknown = set(modes) - set(SHAPE_MODES)
    if unknown:
        raise ValueError(f"no such shape modes: {sorted(unknown)}")
    return {name: modes.get(name, 0.0) for name in SHAPE_MODES}


DEMO_SRC = Identity(
    name="Ada Morrow",
    seed=11,
    shape=_shape(
        face_width=-0.4, jaw_width=-0.9, face_length=-0.4, chin_forward=0.1, chin_width=-0.9, forehead=0.4,
        brow_ridge=-0.9, brow_height=0.7, eye_spacing=0.5, eye_size=0.9, eye_tilt=0.6, eye_depth=-0.4,
        nose_length=-0.7, nose_width=-0.6, nose_tip=0.9, nose_hump=-0.6, mouth_width=-0.1, upper_lip=1.0,
        lower_lip=0.9, cheekbones=0.7, cheeks=0.3, ears=-0.5, neck=-0.9,
    ),
    skin=(0.85, 0.66, 0.55), lips=(0.70, 0.36, 0.36), brows=(0.24, 0.13, 0.08), iris=(0.30, 0.40, 0.34),
    hair=(0.40, 0.19, 0.10), hair_style="swept", hairline=0.1, brow_thickness=0.8, freckles=0.8, redness=0.6,
    age=0.05, lashes=1.3, moles=((22.0, 13.0, 1.5),), clothes=(0.16, 0.34, 0.36),
)  # fmt: skip

DEMO_DST = Identity(
    name="Bruno Vale",
    seed=23,
    shape=_shape(
        face_width=0.5, jaw_width=1.0, face_length=0.5, chin_forward=0.4, chin_width=1.0, forehead=-0.2,
        brow_ridge=1.0, brow_height=-0.8, eye_spacing=-0.5, eye_size=-0.6, eye_tilt=-0.5, eye_depth=0.7,
        lid_fold=0.8, nose_length=0.6, nose_width=1.0, nose_bridge=0.4, nose_tip=-0.4, nose_hump=0.7,
        mouth_width=0.6, upper_lip=-0.9, lower_lip=-0.5, cheekbones=-0.2, cheeks=-0.2, ears=0.6, neck=0.9,
    ),
    skin=(0.84, 0.65, 0.54), lips=(0.60, 0.38, 0.33), brows=(0.09, 0.07, 0.06), iris=(0.26, 0.16, 0.09),
    hair=(0.11, 0.09, 0.08), hair_style="crop", hairline=0.3, brow_thickness=1.25, stubble=0.8, redness=0.4,
    age=0.75, lashes=0.7, moles=((-38.0, -8.0, 1.4),), clothes=(0.36, 0.30, 0.26),
)  # fmt: skip
