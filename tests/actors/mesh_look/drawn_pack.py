"""A small head-mesh pack that the tests draw themselves: a ball with eyes, and a few shapes to take on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from understudy.mean_face import MEAN_FACE_68_IN_SPACE

_ROWS, _COLUMNS = 36, 48
_SHAPES = {"head-wide-incr": (600, 0, 0), "head-wide-decr": (-600, 0, 0), "l-cheek-out": (300, 0, 0)}
_MOODS = {"mouth-open": (0, -500, 0), "mouth-corner-puller": (200, 200, 0)}
_KINDS = ("male-young", "male-old", "female-young", "female-old")
_EYE_X, _EYE_Y = 0.31, 0.0


def drawn_pack() -> dict[str, dict[str, Any]]:
    """The arrays of every file, by the file's name without its ending."""
    head, head_faces = _ball(_ROWS, _COLUMNS, (0.75, 1.15, 0.95), (0.0, -0.1, 0.0))
    head[:, 2] += (
        0.3 * np.exp(-np.square(head[:, 0] / 0.15) - np.square((head[:, 1] + 0.35) / 0.2)) * (head[:, 2] > 0)
    )
    eyes = [_ball(8, 10, (0.14, 0.14, 0.14), (side * _EYE_X, _EYE_Y, 0.82)) for side in (1, -1)]
    vertices, faces, part = [head], [head_faces], [np.zeros(len(head_faces), np.uint8)]
    for number, (points, quads) in enumerate(eyes, 1):
        faces.append(quads + sum(map(len, vertices)))
        vertices.append(points)
        part.append(np.full(len(quads), number, np.uint8))
    marks = MEAN_FACE_68_IN_SPACE.copy()
    marks -= marks[36:48].mean(0)
    marks *= 0.88 / np.linalg.norm(marks[36] - marks[45])
    marks[:17, 1] = marks[8, 1] + 1.25 * (marks[:17, 1] - marks[8, 1])  # a jaw that ends higher than most
    wanted = marks[:, :2] * [1, -1] + [0, _EYE_Y]
    front = np.flatnonzero(head[:, 2] > 0.1)
    away = np.linalg.norm(head[front][None, :, :2] - wanted[:, None], axis=2)
    quads = np.concatenate(faces).astype(np.int16)
    points = np.concatenate(vertices).astype(np.float32)
    return {
        "base": {
            "vertices": points, "faces": quads, "face_uv": quads.copy(), "face_part": np.concatenate(part),
            "part_names": np.array(["skin", "left_eye", "right_eye"]),
        },
        "landmarks68": {"vertex": front[away.argmin(1)].astype(np.int32)},
        "identity": _targets(head, _SHAPES),
        "expression": _targets(head, _MOODS, below=-0.52),
        "macro": _targets(head, {f"drawn-{kind}": (0, 900, 0) for kind in _KINDS}),
    }  # fmt: skip


def write_pack(folder: Path, pack: dict[str, dict[str, Any]]) -> Path:
    """Write the files of a pack; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, arrays in pack.items():
        np.savez_compressed(folder / f"{name}.npz", **arrays)
    return folder


def _ball(
    rows: int, columns: int, half: tuple[float, float, float], middle: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """A ball with its poles at top and bottom, counter-clockwise from outside, y up."""
    polar, turn = np.meshgrid(
        np.linspace(0.02, np.pi - 0.02, rows), np.linspace(0, 2 * np.pi, columns, endpoint=False), indexing="ij"
    )
    points = np.stack([np.sin(polar) * np.sin(turn), np.cos(polar), np.sin(polar) * np.cos(turn)], -1)
    index = np.arange(rows * columns).reshape(rows, columns)
    next_column = np.roll(index, -1, axis=1)
    quads = np.stack([index[:-1], index[1:], next_column[1:], next_column[:-1]], -1)
    return (points * half + middle).reshape(-1, 3), quads.reshape(-1, 4)


def _targets(head: np.ndarray, moves: dict[str, tuple[int, int, int]], below: float = np.inf) -> dict[str, Any]:
    """Each move, in half thousandths, for the front of the head: outward where it moves aside."""
    index = np.flatnonzero((head[:, 2] > 0.2) & (head[:, 1] < below)).astype(np.uint16)
    delta = [np.sign(head[index, :1]) * [[x, 0, 0]] + [[0, y, z]] for x, y, z in moves.values()]
    return {
        "names": np.array(list(moves)),
        "offsets": (np.arange(len(moves) + 1) * len(index)).astype(np.int32),
        "index": np.tile(index, len(moves)),
        "delta": np.concatenate(delta).astype(np.int16),
    }
