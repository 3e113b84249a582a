"""Whose faces a model learns from, and with it whose consent a finished file needs.

A training notes the clips whose faces it shows (`training.keeping.learnt_from`); marks name those
and no others. A merge keeps that of the weights that painted beside its frames, where it stays true whatever
becomes of the model. Not here: what the marks say of them (`marks`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.events import Events
from understudy.files import read_json, write_json
from understudy.jobs.merging.inputs import clip_sha256, clips_hashed
from understudy.merging.journal import JOURNAL_NAME
from understudy.project.manifest import ROLES, Role
from understudy.project.project import Project
from understudy.training.keeping.learnt_from import NOT_KNOWN, Footage, LearntFrom, learnt_by, learnt_in_all

if TYPE_CHECKING:
    from understudy.facesets.store import Faceset
    from understudy.networks.swap import KnownModel

_KEPT_NAME = "learnt.json"  # beside merge.json
Sets = Mapping[Role, Sequence[tuple[str, "Faceset"]]]  # by side: PERFORMER/FACESET and the open faceset


@dataclass(frozen=True)
class FacesOfClip:
    """How many faces of a clip are about to be learnt from, and as whose."""

    role: Role
    performer: str
    clip: str
    faces: int


def faces_by_clip(sets: Sets) -> list[FacesOfClip]:
    """Count the faces of every clip. All their records are read for it, so who needs it twice keeps it."""
    found: list[FacesOfClip] = []
    for role, facesets in sets.items():
        counts: Counter[tuple[str, str]] = Counter()
        for name, faceset in facesets:
            performer = name.split("/")[0]
            counts.update((performer, str(record["clip"])) for _, _, record in faceset.plain_records({}))
        found += [FacesOfClip(role, *key, faces) for key, faces in sorted(counts.items())]
    return found


def hashed_before(project: Project, counts: Iterable[FacesOfClip]) -> Events:
    """Hash the clips whose faces are about to be learnt from, and tell how far that is."""
    clips = {one.clip for one in counts if one.clip in project.manifest.clips}
    yield from clips_hashed(project, [project.clip_path(clip) for clip in sorted(clips)])


def learning_from(project: Project, counts: Iterable[FacesOfClip]) -> LearntFrom:
    """What a training on these faces learns from. A clip that is no longer there has no hash, one that came
    from another program only its name."""
    return LearntFrom(tuple(_footage(project, one.role, one.performer, one.clip, one.faces) for one in counts))


def _footage(
    project: Project, role: Role, performer: str, clip: str, faces: int, *, hashed: bool = True
) -> Footage:
    path = project.clip_path(clip) if clip in project.manifest.clips else None
    sha256 = clip_sha256(project, path) if hashed and path is not None and path.exists() else ""
    return Footage(role, performer, clip, faces, file=path.name if path is not None else "", sha256=sha256)


def learnt_from(
    project: Project,
    model: str,
    sha256: str = "",
    *,
    merged: Path | None = None,
    and_next: bool = False,
    hashed: bool = True,
) -> LearntFrom:
    """What the model's weights of this hash learnt from; without one, what any of its weights did. `merged` is
    the folder of frames that they painted.

    Where that isn't known it is taken to be all clips of the facesets that the manifest names for the model; so
    are those with `and_next`, which it would learn from in its next training. Who asks only for the performers
    wants no clip `hashed` for it, which takes long.
    """
    found = _recorded(project, model, sha256, merged)
    if found.is_whole and not and_next:
        return found
    return found.joined(LearntFrom(tuple(_named(project, model, hashed=hashed))))


def _recorded(project: Project, model: str, sha256: str, merged: Path | None) -> LearntFrom:
    """The records of the weights; of a model that has another name now, or was trained on, too."""
    of_model = learnt_in_all(project.model_folder(model)) or NOT_KNOWN
    if not sha256:
        return of_model
    of_weights = _of_weights(project, model, sha256)
    if of_weights is None and merged is not None:
        of_weights = _kept(merged).get(sha256)
    # Frames of before such records: the model that has the name now may be another one, so it is a guess.
    return of_weights or of_model.joined(NOT_KNOWN)


def _of_weights(project: Project, model: str, sha256: str) -> LearntFrom | None:
    folders = map(project.model_folder, dict.fromkeys((model, *project.manifest.models)))
    return next((learnt for folder in folders if (learnt := learnt_by(folder, sha256)) is not None), None)


def keep_lessons(project: Project, merged: Path, models: Iterable[KnownModel]) -> None:
    """Keep what these weights learnt from beside the frames that they painted: the model may be put away, or
    another one trained under its name, before the frames are delivered."""
    if not (merged / JOURNAL_NAME).is_file():  # a merge that was refused leaves nothing
        return
    kept = _kept(merged)
    found = {one.sha256: _of_weights(project, one.name, one.sha256) for one in models}
    if new := {sha256: learnt for sha256, learnt in found.items() if learnt and learnt != kept.get(sha256)}:
        told = {sha256: learnt.as_json() for sha256, learnt in {**kept, **new}.items()}
        write_json(merged / _KEPT_NAME, told)


def _kept(merged: Path) -> dict[str, LearntFrom]:
    """By the hash of the weights; nothing for frames of before such records, or where somebody edited them."""
    try:
        told = read_json(merged / _KEPT_NAME)
        return {str(sha256): LearntFrom.from_json(learnt) for sha256, learnt in told.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _named(project: Project, model: str, *, hashed: bool) -> Iterator[Footage]:
    """All clips of the facesets that the manifest names for a model; of one it doesn't know, of all."""
    for role, performer, clip in _named_clips(project, model):
        yield _footage(project, role, performer, clip, 0, hashed=hashed)


def _named_clips(project: Project, model: str) -> Iterator[tuple[Role, str, str]]:
    known = model in project.manifest.models
    for role in ROLES:
        for name in project.facesets_of(role, model) if known else project.facesets_with_clips(role):
            performer, short = name.split("/")
            for clip in project.manifest.performers[performer].facesets[short].clips:
                yield role, performer, clip


def clips_to_hash(project: Project, model: str, sha256: str = "", *, merged: Path | None = None) -> list[str]:
    """The clips whose content `learnt_from` asks for: none where the weights' own record tells it."""
    if _recorded(project, model, sha256, merged).is_whole:
        return []
    named = dict.fromkeys(clip for _, _, clip in _named_clips(project, model))
    return [clip for clip in named if clip in project.manifest.clips]


def performers_of(project: Project, learnt: Iterable[LearntFrom], clips: Iterable[str]) -> list[str]:
    """Whose consent a file needs: of everybody the models learnt from, and of those in the clips themselves.

    In the manifest's order; at the end those whom the project does not know any more.
    """
    needed = {part.performer for each in learnt for part in each.footage if part.performer}
    needed |= {project.manifest.clips[clip].performer for clip in clips if clip in project.manifest.clips}
    known = [name for name in project.manifest.performers if name in needed]
    return [*known, *sorted(needed - set(known))]
