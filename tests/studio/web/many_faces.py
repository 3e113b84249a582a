"""A faceset of as many faces as wanted in seconds: the same few pictures, each with a record of its own."""

from __future__ import annotations

import random
from pathlib import Path

import cv2

from understudy.facesets.store import Faceset
from understudy.facesets.xmp import embed

SIDE_PX = 128


def many_faces(source: Path, goal: Path, count: int) -> None:
    """Fill the folder `goal` with `count` small faces made of those in `source`: directions, tracks and
    contents differ, so no thumbnail is another's."""
    dice, made = random.Random(0), []
    with Faceset(source) as faceset:
        for face in faceset.faces():
            rgb = cv2.resize(faceset.image(face), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
            bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
            jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
            scale = SIDE_PX / face.record.size_px
            matrix = [[value * scale for value in row] for row in face.record.crop_from_frame]
            made.append((jpeg, face.record.model_copy(update={"size_px": SIDE_PX, "crop_from_frame": matrix})))
    goal.mkdir(parents=True)
    for number in range(count):
        jpeg, record = made[number % len(made)]
        turned = {"yaw_deg": round(dice.gauss(0, 30), 2), "pitch_deg": round(dice.gauss(0, 15), 2)}
        numbers = {"clip": "many", "frame": number, "track": number // 500, "person": 1}
        data = embed(jpeg, record.model_copy(update=turned | numbers))
        (goal / f"many-{number:06d}-1.jpg").write_bytes(data)
