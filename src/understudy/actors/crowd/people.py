"""Who a crowd is made of: shapes, tones, ages and colours drawn wider than the demo's performers.

People of `train` and of `test` come from generators that share no seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from understudy.actors.crowd.haircuts import Haircut, haircut
from understudy.actors.identity import SHAPE_MODES, Color, HairStyle, Identity
from understudy.color import linear_from_srgb

Part = Literal["train", "test"]
_PART_SEED: dict[Part, int] = {"train": 101, "test": 202}

# What a young face has more or less of.
_CHILD = {
    "eye_size": 1.0, "cheeks": 1.0, "face_length": -1.0, "jaw_width": -0.8, "nose_length": -1.0,
    "nose_bridge": -1.0, "brow_ridge": -1.0, "neck": -1.2, "forehead": 0.8, "chin_forward": -0.6,
}  # fmt: skip
_TONES = np.array(
    [(0.27, 0.17, 0.13), (0.40, 0.26, 0.19), (0.52, 0.35, 0.26), (0.66, 0.46, 0.34), (0.76, 0.56, 0.43),
     (0.83, 0.63, 0.50), (0.87, 0.69, 0.58), (0.92, 0.77, 0.69)]
)  # fmt: skip
_HAIRS = np.array(
    [(0.05, 0.045, 0.04), (0.13, 0.09, 0.07), (0.30, 0.19, 0.12), (0.52, 0.38, 0.24), (0.74, 0.6, 0.4)]
)
_IRISES = np.array(
    [(0.16, 0.09, 0.05), (0.34, 0.22, 0.12), (0.36, 0.38, 0.22), (0.32, 0.46, 0.56), (0.5, 0.55, 0.58)]
)


@dataclass(frozen=True, eq=False)
class Person:
    """One member of the crowd."""

    number: int
    who: Identity
    stretch: tuple[float, float, float]  # factors on the whole head across, down and in depth
    part: Part
    seed: int
    haircut: Haircut
    beard: float  # 0 none .. 1 full
    beard_color: Color

    def generator(self, purpose: int) -> np.random.Generator:
        """Randomness of this person for one purpose."""
        return generator(self.part, self.seed, self.number, purpose)

    @property
    def tone(self) -> float:
        """Lightness of the skin, 0..1 (CIE L* over 100)."""
        luminance = float(linear_from_srgb(self.who.skin) @ [0.2126, 0.7152, 0.0722])
        return float(np.clip((116 * np.cbrt(luminance) - 16) / 100, 0, 1))


def generator(part: Part, seed: int, number: int, purpose: int) -> np.random.Generator:
    """Randomness for one purpose of one person; the parts never share it."""
    return np.random.default_rng([_PART_SEED[part], seed, number, purpose])


def person(number: int, *, seed: int = 0, part: Part = "train") -> Person:
    """The person of a number; the same numbers give the same person."""
    rng = generator(part, seed, number, 0)
    age = float(rng.uniform(0, 1))
    skin = _jittered(_along(_TONES, rng.uniform(0, 1)), 0.02, rng)
    hair = _hair_color(rng, age)
    spread = rng.uniform(0.4, 0.75)
    shape = {name: float(np.clip(rng.normal(0, spread), -1.7, 1.7)) for name in SHAPE_MODES}
    if age < 0.15:
        for name, amount in _CHILD.items():
            shape[name] = float(np.clip(shape[name] + amount * rng.uniform(0.5, 1.1), -1.7, 1.7))
    cut = haircut(rng, part)
    style: HairStyle = "bald" if cut.top_mm <= 0 else "bob"
    lips = _jittered(np.asarray(skin) * (0.86, 0.66, 0.68) + (0.02, 0.0, 0.01), 0.03, rng)
    if rng.random() < 0.2:
        lips = _color(rng, 0.05, 0.85)
    grown_up = age > 0.15
    who = Identity(
        name=f"{part} {seed}-{number}",
        seed=int(rng.integers(1 << 31)),
        shape=shape,
        skin=skin,
        lips=lips,
        brows=_jittered(np.asarray(hair) * (0.75, 0.72, 0.70), 0.02, rng),
        iris=_jittered(_along(_IRISES, rng.uniform(0, 1)), 0.02, rng),
        hair=hair,
        hair_style=style,
        hairline=float(rng.uniform(-0.8, 1.4)),
        brow_thickness=float(rng.uniform(0.25, 1.6)),
        stubble=float(max(0.0, rng.uniform(-1, 1))) * grown_up,
        freckles=float(max(0.0, rng.uniform(-1.2, 0.9))),
        redness=float(rng.uniform(0.1, 0.9)),
        age=age,
        lashes=float(rng.uniform(0.3, 1.5)),
        moles=tuple(
            (float(rng.uniform(-48, 48)), float(rng.uniform(-20, 60)), float(rng.uniform(0.8, 2.2)))
            for _ in range(int(rng.integers(0, 4)))
        ),
        clothes=_color(rng, 0.03, 0.9),
    )
    across, down, deep = np.exp(rng.normal(0, [0.035, 0.035, 0.04]))
    beard = float(rng.uniform(0.25, 1.0)) if grown_up and rng.random() < 0.22 else 0.0
    beard_color = _jittered(np.asarray(hair) * rng.uniform(0.7, 1.1), 0.03, rng)
    stretch = (float(across), float(down), float(deep))
    return Person(number, who, stretch, part, seed, cut, beard, beard_color)


def _along(colors: np.ndarray, share: float) -> np.ndarray:
    at = share * (len(colors) - 1)
    return np.array([np.interp(at, np.arange(len(colors)), colors[:, k]) for k in range(3)])


def _hair_color(rng: np.random.Generator, age: float) -> Color:
    if rng.random() < 0.08:
        return _color(rng, 0.05, 0.85)
    natural = _along(_HAIRS, rng.uniform(0, 1) ** 1.4) * np.array([1 + rng.uniform(0, 0.35), 1, 1])
    grey = np.clip(rng.uniform(-0.5, 1.5) * (age - 0.35) * 2, 0, 1)
    silver = np.array([0.68, 0.67, 0.65]) * rng.uniform(0.7, 1.25)
    return _jittered(natural + grey * (silver - natural), 0.02, rng)


def _jittered(color: np.ndarray, amount: float, rng: np.random.Generator) -> Color:
    change = rng.normal(0, amount) + rng.normal(0, 0.35 * amount, 3)
    r, g, b = np.clip(np.asarray(color) + change, 0.03, 0.95)
    return float(r), float(g), float(b)


def _color(rng: np.random.Generator, low: float, high: float) -> Color:
    r, g, b = (float(value) for value in rng.uniform(low, high, 3))
    return r, g, b
