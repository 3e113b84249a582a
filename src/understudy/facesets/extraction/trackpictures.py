"""A picture of every track and one of all, so that a person can say which is meant; and the same as a list.

The pictures and `tracks.json` beside them are made again only when the tracks, or what is said about them,
changed. What `understudy tracks` prints is read from there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from understudy.counts import counted
from understudy.events import Made
from understudy.faces.boxes import overlap
from understudy.facesets.extraction.edits import EditedTracks, parse_edit
from understudy.facesets.extraction.looking import frames_at
from understudy.facesets.extraction.portraits import portrait
from understudy.facesets.extraction.task import Task
from understudy.facesets.extraction.tracks import Sighting, Track
from understudy.files import read_json, write_bytes, write_json
from understudy.media.clip import Clip
from understudy.media.images import encode_jpeg

UInt8 = npt.NDArray[np.uint8]

LIST_NAME = "tracks.json"
OVERVIEW_NAME = "tracks.jpg"
_CARD = (640, 320)  # width and height of a track's picture; the face takes the square at its left
_TITLE_PX, _TEXT_PX = 52, 28
_COLUMNS = 3
_MOST_PICTURES = 60
_MOST_NAMED = 12
_SAME_FACE = 0.3  # overlap of boxes; detectors draw them a little differently
_BOX = (255, 196, 0)
_GROUND, _TITLE, _TEXT = (24, 25, 28), (255, 255, 255), (205, 208, 214)


def write_tracks(clip: Clip, edited: EditedTracks, task: Task) -> Iterator[Made]:
    """Write `track-NN.jpg` of the largest tracks, `tracks.jpg` of them together and `tracks.json`."""
    folder, clip_name = task.people_folder, task.clip_name
    told = {
        "clip": clip_name,
        "content": task.content,
        "edits": list(task.edits),
        "tracks": [_told(track, edited) for track in edited.shown],
    }
    if _is_there(folder, told):
        return
    for old in folder.glob("track-*.jpg"):
        old.unlink()  # a number may mean another track by now
    weight = {track.number: sum(s.side_px for s in track.sightings) for track in edited.shown}
    pictured = sorted(edited.shown, key=lambda track: -weight[track.number])[:_MOST_PICTURES]
    best = {track.number: track.best() for track in pictured}
    cards: dict[int, UInt8] = {}
    for frame in frames_at(clip, sorted({sighting.frame.index for sighting in best.values()})):
        for track in pictured:
            if best[track.number].frame.index == frame.index:
                framed = _framed(frame.rgb_8bit, best[track.number])
                cards[track.number] = _card(portrait(framed, best[track.number]), _lines(track, edited))
    for number, card in sorted(cards.items()):
        path = folder / f"track-{number:02d}.jpg"
        write_bytes(path, encode_jpeg(card, quality=90))
        if len(cards) <= _MOST_NAMED:
            yield Made(what=f"picture of track {number} in {clip_name}", path=path)
    if cards:
        path = folder / OVERVIEW_NAME
        write_bytes(path, encode_jpeg(_overview([card for _, card in sorted(cards.items())]), quality=88))
        if len(cards) > 1:  # of a single one the sheet is the picture that was told
            yield Made(what=f"picture of {counted(len(cards), 'track')} in {clip_name}", path=path)
    write_json(folder / LIST_NAME, told)


def _is_there(folder: Path, told: dict[str, Any]) -> bool:
    return _listed(folder) == told


def _listed(folder: Path) -> Any:
    """What `tracks.json` says; None where there is none."""
    try:
        return read_json(folder / LIST_NAME)
    except (OSError, ValueError):
        return None


def moved_numbers(edited: EditedTracks, task: Task, *, looked_at: Collection[int]) -> list[int]:
    """Numbers of the edits that mean another track than in the list a person last saw with these edits.

    Other options or another search number the tracks anew, and `drop:2` would drop somebody else.
    """
    listed = _listed(task.people_folder)
    if not task.edits or not isinstance(listed, dict) or listed.get("edits") != list(task.edits):
        return []
    now = {track.number: track for track in edited.shown}
    named = {number for words in task.edits for number in parse_edit(words).tracks}
    try:
        seen = {told["track"]: told for told in listed["tracks"] if told["track"] in named & now.keys()}
        return [n for n, told in sorted(seen.items()) if not _is_same(now[n], told, looked_at)]
    except (KeyError, TypeError, ValueError):
        return []


def _is_same(track: Track, told: dict[str, Any], looked_at: Collection[int]) -> bool:
    """Whether a track has the face that the list showed, or is of that time where its frame isn't looked at."""
    if told["best_frame"] not in looked_at:
        return bool(track.first <= told["last_frame"] and told["first_frame"] <= track.last)
    box = np.array(told["best_box"], float).reshape(1, 4)
    faces = [s.face.detection.box_xyxy for s in track.sightings if s.frame.index == told["best_frame"]]
    return any(overlap(box, face[None])[0, 0] > _SAME_FACE for face in faces)


def _told(track: Track, edited: EditedTracks) -> dict[str, Any]:
    """What is known of a track, for programs."""
    filled = sum(sighting.face.filled for sighting in track.sightings)
    best = track.best()
    return {
        "track": track.number,
        "person": track.person,
        "first_frame": track.first,
        "last_frame": track.last,
        "faces": len(track.sightings),
        "found": len(track.sightings) - filled,
        "filled": filled,
        "side_px": round(float(np.median([sighting.side_px for sighting in track.sightings])), 1),
        "best_frame": best.frame.index,
        "best_box": [round(float(x)) for x in best.face.detection.box_xyxy],
        "fate": edited.fate.get(track.number, ""),
    }


def _lines(track: Track, edited: EditedTracks) -> list[str]:
    told = _told(track, edited)
    lines = [
        f"track {track.number}",
        f"person {track.person}",
        f"frames {track.first} to {track.last}",
        counted(told["faces"], "face") + (f", {told['filled']} filled" if told["filled"] else ""),
        f"about {told['side_px']:.0f} px",
    ]
    return [*lines, told["fate"]] if told["fate"] else lines


def _framed(frame_rgb: UInt8, sighting: Sighting) -> UInt8:
    """The frame with a box about the face that is meant, where others are beside it."""
    left, top, right, bottom = (round(float(x)) for x in sighting.face.detection.box_xyxy)
    picture = np.ascontiguousarray(frame_rgb).copy()
    cv2.rectangle(picture, (left, top), (right, bottom), _BOX, max(1, round(sighting.side_px / 60)))
    return picture


def _card(face: UInt8, lines: Sequence[str]) -> UInt8:
    width, height = _CARD
    card = Image.new("RGB", (width, height), _GROUND)
    card.paste(_squared(face, height), (0, 0))
    pen, x, y = ImageDraw.Draw(card), height + 24, 20
    for number, line in enumerate(lines):
        size = _TEXT_PX if number else _TITLE_PX
        pen.text((x, y), line, fill=_TEXT if number else _TITLE, font=ImageFont.load_default(size))
        y += round(size * (1.35 if number else 1.45))
    return np.asarray(card, np.uint8)


def _squared(face: UInt8, side: int) -> Image.Image:
    """The picture within a square, not stretched."""
    picture = Image.fromarray(face)
    scale = side / max(picture.size)
    shown = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    square = Image.new("RGB", (side, side), (0, 0, 0))
    square.paste(shown, ((side - shown.width) // 2, (side - shown.height) // 2))
    return square


def _overview(cards: Sequence[UInt8]) -> UInt8:
    columns = min(_COLUMNS, len(cards))
    rows = -(-len(cards) // columns)
    width, height = _CARD
    sheet = np.full((rows * height, columns * width, 3), _GROUND, np.uint8)
    for place, card in enumerate(cards):
        y, x = (place // columns) * height, (place % columns) * width
        sheet[y : y + height, x : x + width] = card
    return sheet
