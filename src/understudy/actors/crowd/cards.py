"""Cards to hold before a face: hands, strands of hair, microphones, cups, telephones and plain solids.

A card is a square picture with alpha in which a millimetre is about as large as in a sample of 176 pixels. Not
here: where a card is put; the training does that anew for every picture.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from understudy.actors.crowd.solids import Relief

CARD_PX = 128
Floats = np.ndarray


def cards(rng: np.random.Generator, count: int) -> np.ndarray:
    """`count` cards, uint8 (count, CARD_PX, CARD_PX, 4), straight alpha."""
    drawn = np.zeros((count, CARD_PX, CARD_PX, 4), np.uint8)
    for k in range(count):
        kind = rng.choice(len(KINDS), p=[share for _, share in KINDS.values()])
        card = list(KINDS.values())[kind][0](rng)
        drawn[k] = np.round(np.clip(card, 0, 1) * 255)
    return drawn


def skin_color(rng: np.random.Generator) -> Floats:
    """Any tone of skin."""
    return np.clip(
        np.array([0.90, 0.70, 0.58]) ** rng.uniform(0.7, 3.2) * np.exp(rng.normal(0, 0.06, 3)), 0.04, 0.97
    )


def hand(rng: np.random.Generator) -> Floats:
    """A hand with an arm, its fingers more or less bent and spread; sometimes in a glove."""
    relief = Relief(CARD_PX)
    skin = rng.uniform(0.05, 0.95, 3) if rng.random() < 0.12 else skin_color(rng)
    size = rng.uniform(0.8, 1.05)
    turn = rng.uniform(-0.5, 0.5)
    wrist = np.array([CARD_PX * rng.uniform(0.4, 0.6), CARD_PX * 0.93])
    mirror = rng.choice([-1, 1])

    def at(across: float, up: float) -> Floats:
        a, u = mirror * size * across, size * up
        return wrist + np.array([a * np.cos(turn) + u * np.sin(turn), a * np.sin(turn) - u * np.cos(turn)])

    relief.capsule(np.stack([at(0, -80), at(0, 0)]), (20 * size, 16 * size), skin, flat=0.7)
    for across in (-11, -4, 4, 11):
        relief.capsule(
            np.stack([at(0.7 * across, 2), at(1.1 * across, 36)]), (10 * size, 9 * size), skin, flat=0.8
        )
    spread = rng.uniform(0.0, 0.22)
    for k, (across, length) in enumerate(((-16, 27), (-5.5, 33), (5, 30), (15, 23))):
        bent = rng.uniform(0.35, 1.0) if rng.random() < 0.6 else 1.0
        lean = (k - 1.4) * spread + rng.normal(0, 0.05)
        root, reach = (across, 40.0), length * bent
        knuckle = (root[0] + reach * np.sin(lean), root[1] + reach * np.cos(lean))
        tip = (knuckle[0] + 0.85 * reach * np.sin(1.2 * lean), knuckle[1] + 0.85 * reach * np.cos(1.2 * lean))
        shade = skin * rng.uniform(0.93, 1.04)
        relief.capsule(np.stack([at(*root), at(*knuckle)]), (6.3 * size, 5.8 * size), shade, level=1.0)
        relief.capsule(np.stack([at(*knuckle), at(*tip)]), (5.9 * size, 4.6 * size), shade, level=1.5)
    out = rng.uniform(0.2, 1.1)
    thumb = (-24 - 14 * np.sin(out), 22 + 16 * np.cos(out))
    end = (thumb[0] - 16 * np.sin(0.7 * out), thumb[1] + 16 * np.cos(0.7 * out))
    relief.capsule(np.stack([at(-12, 8), at(*thumb)]), (9 * size, 6.6 * size), skin, level=1.0)
    relief.capsule(np.stack([at(*thumb), at(*end)]), (6.6 * size, 5.0 * size), skin, level=1.5)
    if rng.random() < 0.5:
        sleeve = rng.uniform(0.03, 0.9, 3)
        relief.capsule(
            np.stack([at(0, -90), at(0, rng.uniform(-22, -8))]), (24 * size, 21 * size), sleeve, level=9.0
        )
    return relief.lit(rng, gloss=0.08)


def strands(rng: np.random.Generator) -> Floats:
    """A lock of hair that falls across the card, loose or dense."""
    big = CARD_PX * 2
    cover = np.zeros((big, big), np.uint8)
    shade = np.zeros((big, big), np.uint8)
    count = int(rng.choice([12, 40, 160]))
    start, end = rng.uniform(0.1, 0.9, 2) * big, rng.uniform(0.1, 0.9, 2) * big
    start[1], end[1] = 0, big * rng.uniform(0.5, 1.0)
    bend, width = rng.normal(0, 0.25 * big, 2), rng.uniform(0.03, 0.14) * big
    t = np.linspace(0, 1, 14)[:, None]
    for _ in range(count):
        a, b = start + rng.normal(0, width, 2) * [1, 0.2], end + rng.normal(0, 1.2 * width, 2)
        c = 0.5 * (a + b) + bend + rng.normal(0, 0.4 * width, 2)
        path = (1 - t) ** 2 * a + 2 * t * (1 - t) * c + t**2 * b
        path = np.round(path * 16).astype(np.int32)
        thick = int(rng.integers(1, 4))
        cv2.polylines(cover, [path], False, 255, thick, cv2.LINE_AA, 4)
        cv2.polylines(shade, [path], False, int(rng.uniform(70, 255)), thick, cv2.LINE_AA, 4)
    color = np.clip(
        np.array([0.75, 0.55, 0.38]) ** rng.uniform(0.4, 4.5) * np.exp(rng.normal(0, 0.1, 3)), 0.02, 0.95
    )
    picture = np.dstack([color * (shade / 255.0)[..., None] * rng.uniform(0.7, 1.4), cover / 255.0])
    return _shrunk(picture)


def _shrunk(picture: Floats) -> Floats:
    """Half the size, with the colours kept apart from what is transparent."""
    alpha = picture[..., 3:]
    both = np.concatenate([picture[..., :3] * alpha, alpha], -1).astype(np.float32)
    small = cv2.resize(both, (CARD_PX, CARD_PX), interpolation=cv2.INTER_AREA)
    return np.concatenate([small[..., :3] / np.maximum(small[..., 3:], 1e-3), small[..., 3:]], -1)


def microphone(rng: np.random.Generator) -> Floats:
    """A microphone on its handle, on a stand, or in a foam ball."""
    relief = Relief(CARD_PX)
    lean = rng.uniform(-0.9, 0.9)
    head = np.array([CARD_PX * rng.uniform(0.35, 0.65), CARD_PX * rng.uniform(0.18, 0.4)])
    down = np.array([np.sin(lean), np.cos(lean)])
    dark, ball = np.full(3, rng.uniform(0.04, 0.3)), rng.uniform(0.1, 0.75) * np.ones(3)
    radius = rng.uniform(11, 19)
    if rng.random() < 0.4:
        ball = rng.uniform(0.05, 0.9, 3)
    relief.capsule(np.stack([head + down * 8, head + down * 140]), (0.6 * radius, 0.42 * radius), dark)
    relief.capsule(np.stack([head, head + down * rng.uniform(1, 8)]), (radius, radius), ball, level=4.0)
    mesh = 1 - 0.25 * (np.sin(relief.x * 2.1) * np.sin(relief.y * 2.1) > 0.3)
    relief.color = relief.color * mesh[..., None].astype(np.float32)
    return relief.lit(rng, gloss=0.35)


def cup(rng: np.random.Generator) -> Floats:
    """A cup, a glass or a bottle, often with a hand's fingers round it."""
    relief = Relief(CARD_PX)
    color = rng.uniform(0.05, 0.98, 3) if rng.random() < 0.6 else np.full(3, rng.uniform(0.6, 0.97))
    top, bottom = rng.uniform(18, 34), rng.uniform(14, 30)
    x, y, tall = CARD_PX * rng.uniform(0.4, 0.6), CARD_PX * rng.uniform(0.15, 0.35), rng.uniform(50, 80)
    rows = relief.y - y
    share = np.clip(rows / tall, 0, 1)
    radius = top + (bottom - top) * share
    inside = (np.abs(relief.x - x) < radius) & (rows > 0) & (rows < tall)
    relief.height = np.where(inside, np.sqrt(np.maximum(radius**2 - (relief.x - x) ** 2, 0)), relief.height)
    relief.color = np.where(inside[..., None], color.astype(np.float32), relief.color)
    band = inside & (np.abs(share - rng.uniform(0.2, 0.8)) < rng.uniform(0, 0.2))
    relief.color = np.where(band[..., None], rng.uniform(0, 1, 3).astype(np.float32), relief.color)
    relief.cover = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.6)
    if rng.random() < 0.6:
        skin, side = skin_color(rng), rng.choice([-1, 1])
        for k in range(4):
            at = y + tall * 0.3 + 12 * k
            ends = np.array([[x + side * 60, at + rng.normal(4, 3)], [x - side * rng.uniform(0, 12), at]])
            relief.capsule(ends, (8, 6), skin * rng.uniform(0.92, 1.05), level=24.0)
    return relief.lit(rng, gloss=0.3)


def plate(rng: np.random.Generator) -> Floats:
    """Something flat: a telephone, a book, a sheet, a sign, with a pattern or without."""
    relief = Relief(CARD_PX)
    wide, tall, turn = rng.uniform(14, 60), rng.uniform(14, 60), rng.uniform(-np.pi, np.pi)
    square = np.array([[-wide, -tall], [wide, -tall], [wide, tall], [-wide, tall]]) * rng.uniform(
        0.85, 1, (4, 2)
    )
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = square @ rotation.T + CARD_PX / 2
    relief.plate(corners, rng.uniform(0.02, 0.98, 3))
    if rng.random() < 0.6:
        relief.plate(
            (corners - CARD_PX / 2) * rng.uniform(0.6, 0.95) + CARD_PX / 2, rng.uniform(0, 1, 3), level=1.0
        )
    card = relief.lit(rng, grain=rng.choice([0.0, 0.05, 0.3]))
    if rng.random() < 0.4:
        rows = np.sin((relief.x * np.sin(turn) - relief.y * np.cos(turn)) * rng.uniform(0.2, 1.5))
        card[..., :3] *= (1 - rng.uniform(0.2, 0.8) * (rows > rng.uniform(-0.5, 0.8)))[..., None]
    return card


def solid(rng: np.random.Generator) -> Floats:
    """A ball, a stick or a heap of both, of any colour."""
    relief = Relief(CARD_PX)
    for _ in range(int(rng.integers(1, 5))):
        ends = rng.uniform(0.2, 0.8, (2, 2)) * CARD_PX
        radius = float(np.exp(rng.uniform(np.log(3), np.log(30))))
        color = skin_color(rng) if rng.random() < 0.25 else rng.uniform(0.02, 0.98, 3)
        relief.capsule(ends, (radius, radius * rng.uniform(0.5, 1.2)), color, flat=rng.uniform(0.1, 1))
    return relief.lit(rng, gloss=rng.uniform(0, 0.6), grain=rng.choice([0.0, 0.05, 0.2]))


KINDS: dict[str, tuple[Callable[[np.random.Generator], Floats], float]] = {
    "hand": (hand, 0.34),
    "strands": (strands, 0.18),
    "microphone": (microphone, 0.12),
    "cup": (cup, 0.12),
    "plate": (plate, 0.12),
    "solid": (solid, 0.12),
}
