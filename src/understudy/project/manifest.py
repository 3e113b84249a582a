"""understudy.toml: what a project consists of, as typed values; written without losing a user's comments.

Paths are texts relative to the project's folder where they lie inside it. Values of the stages' options are
kept as plain tables here and checked by the stages' own option classes. Not here: where things lie on disk and
who may write when (`project.py`).
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import tomlkit
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from understudy.errors import OptionInvalid, ProjectInvalid, ProjectTooNew
from understudy.facesets.names import safe_name
from understudy.files import write_text
from understudy.geometry import FaceType
from understudy.options import meant, value_sentence
from understudy.project.migrations import VERSION
from understudy.provenance.consent import Consent

Role = Literal["src", "dst"]
ROLES: tuple[Role, Role] = ("src", "dst")


def _folder_name(name: str) -> str:
    """`name` itself when every operating system takes it as a folder's name. Raises ValueError."""
    if not name or safe_name(name) != unicodedata.normalize("NFC", name):
        raise ValueError(
            f"{name!r} can't be a name, because not every system takes it as a folder's; "
            f"{safe_name(name)!r} would do"
        )
    return name


def require_name(name: str) -> None:
    """Raise OptionInvalid unless `name` can be given to something in a project."""
    try:
        _folder_name(name)
    except ValueError as error:
        raise OptionInvalid(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None


Name = Annotated[str, AfterValidator(_folder_name)]
FacesetName = Annotated[str, Field(pattern=r"^[^/]+/[^/]+$", description="PERFORMER/FACESET")]


class Part(BaseModel):
    """Base of everything in the manifest: unknown names are refused, so that a typo is noticed."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class FacesetEntry(Part):
    """One named collection of a performer's faces."""

    clips: list[Name] = Field(default_factory=list, description="Clips the faces come from.")


class Performer(Part):
    """One person in front of the camera."""

    name: str = Field("", description="For people to read; the table's name is the folder's.")
    consent: Consent = Field(default_factory=lambda: Consent.model_validate({}))
    facesets: dict[Name, FacesetEntry] = Field(default_factory=dict)


class RangeEntry(Part):
    """Merge settings of some frames of a clip: `frames` and any options of merging."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    frames: str = Field(min_length=1, description="Like 120:160 (both included), 300 or 900:, with commas.")


class KeyEntry(Part):
    """A key frame of a clip's merge: `frame`, any options of merging, and how they go on to their next key."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    frame: int = Field(ge=0)
    ease: Literal["hold", "linear", "smooth"] = "smooth"


class CastEntry(Part):
    """One part in a clip: the model that paints it, and any options of merging for it alone."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    model: Name | None = Field(None, description="The clip's where nothing is said.")


class ClipEntry(Part):
    """One video or image folder."""

    path: str = Field(min_length=1, description="Relative to the project where it lies inside it.")
    role: Role
    performer: Name
    color_space: str = Field("", description="What its numbers are, as PQ or ACEScct; nothing is sRGB.")
    fps: float | None = Field(
        None, gt=0, le=1000, description="Frames a second of images; nothing is what they say, or 25."
    )
    face: int | None = Field(None, ge=1, description="Which person in the clip, where several are seen.")
    tracks: list[str] = Field(
        default_factory=list,
        description="What is said about its tracks, in order: choose:3, drop:5, merge:1+4, split:2@120.",
    )
    track_names: dict[str, str] = Field(
        default_factory=dict, description="What people call its tracks, by number; for people to read."
    )
    merge: dict[str, Any] = Field(default_factory=dict, description="Merge settings of this clip alone.")
    ranges: list[RangeEntry] = Field(
        default_factory=list, description="Merge settings of some frames; later wins."
    )
    keys: list[KeyEntry] = Field(default_factory=list, description="Key frames of merge settings.")
    cast: dict[str, Name | CastEntry] = Field(
        default_factory=dict, description="Models of 'person 2' or 'track 7'; a track's counts more."
    )


class ModelEntry(Part):
    """One model and what it learns from."""

    preset: str = "quick"
    face_type: FaceType | None = Field(None, description="The preset's where nothing is said.")
    network: dict[str, Any] = Field(
        default_factory=dict, description="Settings of this model's network; fixed once it is made."
    )
    src_facesets: list[FacesetName] = Field(default_factory=list)
    dst_facesets: list[FacesetName] = Field(default_factory=list)
    train: dict[str, Any] = Field(default_factory=dict, description="Training settings of this model alone.")


class PresetEntry(Part):
    """A user's own preset: what it is for, and values of a stage's options."""

    says: str = Field("", description="One sentence for people.")
    options: dict[str, Any] = Field(default_factory=dict)


class PresetTables(Part):
    """A user's own presets by stage and name."""

    encode: dict[Name, PresetEntry] = Field(default_factory=dict)
    merge: dict[Name, PresetEntry] = Field(default_factory=dict)


class Manifest(Part):
    """The whole of understudy.toml."""

    version: int = VERSION
    name: str = ""
    ocio_config: str = Field(
        default="",
        description="Names the colour spaces: a file, or ocio://…; else $OCIO, else the ACES studio config.",
    )
    performers: dict[Name, Performer] = Field(default_factory=dict)
    clips: dict[Name, ClipEntry] = Field(default_factory=dict)
    models: dict[Name, ModelEntry] = Field(default_factory=dict)
    extract: dict[str, Any] = Field(default_factory=dict)
    train: dict[str, Any] = Field(default_factory=dict)
    merge: dict[str, Any] = Field(default_factory=dict)
    encode: dict[str, Any] = Field(default_factory=dict)
    presets: PresetTables = Field(default_factory=PresetTables)

    @model_validator(mode="after")
    def _names_meet(self) -> Manifest:
        for name, clip in self.clips.items():
            _require(clip.performer, self.performers, f"clip {name!r} names performer")
        known = [f"{p}/{f}" for p, performer in self.performers.items() for f in performer.facesets]
        for performer_name, performer in self.performers.items():
            for faceset_name, faceset in performer.facesets.items():
                for clip_name in faceset.clips:
                    _require(clip_name, self.clips, f"faceset '{performer_name}/{faceset_name}' names clip")
        for name, model in self.models.items():
            for faceset in (*model.src_facesets, *model.dst_facesets):
                _require(faceset, known, f"model {name!r} names faceset")
        return self

    def clips_of(self, role: Role) -> dict[str, ClipEntry]:
        """The clips of one side, in the manifest's order."""
        return {name: clip for name, clip in self.clips.items() if clip.role == role}


def _require(name: str, known: Sequence[str] | Mapping[str, Any], who: str) -> None:
    if name not in known:
        raise ValueError(
            f"{who} {name!r}, which is not there; known: {', '.join(known) or 'none'}.{meant(name, known)}"
        )


def read_values(path: Path) -> dict[str, Any]:
    """The file's plain values with a checked version. Raises ProjectInvalid or ProjectTooNew."""
    text = read_text(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProjectInvalid(f"understudy.toml is no valid TOML: {error}. Correct that line.", path) from None
    version = values.get("version", 0)
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise ProjectInvalid(f"understudy.toml says version = {version!r}; it must be a whole number.", path)
    if version > VERSION:
        raise ProjectTooNew(
            f"This project was made by a newer understudy (layout {version}; this one knows {VERSION}). "
            "Update understudy to open it.",
            path,
        )
    return values


def read_text(path: Path) -> str:
    """The manifest's text. Raises ProjectInvalid when it is missing or no UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProjectInvalid(f"understudy.toml is not UTF-8 text ({error.reason}).", path) from None
    except OSError as error:
        raise ProjectInvalid(
            f"There is no project here that can be read ({error.strerror}). Make one with `understudy new`.",
            path,
        ) from None


def parse_manifest(values: Mapping[str, Any], *, text: str, path: Path) -> Manifest:
    """Validate plain values; `text` serves to name the line. Raises ProjectInvalid."""
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        raise ProjectInvalid(_sentence(error, text), path) from None


def write_manifest(path: Path, manifest: Manifest, *, text: str) -> None:
    """Write `manifest` over `text`, the file as it was: order and comments of what stays are kept."""
    sparse = {"version": manifest.version, **manifest.model_dump(exclude_defaults=True)}
    try:
        document = tomlkit.parse(text)
        if "version" not in document:
            document = tomlkit.parse(f"version = {manifest.version}\n{text}")
        _merge_into(document, manifest.model_dump(), sparse)
        edited = tomlkit.dumps(document)
        whole = Manifest.model_validate(tomllib.loads(edited)) == manifest
    except (TOMLKitError, tomllib.TOMLDecodeError, ValidationError):
        edited, whole = "", False
    # Rarely used TOML (dotted and repeated tables) can be beyond editing in place: values go before comments.
    write_text(path, edited if whole else tomlkit.dumps(_without_none(sparse)))


def _merge_into(table: MutableMapping[str, Any], full: Mapping[str, Any], sparse: Mapping[str, Any]) -> None:
    """Change `table` to say `full` where it says something, and add what `sparse` says besides."""
    for key in [key for key in table if full.get(key) is None]:
        del table[key]
    for key, value in full.items():
        if value is None or (key not in table and key not in sparse):
            continue
        if isinstance(value, Mapping) and isinstance(table.get(key), MutableMapping):
            inner = sparse.get(key)
            _merge_into(table[key], value, inner if isinstance(inner, Mapping) else {})
        elif key not in table:
            table[key] = _without_none(sparse[key])
        elif value and isinstance(table[key], AoT):
            _merge_tables(table[key], cast(Any, value), sparse[key])
        elif table[key] != value:
            table[key] = _without_none(value)


def _merge_tables(tables: AoT, full: Sequence[Mapping[str, Any]], sparse: Sequence[Mapping[str, Any]]) -> None:
    """The same for `[[tables]]` that follow one another."""
    for place, (whole, said) in enumerate(zip(full, sparse, strict=True)):
        if place < len(tables):
            _merge_into(tables[place], whole, said)
        else:
            tables.append(tomlkit.item(_without_none(said)))
    while len(tables) > len(full):
        del tables[len(tables) - 1]


def _without_none(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_none(v) for v in value]
    if isinstance(value, Mapping):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    return value


def _sentence(error: ValidationError, text: str) -> str:
    first = error.errors()[0]
    where = [str(part) for part in first["loc"] if part != "[key]"]
    line = _line_of(text, where)
    place = f" (line {line})" if line else ""
    name = ".".join(where)
    if first["type"] == "extra_forbidden":
        return f"understudy.toml has {name!r}{place}, which is not known. Correct or remove it."
    subject = f" at {name!r}" if name else ""
    return f"understudy.toml is wrong{subject}{place}: {value_sentence(first)}"


def _line_of(text: str, where: Sequence[str]) -> int | None:
    """The line that says `where`, or else the nearest table around it, counted from 1."""
    table: list[str] = []
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        header = stripped.startswith("[") and _keys(stripped)
        if header:
            table = keys = header
        else:
            key = _keys(stripped.partition("=")[0] + "= 0") if "=" in stripped else None
            if key is None:
                continue
            keys = [*table, *key]
        if keys == list(where[: len(keys)]) and (best is None or len(keys) > best[0]):
            best = (len(keys), number)
    return best[1] if best else None


def line_of_entry(text: str, where: Sequence[str], number: int) -> int | None:
    """The line where the n-th `[[table]]` of that name begins; both are counted from 1. None where it isn't
    written like that."""
    lines = [
        place
        for place, line in enumerate(text.splitlines(), 1)
        if line.strip().startswith("[[") and _keys(line.strip()) == list(where)
    ]
    return lines[number - 1] if number <= len(lines) else None


def _keys(line: str) -> list[str] | None:
    """The key path of a line of TOML that holds nothing but a header or one short value."""
    try:
        value: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None
    keys = []
    while isinstance(value, dict) and value:
        ((key, value),) = value.items()
        keys.append(key)
    return keys or None
