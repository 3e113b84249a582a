"""Samples of a crowd: a person, a few moments of them, the pictures and what is true about them."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from understudy.actors.crowd.body import Body, body_for
from understudy.actors.crowd.film import shot
from understudy.actors.crowd.lights import light
from understudy.actors.crowd.moments import Moment, moment
from understudy.actors.crowd.people import Part, Person, generator, person
from understudy.actors.crowd.sample import Sample

STATES = 5  # pictures of one person: building them takes as long as a few pictures
_SUPERSAMPLING = 4 / 3


def sample(number: int, seed: int, size_px: int, *, part: Part = "train") -> Sample:
    """The sample of a number: the same arguments give the same pixels. Neighbours in number share a person."""
    return picture(_person(number // STATES, seed, part), number % STATES, seed, size_px)


@lru_cache(maxsize=2)
def _person(number: int, seed: int, part: Part) -> Person:
    return person(number, seed=seed, part=part)


def picture(person: Person, state: int, seed: int, size_px: int) -> Sample:
    """One picture of a person in one of their moments."""
    if size_px < 32:
        raise ValueError("a sample needs at least 32 pixels a side")
    rng = generator(person.part, seed, person.number, 1 + state)
    return taken(body_for(person), moment(rng, light(rng, person.part)), size_px)


def taken(body: Body, moment: Moment, size_px: int) -> Sample:
    """The sample of a body in a moment."""
    inner_px = round(size_px * _SUPERSAMPLING)
    frame = shot(body, moment, inner_px)
    rgb, skin, alpha = (
        cv2.resize(layer, (size_px, size_px), interpolation=cv2.INTER_AREA)
        for layer in (frame.rgb, frame.skin, frame.person)
    )
    yaw, pitch, roll = moment.turn_deg
    return Sample(
        rgb=np.round(np.clip(_spread(rgb, alpha), 0, 1) * 255).astype(np.uint8),
        person=np.clip(alpha, 0, 1).astype(np.float32),
        skin=np.clip(skin, 0, 1).astype(np.float32),
        points=frame.points * (size_px / inner_px),
        yaw_deg=yaw,
        pitch_deg=pitch,
        roll_deg=roll,
        tone=body.person.tone,
        age=body.person.who.age,
        look="own",
        who=body.person.who.name,
    )


def _spread(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Their own colours also where a person covers a pixel in part; around them those go on, blurred."""
    both = np.concatenate([rgb, alpha[..., None]], axis=-1)
    around = cv2.GaussianBlur(both, (0, 0), 0.02 * len(rgb)) + 1e-3 * cv2.blur(both, (len(rgb) // 2,) * 2)
    around = around[..., :3] / np.maximum(around[..., 3:], 1e-9)
    own = rgb / np.maximum(alpha, 1e-6)[..., None]
    return np.where((alpha > 0.02)[..., None], own, around)
