"""What decides how a shot's frames look, as values that differ when it changes.

Opening a faceset touches its folder, so that its images are looked at, and not more often than is cheap.
"""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from understudy.errors import SegmenterUnknown, UnsafeFile
from understudy.facesets.pictures import image_files
from understudy.files import stat_of
from understudy.masks.segmenter import ABOUT_NAME, Segmenters
from understudy.project.manifest import ClipEntry
from understudy.project.project import MANIFEST_NAME, Project
from understudy.project.unknown import clip_named, model_named

if TYPE_CHECKING:
    from understudy.merging.settings_over_time import SettingsOverTime

_AGAIN_AFTER_S = 1.5
_TIMES_THE_LOOK = 30  # a look at many files is taken more rarely
# Frames before and after that a merge looks at: 15 to steady, and what a model sees together.
_LONGEST_REACH = 20
_looks: dict[Path, tuple[float, str]] = {}
_looking = threading.Lock()


class Shot(NamedTuple):
    """A dst clip and who paints whom its cast does not name. Names were checked against the project."""

    clip: str
    model: str


def shot_of(project: Project, clip: str, model: str) -> Shot:
    """The names, once they are known to be the project's. Raises ClipMissing, ModelUnknown."""
    if not clip_named(project, clip, "dst").cast:
        model_named(project, model)
    return Shot(clip, model)


def state_of_shot(project: Project, shot: Shot) -> tuple[Any, ...]:
    """Changes when the shot must be opened anew: its clip, its faces, its cast, a model or a segmenter."""
    entry: ClipEntry = project.manifest.clips[shot.clip]
    cast = {part: one if isinstance(one, str) else one.model for part, one in entry.cast.items()}
    plates = {str(values.get("plate", "")) for values in (project.manifest.merge, entry.merge)}
    clips = [shot.clip, *sorted(name for name in plates if name in project.manifest.clips)]
    models = sorted({shot.model, *project.manifest.models})
    return (
        *shot,
        entry.model_dump_json(exclude={"merge", "ranges", "keys", "cast"}),
        sorted(cast.items()),
        sorted(plates),
        [stat_of(project.clip_path(name)) for name in clips],
        [faces_in(project.faceset_folder(*project.faceset_of_clip(name))) for name in clips],
        [stat_of(project.model_folder(name) / "checkpoints") for name in models],
        _segmenters_of(project),
        project.manifest.ocio_config,
        [stat_of(project.cache_folder / f"{shot.clip}.{what}") for what in ("cuts.json", "found.jsonl")],
    )


def _segmenters_of(project: Project) -> list[object]:
    """What each of the project's own segmenters has learned."""
    known = Segmenters(project.masks_folder)
    told: list[object] = []
    for name in known.own():
        try:
            told.append(known.made_by(name))
        except (UnsafeFile, SegmenterUnknown):  # damaged, or just put away: whoever looks with it is told
            told.append((name, stat_of(project.masks_folder / name / ABOUT_NAME)))
    return told


def picture_key(project: Project, shot: Shot, *what: Any) -> str:
    """A digest of all that decides how frames of the shot look, and of what is asked of them."""
    state = (state_of_shot(project, shot), stat_of(project.folder / MANIFEST_NAME), what)
    return hashlib.blake2b(repr(state).encode(), digest_size=12).hexdigest()


def frame_key(project: Project, shot: Shot, frame: int, settings: SettingsOverTime | None, *what: Any) -> str:
    """The same for one frame: the settings around it decide, wherever they are said. What was tried and is then
    kept has the same key. None is for what no setting changes."""
    around = range(max(0, frame - _LONGEST_REACH), frame + _LONGEST_REACH + 1) if settings else ()
    found = [settings.at(near) for near in around] if settings else []
    said = {id(options): repr(options) for options in found}
    cast = str(project.manifest.clips[shot.clip].cast)  # with the settings of its parts
    state = (state_of_shot(project, shot), frame, [said[id(options)] for options in found], cast, what)
    return hashlib.blake2b(repr(state).encode(), digest_size=12).hexdigest()


def faces_in(folder: Path) -> str:
    """A digest of a folder's face images by name, size and time; may be some seconds old."""
    with _looking:
        now = time.monotonic()
        until, known = _looks.get(folder, (0.0, ""))
        if now < until:
            return known
        known = _look(folder)
        took_s = time.monotonic() - now
        _looks[folder] = (now + max(_AGAIN_AFTER_S, _TIMES_THE_LOOK * took_s), known)
        return known


def forget_looks() -> None:
    """Look at the files themselves next time."""
    with _looking:
        _looks.clear()


def _look(folder: Path) -> str:
    if not folder.is_dir():
        return ""
    return hashlib.blake2b(repr(sorted(image_files(folder))).encode(), digest_size=12).hexdigest()
