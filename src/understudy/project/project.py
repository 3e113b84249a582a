"""A project: one folder that holds everything, and the only door to its manifest.

Knows where things lie and keeps two writers apart. What the manifest may say is `manifest.py`'s; what is done
and what is next is `state.py`'s.
"""

from __future__ import annotations

import contextlib
import itertools
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from understudy.errors import ClipMissing, ProjectInvalid
from understudy.facesets.names import safe_name
from understudy.files import said_plainly
from understudy.geometry import FaceType
from understudy.project import manifest as toml
from understudy.project.lock import exclusive
from understudy.project.manifest import ClipEntry, FacesetEntry, Manifest, ModelEntry, Performer, Role
from understudy.project.migrations import VERSION, migrated
from understudy.project.trash import Trash
from understudy.project.unknown import unknown
from understudy.provenance.consent import Consent

if TYPE_CHECKING:
    from understudy.facesets.store import Faceset

MANIFEST_NAME = "understudy.toml"
MODEL_CHANGE_NAME = ".model-change.json"
CAST = "cast"  # the folder of frames that several models painted
# Folders of a project that hold what it works with. Its clips and finished files lie elsewhere.
WORK_FOLDERS = (
    *("cache", "consent", "explained", "facesets", "logs", "manual", "masks", "merged", "models", "overlays"),
    *("packs", "people", "settings", "sheets", "trash"),
)
_LOCK_NAME = ".understudy.lock"
_FIRST_TEXT = """\
# An understudy project. All that was made of its clips is in this folder; copying it is the backup. Clips stay
# where their `path` says: keep those that lie elsewhere too.
# docs/reference explains every name. Comments of yours are kept when understudy writes here.
version = 1
"""


class Project:
    """An open project. `manifest` is as last read; change it only through `change` and the methods here."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.trash = Trash(folder)

    @classmethod
    def create(cls, folder: Path, *, name: str = "") -> Self:
        """Make a project in a new, empty or not yet used folder. Raises ProjectInvalid where there is one."""
        folder = folder.absolute()
        path = folder / MANIFEST_NAME
        with exclusive(folder / _LOCK_NAME):
            if path.exists():
                raise ProjectInvalid("There is a project already. Open it, or choose another folder.", folder)
            manifest = Manifest(name=name or folder.name)
            toml.write_manifest(path, manifest, text=_FIRST_TEXT)
        return cls(folder, manifest)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a project, bringing an older layout up to date first; the original goes to the trash. What a
        killed process began with a model is finished.

        Raises ProjectInvalid or ProjectTooNew.
        """
        folder = folder.absolute()
        path = folder / MANIFEST_NAME
        values = toml.read_values(path)
        if values.get("version", 0) < VERSION:
            _migrate(folder)
            values = toml.read_values(path)
        project = cls(folder, toml.parse_manifest(values, text=toml.read_text(path), path=path))
        if (folder / MODEL_CHANGE_NAME).exists():
            from understudy.project.model_changes import finish_model_change

            finish_model_change(project)
        return project

    @staticmethod
    def look(folder: Path) -> Manifest:
        """What a project's manifest says, an older one as it would be today. Nothing is written, nor finished.

        Raises ProjectInvalid or ProjectTooNew.
        """
        path = folder / MANIFEST_NAME
        return toml.parse_manifest(migrated(toml.read_values(path)), text=toml.read_text(path), path=path)

    @classmethod
    def open_or_create(cls, folder: Path, *, name: str = "") -> Self:
        """Open the project in `folder`, or make one when there is none."""
        if (folder / MANIFEST_NAME).exists():
            return cls.open(folder)
        return cls.create(folder, name=name)

    @contextlib.contextmanager
    def change(self) -> Iterator[Manifest]:
        """Read the manifest anew, let the block change it, check it and swap it in, as the only writer.

        Nothing is written when the block raises or the result contradicts itself (ProjectInvalid).
        """
        path = self.folder / MANIFEST_NAME
        with exclusive(self.folder / _LOCK_NAME):
            text = toml.read_text(path)
            manifest = toml.parse_manifest(toml.read_values(path), text=text, path=path)
            yield manifest
            checked = toml.parse_manifest(manifest.model_dump(), text=text, path=path)
            toml.write_manifest(path, checked, text=text)
            self.manifest = checked

    def add_clip(
        self,
        path: Path,
        role: Role,
        *,
        performer: str = "",
        faceset: str = "main",
        name: str = "",
    ) -> str:
        """Add a clip to a side and to a faceset of its performer; returns the clip's name.

        The performer is called like the role unless said. A clip that is there already under the same role is
        not added twice. Raises ClipMissing, ProjectInvalid.
        """
        if not path.exists():
            raise ClipMissing("There is no such clip. Check the spelling of the path.", path)
        stored = self.stored_path(path)
        performer = performer or role
        with self.change() as manifest:
            there = next((n for n, c in manifest.clips.items() if (c.path, c.role) == (stored, role)), None)
            clip_name = there or next(free_clip_names(name or path.absolute().stem, manifest))
            if there is None:
                person = manifest.performers.setdefault(performer, Performer.model_validate({}))
                manifest.clips[clip_name] = ClipEntry.model_validate(
                    {"path": stored, "role": role, "performer": performer}
                )
                entry = person.facesets.setdefault(faceset, FacesetEntry())
                entry.clips = [*entry.clips, clip_name]
        return clip_name

    def add_model(
        self,
        name: str,
        *,
        preset: str = "quick",
        face_type: FaceType | None = None,
        network: Mapping[str, Any] | None = None,
    ) -> ModelEntry:
        """Add a model that learns from all facesets of both sides, or return the one of that name.

        Facesets that are added later are learnt from too, until the manifest names some for it.
        """
        if name in self.manifest.models:
            return self.manifest.models[name]
        with self.change() as manifest:
            entry = ModelEntry(preset=preset, face_type=face_type, network=dict(network or {}))
            manifest.models.setdefault(name, entry)
        return self.manifest.models[name]

    def facesets_of(self, role: Role, model: str) -> list[str]:
        """The facesets of one side that a model learns from, as PERFORMER/FACESET: those the manifest names
        for it, or else all that hold a clip of that side."""
        entry = self.manifest.models[model]
        named = entry.src_facesets if role == "src" else entry.dst_facesets
        return list(named) or self.facesets_with_clips(role)

    def facesets_with_clips(self, role: Role) -> list[str]:
        """All facesets that hold a clip of a side, as PERFORMER/FACESET."""
        return _facesets_of(self.manifest, role)

    def add_faceset(self, performer: str, name: str) -> bool:
        """Make a named faceset of a performer; False where it is there already. Raises ProjectInvalid."""
        with self.change() as manifest:
            if performer not in manifest.performers:
                raise ProjectInvalid(unknown("performer", performer, manifest.performers))
            facesets = manifest.performers[performer].facesets
            new = name not in facesets
            if new:
                manifest.performers[performer].facesets = {**facesets, name: FacesetEntry()}
        return new

    def put_in_faceset(self, clip: str, name: str) -> None:
        """From now on a clip's faces go to this faceset of its performer, which is made where it is missing.
        Faces that are in another one stay there."""
        performer = self.manifest.clips[clip].performer
        self.add_faceset(performer, name)
        with self.change() as manifest:
            for other, entry in manifest.performers[performer].facesets.items():
                kept = [member for member in entry.clips if member != clip]
                entry.clips = [*kept, clip] if other == name else kept

    def choose_facesets(self, model: str, *, src: Sequence[str] = (), dst: Sequence[str] = ()) -> None:
        """Name the facesets, as PERFORMER/FACESET, that a model learns from; an empty side stays as it is."""
        with self.change() as manifest:
            entry = manifest.models[model]
            entry.src_facesets = list(src) or entry.src_facesets
            entry.dst_facesets = list(dst) or entry.dst_facesets

    def choose_face(self, clip: str, number: int | None) -> None:
        """Remember which person of a clip is meant, counted from 1; None forgets it."""
        with self.change() as manifest:
            manifest.clips[clip].face = number

    def clip_path(self, name: str) -> Path:
        """Where a clip lies."""
        return self.folder / self.manifest.clips[name].path

    def present_clip_path(self, name: str) -> Path:
        """Where a clip lies. Raises ClipMissing, with the way to mend it, where nothing is there any more."""
        path = self.clip_path(name)
        if not path.exists():
            raise ClipMissing(
                f"Clip {name!r} is not where it was. Put it back, or say where it lies now with "
                f"`{shlex.join(['understudy', 'relink', str(self.folder), name, 'NEW_PATH'])}`.",
                path,
            )
        return path

    def consents(self) -> dict[str, Consent]:
        """Every performer's consent record."""
        return {name: performer.consent for name, performer in self.manifest.performers.items()}

    def faceset_folder(self, performer: str, name: str = "main") -> Path:
        """Where a faceset's files lie."""
        return self.folder / "facesets" / performer / name

    def faceset(self, performer: str, name: str = "main") -> Faceset:
        """Open a faceset."""
        from understudy.facesets.store import Faceset  # its image codecs take half a second to import

        return Faceset(self.faceset_folder(performer, name))

    def faceset_of_clip(self, clip: str) -> tuple[str, str]:
        """(performer, faceset) that a clip's faces go to: the first that lists it."""
        performer = self.manifest.clips[clip].performer
        facesets = self.manifest.performers[performer].facesets
        return performer, next((name for name, entry in facesets.items() if clip in entry.clips), "main")

    def model_folder(self, name: str) -> Path:
        """Where a model's checkpoints, metrics and previews lie."""
        return self.folder / "models" / name

    def merged_folder(self, clip: str, model: str) -> Path:
        """Where a clip's merged frames of one model lie."""
        return self.folder / "merged" / clip / model

    def merged_name(self, clip: str, model: str) -> str:
        """What a clip's merged frames and finished file are called after: the model, or the cast where the clip
        has one. Raises ProjectInvalid where a model is called like that."""
        if not self.manifest.clips[clip].cast:
            return model
        if CAST in self.manifest.models:
            raise ProjectInvalid(
                f"Clip {clip!r} has a cast, whose frames go to a folder called {CAST!r}, and so do those of "
                f"the model {CAST!r}. Rename that model with `understudy model rename`."
            )
        return CAST

    @property
    def masks_folder(self) -> Path:
        """The segmenters that the project taught its own shots, one in each folder."""
        return self.folder / "masks"

    def clip_lock(self, name: str) -> Path:
        """The lock of whoever works on a clip: two processes on one clip would write the same files."""
        return self.cache_folder / f".{name}.lock"

    def faceset_lock(self, name: str) -> Path:
        """The lock of one faceset's changes; it is named PERFORMER/NAME."""
        return self.cache_folder / f".faceset-{name.replace('/', '-')}.lock"

    @property
    def out_folder(self) -> Path:
        """Finished files, when no other place is named."""
        return self.folder / "out"

    @property
    def exports_ledger(self) -> Path:
        """The ledger of everything that was ever finished; see `provenance.exports`."""
        return self.folder / "exports.jsonl"

    @property
    def ledger_lock(self) -> Path:
        """The lock of whoever writes into that ledger."""
        return self.cache_folder / ".exports.lock"

    @property
    def cache_folder(self) -> Path:
        """What can be made again."""
        return self.folder / "cache"

    @property
    def manual_folder(self) -> Path:
        """What people said of frames: faces drawn by hand, frames done again."""
        return self.folder / "manual"

    @property
    def people_folder(self) -> Path:
        """Pictures of the people in a clip, to choose from."""
        return self.folder / "people"

    @property
    def overlays_folder(self) -> Path:
        """What was found, drawn on the frames of every clip."""
        return self.folder / "overlays"

    @property
    def explained_folder(self) -> Path:
        """Every step of the merge of single frames, by clip and frame."""
        return self.folder / "explained"

    @property
    def logs_folder(self) -> Path:
        """What was said while stages ran."""
        return self.folder / "logs"

    def stored_path(self, path: Path, *, through_link: bool = True) -> str:
        """How the manifest names a file: from the project's folder where it lies inside, else in full.

        Of a link its target is named, unless not `through_link`: then the link itself.
        """
        absolute = path.resolve() if through_link else path.parent.resolve() / path.name
        home = self.folder.resolve()
        return absolute.relative_to(home).as_posix() if absolute.is_relative_to(home) else str(absolute)


class Rehearsal(Project):
    """A project as a command would leave it, in memory alone: whatever refuses the command is found before a
    file is written."""

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Of the project in `folder`, or of a new one where there is none. Raises what `open` raises."""
        if (folder / MANIFEST_NAME).exists():
            return cls(folder.absolute(), Project.open(folder).manifest)
        return cls(folder.absolute(), Manifest(name=folder.absolute().name))

    @contextlib.contextmanager
    def change(self) -> Iterator[Manifest]:
        """Let the block change the manifest and check it. Nothing is written."""
        manifest = self.manifest.model_copy(deep=True)
        yield manifest
        path = self.folder / MANIFEST_NAME
        self.manifest = toml.parse_manifest(manifest.model_dump(), text="", path=path)


def free_clip_names(wish: str, manifest: Manifest) -> Iterator[str]:
    """What a new clip may be called, the nearest to the wish first."""
    name = safe_name(safe_name(wish).lstrip("-. "))  # what begins with a dash is a flag to every command
    taken = {clip.casefold() for clip in manifest.clips}  # folders of some systems don't tell cases apart
    others = (f"{name}-{number}" for number in itertools.count(2))
    return (free for free in itertools.chain([name], others) if free.casefold() not in taken)


def _facesets_of(manifest: Manifest, role: Role) -> list[str]:
    clips = manifest.clips_of(role)
    return [
        f"{performer_name}/{faceset_name}"
        for performer_name, performer in manifest.performers.items()
        for faceset_name, faceset in performer.facesets.items()
        if any(clip in clips for clip in faceset.clips)
    ]


def _migrate(folder: Path) -> None:
    path = folder / MANIFEST_NAME
    with exclusive(folder / _LOCK_NAME):
        values = toml.read_values(path)
        if values.get("version", 0) >= VERSION:  # another process was faster
            return
        manifest = toml.parse_manifest(migrated(values), text="", path=path)
        copy = path.with_name(f"understudy-version-{values.get('version', 0)}.toml")
        with said_plainly(copy):
            shutil.copy2(path, copy)
        Trash(folder).put(copy)
        toml.write_manifest(path, manifest, text=toml.read_text(path))
