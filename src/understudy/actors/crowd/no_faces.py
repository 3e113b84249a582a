"""Pictures that hold no face though a detector might say so: backs of heads, hands, patterns, things."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from understudy.actors.crowd.backgrounds import backgrounds
from understudy.actors.crowd.body import body_for
from understudy.actors.crowd.cards import CARD_PX, cards
from understudy.actors.crowd.draw import taken
from understudy.actors.crowd.lights import light
from understudy.actors.crowd.moments import moment
from understudy.actors.crowd.people import Part, person

_BACK_DEG = 128.0  # from here on a head shows an ear and hair, and of the face a cheek at most


def no_faces(rng: np.random.Generator, count: int, size_px: int, part: Part = "train") -> np.ndarray:
    """`count` pictures without a face, uint8 (count, size_px, size_px, 3): a third of each kind."""
    drawn = backgrounds(rng, count, size_px)
    for k in range(count):
        if k % 3 == 0:
            drawn[k] = _over(back_of_a_head(rng, size_px, part), drawn[k])
        elif k % 3 == 1:
            for card in cards(rng, int(rng.integers(1, 3))):
                drawn[k] = _over(_placed(card, rng, size_px), drawn[k])
    return drawn


def back_of_a_head(rng: np.random.Generator, size_px: int, part: Part) -> np.ndarray:
    """Somebody who looks away from the camera, uint8 (size_px, size_px, 4)."""
    someone = person(int(rng.integers(1 << 30)), seed=int(rng.integers(1 << 30)), part=part)
    drawn = moment(rng, light(rng, part))
    yaw = float(rng.choice([-1, 1]) * rng.uniform(_BACK_DEG, 180))
    sample = taken(body_for(someone), replace(drawn, turn_deg=(yaw, *drawn.turn_deg[1:])), size_px)
    alpha = np.round(sample.person * 255).astype(np.uint8)
    return np.concatenate([sample.rgb, alpha[..., None]], axis=-1)


def _placed(card: np.ndarray, rng: np.random.Generator, size_px: int) -> np.ndarray:
    """A card turned, scaled and moved anywhere near the middle of a picture."""
    scale = size_px / CARD_PX * rng.uniform(0.5, 1.4)
    matrix = cv2.getRotationMatrix2D((CARD_PX / 2, CARD_PX / 2), float(rng.uniform(0, 360)), float(scale))
    matrix[:, 2] += size_px * (0.5 + rng.uniform(-0.2, 0.2, 2)) - CARD_PX / 2
    return cv2.warpAffine(card, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR)


def _over(picture: np.ndarray, behind: np.ndarray) -> np.ndarray:
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.round(picture[..., :3] * alpha + behind * (1 - alpha)).astype(np.uint8)
