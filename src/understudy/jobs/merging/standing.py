"""Which frames of a merged clip the settings kept now would make otherwise: what `status` and the studio ask.

The same rule as a merge's own (`frame_states`), without loading a model: what decides a frame is known of its
files. The answer is kept in the project's cache until one of those changes. Not here: how each frame stands.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy import __version__
from understudy.counts import counted
from understudy.errors import ClipMissing, ClipUnreadable, FolderUnwritable, ModelUnknown, UnderstudyError
from understudy.facesets.pictures import image_files
from understudy.files import read_json, stat_of, write_json
from understudy.jobs.merging.frame_states import STALE, TO_MAKE, FrameStates, FramesWanted
from understudy.jobs.merging.inputs import cast_of, models_of_cast
from understudy.merging.fingerprints import RECIPE
from understudy.merging.journal import JOURNAL_NAME
from understudy.project.project import CAST, MANIFEST_NAME, Project
from understudy.project.state import ProjectState, newest_checkpoint, project_state

if TYPE_CHECKING:
    from understudy.geometry import FaceType


def state_now(project: Project) -> ProjectState:
    """What is done and what is next, frame by frame where a clip is merged."""
    return project_state(project, behind=partial(behind_words, project))


def behind_words(project: Project, clip: str, model: str) -> str:
    """How many frames of a merge that came to its end are not as the settings kept now make them, and why;
    empty where none is. `model` may be the clip's cast."""
    memory = project.cache_folder / "standing.json"
    place, key = f"{clip}/{model}", _key(project, clip, model)
    known = _remembered(memory)
    if known.get(place, {}).get("key") == key:
        return str(known[place]["words"])
    words = _behind_words(project, clip, model)
    with contextlib.suppress(FolderUnwritable):  # a project that can't be written is looked at every time
        write_json(memory, {**known, place: {"key": key, "words": words}})
    return words


def states_as_merged(project: Project, clip: str, model: str) -> FrameStates:
    """How the frames of a merge stand, without loading its model, which may be the clip's cast. Raises what
    planning a merge raises."""
    made_by = _made_by(project.merged_folder(clip, model), model)
    parts = models_of_cast(project.manifest.clips[clip], model)
    lead = next((name for name in made_by if name not in parts.values()), model)
    cast = cast_of(project, clip, lead, load=lambda name: _as_it_is_now(project, made_by, name))
    return FramesWanted(project, clip, lead, cast=cast, with_reasons=False).states()


def _behind_words(project: Project, clip: str, model: str) -> str:
    try:
        states = states_as_merged(project, clip, model)
    except (ClipMissing, ClipUnreadable):
        return ""  # said of the clip itself; what was made of it stands
    except UnderstudyError as error:
        return f"clip {clip!r} can't be merged as it stands: {error.message.removesuffix('.')}"
    stale, to_make = states.count(STALE), states.count(TO_MAKE)
    whole = counted(len(states.letters), "frame")
    if stale:
        why = next(words for frame, words in states.why.items() if states.letters[frame] == STALE)
        return f"of {whole} of clip {clip!r} {stale + to_make:,} are to be made again: {why}"
    return f"of {whole} of clip {clip!r} {to_make:,} are not made yet" if to_make else ""


@dataclass
class _Known:
    """Implements `networks.swap.KnownModel` with what a merge wrote down of its model."""

    name: str
    sha256: str
    face_type: FaceType
    size_px: int
    paints_frame: bool
    frames_together: int
    blends: bool


def _made_by(folder: Path, model: str) -> dict[str, Mapping[str, Any]]:
    """What a merge wrote down of its models, by name."""
    try:
        state = read_json(folder / JOURNAL_NAME)
        if model != CAST:
            return {model: state["model"]}  # which may have got another name since
        return {str(model["name"]): model for model in state.get("models", [state["model"]])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _as_it_is_now(project: Project, made_by: Mapping[str, Mapping[str, Any]], name: str) -> _Known:
    """Raises ModelUnknown for one that painted nothing here."""
    newest, made = newest_checkpoint(project.model_folder(name)), made_by.get(name, {})
    try:
        return _Known(
            name=name,
            sha256=str(newest[0]["sha256"]["ema"]) if newest else "",
            face_type=made["face_type"],
            size_px=int(made["size_px"]),
            # Older merges did not write these down: nearly every model is so, and a merge says what it can't.
            paints_frame=bool(made.get("paints_frame", False)),
            frames_together=int(made.get("frames_together", 1)),
            blends=bool(made.get("blends", True)),
        )
    except (KeyError, TypeError, ValueError):
        raise ModelUnknown(f"The model {name!r} has painted none of its frames. Merge it again.") from None


def _remembered(memory: Path) -> dict[str, Any]:
    try:
        known = read_json(memory)
        return known if isinstance(known, dict) else {}
    except (OSError, ValueError):
        return {}


def _key(project: Project, clip: str, model: str) -> str:
    """Differs whenever anything changed that decides what a merge would make, or what it made."""
    merged, cache = project.merged_folder(clip, model), project.cache_folder
    clips = project.manifest.clips
    files = [
        project.folder / MANIFEST_NAME,
        merged,
        *sorted(merged.glob("merge.json*")),
        *(project.clip_path(name) for name in clips),
        *sorted(project.folder.glob("models/*/checkpoints/*/state.json")),
        *sorted(cache.glob("*.cuts.json")),
        *sorted(cache.glob("*.found.jsonl")),
        cache / "sha256.json",
        *sorted(project.masks_folder.glob("*")),
        *sorted(project.masks_folder.glob("*/*.json")),
    ]
    plate = clips[clip].merge.get("plate", project.manifest.merge.get("plate", ""))
    facesets = sorted({project.faceset_of_clip(name) for name in (clip, plate) if name in clips})
    folders = [folder for folder in (project.faceset_folder(*one) for one in facesets) if folder.is_dir()]
    faces = [sorted(image_files(folder)) for folder in folders]
    state = [__version__, RECIPE, model, [(str(path), stat_of(path)) for path in files], facesets, faces]
    return hashlib.blake2b(repr(state).encode(), digest_size=12).hexdigest()
