"""Hand a faceset out to DeepFaceLab or faceswap: an event for every face.

What lies at the goal is never replaced; a file of the same content is left as it is, so that the same command
goes on after a stop. How one face looks to the other program is in `dfl_writing.py` and `faceswap.py`.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Literal

from understudy.errors import ExchangeRefused, ExchangeUnreadable, FacesetUnusable
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.faces.align import crop
from understudy.facesets.exchange import faceswap, faceswap_files
from understudy.facesets.exchange.dfl_pak import write_pak
from understudy.facesets.exchange.dfl_writing import DflFace, dfl_face, pak_config
from understudy.facesets.exchange.grids import points_for_them, transform_for_them
from understudy.facesets.exchange.options import ExportOptions
from understudy.facesets.exchange.places import Places
from understudy.facesets.face_mask import chosen_mask, mask_seen
from understudy.facesets.names import FreeNames, face_name, face_stem, safe_name
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset, StoredFace
from understudy.files import said_plainly, write_bytes, write_json, written_aside
from understudy.geometry import resized_crop
from understudy.media.clip import Clip, UInt8
from understudy.media.images import encode_png

GoalFormat = Literal["dfl", "dfl-pak", "faceswap-json", "faceswap-png"]
STAGE = "export"
_HEAD_MASK_PX = 256


@dataclass
class _Tally:
    """What became of the faces so far."""

    written: int = 0
    there: int = 0
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Footage:
    """What is known of a clip whose faces go out: its file's name, and how to open it, or None."""

    file_name: str
    is_video: bool
    opened: Callable[[], Clip] | None


def export_faces(
    faceset: Faceset,
    out: Path,
    *,
    form: GoalFormat,
    options: ExportOptions,
    footage: Callable[[str], Footage],
) -> Events:
    """Write all faces of a faceset to `out`, a folder (dfl, faceswap-png) or a file (dfl-pak, faceswap-json).

    Raises FacesetUnusable for an empty faceset and ExchangeRefused where something else lies at `out` or no
    face can be written.
    """
    faces = faceset.faces()
    if not faces:
        raise FacesetUnusable("There are no faces to export.", faceset.folder)
    into_file = form in ("dfl-pak", "faceswap-json")
    goal = goal_file(out, form) if into_file else out
    if into_file:
        _require_no_file(goal)
    if not into_file and goal.exists() and not goal.is_dir():
        raise ExchangeRefused("There is a file where a folder is to be made. Name another place.", goal)
    yield StageStarted(stage=STAGE, unit="faces", total=len(faces))
    tally, started = _Tally(), time.monotonic()
    writers: dict[GoalFormat, Callable[..., Iterator[StoredFace]]] = {
        "dfl": _dfl,
        "dfl-pak": _dfl_pak,
        "faceswap-json": _faceswap_json,
        "faceswap-png": _faceswap_png,
    }
    steps = writers[form](faceset, goal, options=options, footage=footage, tally=tally)
    for done, _ in enumerate(steps, 1):
        rate = done / max(time.monotonic() - started, 1e-6)
        left = (len(faces) - done) / rate
        yield Progress(stage=STAGE, done=done, total=len(faces), rate=rate, seconds_left=left)
    if tally.refused and not tally.written and not tally.there:
        why, count = tally.refused.most_common(1)[0]
        raise ExchangeRefused(f"Not one of {count} faces could be written. {why}")
    for why, count in tally.refused.most_common():
        yield Notice(f"{count} faces were left out: {why}", level="warning")
    yield Made(form, goal)
    summary = {"faces": tally.written, "there before": tally.there, "left out": sum(tally.refused.values())}
    yield StageFinished(stage=STAGE, summary=summary, skipped=not tally.written)


def goal_file(out: Path, form: GoalFormat) -> Path:
    """Which file an export to `out` makes, where it makes one: dfl-pak and faceswap-json."""
    name = "faceset.pak" if form == "dfl-pak" else "alignments.json"
    return out / name if out.is_dir() or not out.suffix else out


def _require_no_file(goal: Path) -> None:
    if goal.exists():
        raise ExchangeRefused("There is a file already. Name another, or move it away.", goal)


def _put(path: Path, data: bytes, tally: _Tally) -> None:
    """Write a file where none lies; one of the same content is there already."""
    if not path.exists():
        write_bytes(path, data)
        tally.written += 1
    elif path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        tally.there += 1
    else:
        raise ExchangeRefused("Another file of its name is there already.")


# --- DeepFaceLab


def _dfl(
    faceset: Faceset, out: Path, *, options: ExportOptions, footage: Callable[[str], Footage], tally: _Tally
) -> Iterator[StoredFace]:
    for face, name, frame_name in _named(faceset.faces(), footage, ending=".jpg"):
        try:
            made = _made(faceset, face, name, frame_name, options)
            folder = out / safe_name(made.person_name) if made.person_name else out
            _put(folder / name, made.jpeg, tally)
        except (ExchangeRefused, ExchangeUnreadable) as error:
            tally.refused[error.message] += 1
        yield face


def _made(faceset: Faceset, face: StoredFace, name: str, frame_name: str, options: ExportOptions) -> DflFace:
    return dfl_face(
        faceset, face, mask=options.mask, jpeg_quality=options.jpeg_quality, name=name, frame_name=frame_name
    )


def _dfl_pak(
    faceset: Faceset, out: Path, *, options: ExportOptions, footage: Callable[[str], Footage], tally: _Tally
) -> Iterator[StoredFace]:
    """The table of places stands before the pictures, so these wait in a file beside, which has no name that
    another export could take and is gone whenever this process is."""
    configs: list[dict[str, Any]] = []
    sizes: list[int] = []
    with said_plainly(out), ExitStack() as stack:
        out.parent.mkdir(parents=True, exist_ok=True)
        spool = stack.enter_context(TemporaryFile(dir=out.parent))
        for face, name, frame_name in _named(faceset.faces(), footage, ending=".jpg"):
            try:
                made = _made(faceset, face, name, frame_name, options)
            except (ExchangeRefused, ExchangeUnreadable) as error:
                tally.refused[error.message] += 1
            else:
                configs.append(pak_config(made))
                sizes.append(len(made.jpeg))
                spool.write(made.jpeg)
            yield face
        if not configs:
            return
        spool.seek(0)
        with written_aside(out) as aside:
            with aside.open("wb") as file:
                write_pak(file, configs=configs, sizes=sizes, images=(spool.read(size) for size in sizes))
            _require_no_file(out)  # another export may have ended meanwhile
        tally.written = len(configs)


# --- faceswap


def _faceswap_json(
    faceset: Faceset, out: Path, *, options: ExportOptions, footage: Callable[[str], Footage], tally: _Tally
) -> Iterator[StoredFace]:
    entries = []
    for face in faceset.faces():
        record = face.record
        if _knows_no_frame(record):
            tally.refused["It knows nothing of its frame."] += 1
        else:
            key = frame_key(record, footage(record.clip))
            entries.append((key, record.box_xyxy, points_for_them(record.landmarks())))
            tally.written += 1
        yield face
    if entries:
        _require_no_file(out)  # another export may have ended meanwhile
        write_json(out, faceswap_files.json_of(entries))


def _faceswap_png(
    faceset: Faceset, out: Path, *, options: ExportOptions, footage: Callable[[str], Footage], tally: _Tally
) -> Iterator[StoredFace]:
    """Head crops show more than ours, so they are cut from the frames, one clip after the other."""
    by_clip: dict[str, list[StoredFace]] = {}
    for face in faceset.faces():
        by_clip.setdefault(face.record.clip, []).append(face)
    for clip_name, faces in by_clip.items():
        known = footage(clip_name)
        if known.opened is None:
            why = f"faceswap's pictures are cut from the frames, and those of {clip_name} are not there."
            tally.refused[f"{why} Name them with --frames, or export faceswap-json."] += len(faces)
            yield from faces
            continue
        with known.opened() as clip:
            yield from _heads(clip, faces, out, options=options, known=known, tally=tally)


def _heads(
    clip: Clip, faces: Sequence[StoredFace], out: Path, *, options: ExportOptions, known: Footage, tally: _Tally
) -> Iterator[StoredFace]:
    places = Places(clip)
    waiting: dict[int, list[StoredFace]] = {}
    for face in faces:
        if _knows_no_frame(face.record) or face.record.frame_size not in ((0, 0), places.frame_size):
            tally.refused["It belongs to other footage, or knows nothing of its frame."] += 1
            yield face
        else:
            waiting.setdefault(face.record.frame, []).append(face)
    for frame in places.frames(waiting):
        for face in waiting.pop(frame.index):
            try:
                name, data = _head(face, frame.rgb_8bit, options=options, known=known)
                _put(out / name, data, tally)
            except (ExchangeRefused, ExchangeUnreadable) as error:
                tally.refused[error.message] += 1
            yield face
    for lost in waiting.values():
        tally.refused["Its frame can't be decoded."] += len(lost)
        yield from lost


def _head(face: StoredFace, rgb: UInt8, *, options: ExportOptions, known: Footage) -> tuple[str, bytes]:
    """Name and bytes of a face's PNG for faceswap."""
    record, size_px = face.record, options.head_size_px
    matrix = faceswap.head_crop(record.landmarks(), size_px)
    entry = faceswap.entry_of(record.landmarks(), record.box_xyxy)
    mask_matrix = resized_crop(matrix, from_px=size_px, to_px=_HEAD_MASK_PX)
    masks = record.masks if not options.mask else {options.mask: chosen_mask(record, options.mask)}
    entry["mask"] = {
        name: faceswap.mask_entry(mask_seen(mask, mask_matrix, _HEAD_MASK_PX), transform_for_them(mask_matrix))
        for name, mask in masks.items()
        if mask is not None
    }
    entry["identity"] = {}
    key, number = frame_key(record, known), record.person - 1
    name = f"{_own_stem(face) or safe_name(f'{Path(key).stem}_{number}')}.png"
    source = {
        "alignments_version": faceswap_files.ALIGNMENTS_VERSION,
        "original_filename": name,
        "face_index": number,
        "source_filename": key,
        "source_is_video": known.is_video,
        "source_frame_dims": (rgb.shape[0], rgb.shape[1]),
    }
    png = encode_png(crop(rgb, matrix, size_px))
    return name, faceswap_files.with_header(png, {"alignments": entry, "source": source})


def _knows_no_frame(record: FaceRecord) -> bool:
    """Whether positions are only known in the crop, as of an import that named no frame."""
    crop_is_frame = record.frame_size == (record.size_px, record.size_px)
    return crop_is_frame and record.crop_from_frame == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


# --- names


def frame_key(record: FaceRecord, known: Footage) -> str:
    """What faceswap calls a frame: the image's name, or that of the video with the frame's number from 1."""
    if record.source_name and not known.is_video:
        return record.source_name
    stem, dot, ending = known.file_name.rpartition(".")
    return f"{stem or ending}_{record.frame + 1:06d}{dot + ending if dot and known.is_video else '.png'}"


def _own_stem(face: StoredFace) -> str:
    """Our own name of a face, which says its clip, frame and person also where its fields can't; empty where
    the face came with a name of another program's."""
    record = face.record
    stem = Path(record.original_name).stem
    if stem and face_name(stem) is None:
        return ""
    usual = face_stem(record.clip, record.frame, record.person)
    return face.path.stem if face_name(face.path.stem) == face_name(usual) else usual


def _named(
    faces: Sequence[StoredFace], footage: Callable[[str], Footage], *, ending: str
) -> Iterator[tuple[StoredFace, str, str]]:
    """Every face with its file's and its frame's name in DeepFaceLab; no two files are called the same."""
    several = len({face.record.clip for face in faces}) > 1
    free: defaultdict[str, FreeNames] = defaultdict(FreeNames)  # each person has a folder
    for face in faces:
        record = face.record
        prefix = f"{safe_name(record.clip)}_" if several else ""
        frame_name = record.source_name or f"{prefix}{record.frame + 1:05d}.png"
        wish = _own_stem(face) or safe_name(Path(record.original_name).stem)
        yield face, free[record.person_name].take(wish + ending), frame_name
