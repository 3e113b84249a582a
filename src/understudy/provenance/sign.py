"""Sign a finished file: Content Credentials that say what it is, made from what, and who agreed.

The manifest goes into the file where its container can hold one, and into a sidecar otherwise. Signing comes
last: any program that writes the file again drops the manifest. Works offline; there is no time stamp.
"""

from __future__ import annotations

import io
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

import c2pa

from understudy import __version__
from understudy.errors import ClipMissing, FolderUnwritable, MarksUnreadable
from understudy.files import (
    folder_written_aside,
    new_written_aside,
    require_free_space,
    write_bytes,
    written_aside,
)
from understudy.provenance.consent import Consent, require_export_consent
from understudy.provenance.credentials import (
    UNKNOWN_FORMAT,
    Credentials,
    embeds,
    format_of,
    has_credentials,
    may_hold,
    read_credentials,
    said_by_library,
    sidecar_of,
)
from understudy.provenance.identity import Signer
from understudy.provenance.ledger import LEDGER_NAME, images_in, ledger_of
from understudy.provenance.recast import LABEL, FrameCount, HashedFile, LearntClip, Recast, UsedModel
from understudy.provenance.studio_signer import signer_for

# IPTC's word for captured footage into which a trained model painted.
DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_TELLING_IMAGES = 100
# C2PA's words for what a file was made from: opened and edited, laid into it, or given to a model.
Relationship = Literal["parentOf", "componentOf", "inputTo"]
Origins = Sequence[tuple[Path, Relationship]]
_SIDECAR_ID = "parent.c2pa"
_MANIFEST_ROOM_BYTES = 1 << 20


@dataclass(frozen=True)
class SourceClip:
    """A clip, by its contents. Only the name of `path` goes into the marks."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class PaintingModel:
    """A model that painted faces beside the first; the hash is that of its weights."""

    name: str
    sha256: str
    iterations: int


@dataclass(frozen=True, kw_only=True)
class SigningFacts:
    """What a finished file's marks will state. Hashes are hex SHA-256, of contents."""

    title: str
    dst_clip: Path  # the footage that received the face: a video, or a folder of images
    dst_sha256: str
    src: Sequence[LearntClip]  # the faces that are painted
    model_name: str
    model_sha256: str
    model_iterations: int
    consents: Mapping[str, Consent]  # by the performer's name in the project
    frames_total: int
    frames_swapped: int
    stretch: str = ""  # which frames of dst are shown, like "120:160", where they are not all
    also_learnt: Sequence[LearntClip] = ()  # other faces that the models learnt from
    learnt_whole: bool = True  # False: they learnt from more than is known
    more_models: Sequence[PaintingModel] = ()  # where several painted
    plate: SourceClip | None = None  # the footage whose frames these are, where they are not dst's
    use: str | None = None  # what the file is for; None: not asked
    watermark: str = ""  # the number in the picture, see `watermark.payload`
    software_version: str = __version__


def sign_file(
    unsigned: Path,
    signed: Path,
    facts: SigningFacts,
    *,
    inputs: Sequence[Path] = (),
    identity: Signer | None = None,
) -> Path | None:
    """Write `unsigned` with its marks to `signed`; give the sidecar's path where one was needed, else None.

    Both may be the same path. For a folder of images `signed` is that folder, or one that does not exist yet;
    its marks are a ledger of all frames and the ledger's sidecar. `unsigned` is a file we just made: marks it
    has already are replaced, while those of `facts.dst_clip` and `facts.plate` are kept as its ingredients';
    so are those of `inputs`, which `marked_input` gave of the clips that the models learnt from.

    Raises ConsentMissing where someone refused, ClipMissing where a file is not there, MarksUnreadable where
    the marks cannot be made, FolderUnwritable or DiskFull where they cannot be written.
    """
    today = datetime.now(UTC).astimezone().date()
    require_export_consent(facts.consents, today=today, use=facts.use)
    for path in (unsigned, facts.dst_clip):
        if not path.exists():
            raise ClipMissing("The file to be signed, or what it was made from, isn't there.", path)
    identity = identity or signer_for()
    if unsigned.is_dir():
        return _sign_folder(unsigned, signed, facts, _origins(facts, inputs), identity)
    return _sign_movie(unsigned, signed, _definition(facts), _origins(facts, inputs), identity)


def _origins(facts: SigningFacts, inputs: Sequence[Path]) -> Origins:
    """Dst first, or of a folder the image whose credentials stand for it; the plate where it has some."""
    dst = facts.dst_clip
    parent = _marked_image(dst) if _parent_file(dst) is None else None
    plates = marked_of([facts.plate.path] if facts.plate else [])
    return [*_parent_and_components([parent or dst, *plates]), *((clip, "inputTo") for clip in inputs)]


def _parent_and_components(clips: Sequence[Path]) -> Origins:
    return [(clip, "componentOf" if number else "parentOf") for number, clip in enumerate(clips)]


def _sign_movie(
    unsigned: Path,
    signed: Path,
    definition: dict[str, Any],
    made_from: Origins,
    identity: Signer,
    *,
    written: Callable[[Path], AbstractContextManager[Path]] = written_aside,
) -> Path | None:
    embedded = embeds(signed)
    # The library reports a full disk as one error of many; so it is asked for before.
    require_free_space(signed.parent, needed_bytes=unsigned.stat().st_size + _MANIFEST_ROOM_BYTES)
    with written(signed) as aside:
        with unsigned.open("rb") as source, aside.open("w+b") as goal:
            manifest = _sign_stream(
                source, goal, definition, made_from, identity=identity,
                media_type=format_of(signed), embedded=embedded,
            )  # fmt: skip
        return None if embedded else _write_sidecar(signed, manifest)


def marked_of(clips: Sequence[Path]) -> list[Path]:
    """What of the clips carries credentials, damaged ones too.

    A video, an image, a folder with a signed ledger; of a folder whose images are signed each for itself, the
    first such image.
    """
    found = [clip if _carries_marks(clip) else _marked_image(clip) for clip in clips]
    return [clip for clip in found if clip is not None]


def marked_input(clip: Path) -> Path | None:
    """What of a clip that a model learnt from carries credentials, by a quick look; None where nothing does.

    Of a folder whose images are signed each for itself, the first such image among the first hundred. A clip
    that can't be looked at, as on a disk that is away, carries nothing: only its history hangs on it.
    """
    try:
        file = _parent_file(clip)
        if file is not None:
            return clip if has_credentials(file) else None
        images = images_in(clip)[:_TELLING_IMAGES] if clip.is_dir() else []
        return next((image for image in images if has_credentials(image)), None)
    except OSError:
        return None


def sign_derived(
    unsigned: Path,
    signed: Path,
    *,
    made_from: Sequence[Path],
    description: str,
    identity: Signer | None = None,
) -> Path | None:
    """Like `sign_file` for something in between that was made from marked footage, which keeps its history so.

    `made_from` are what `marked_of` gave; the first is the parent. `description` says what was done. The file
    says nothing more than that and its ingredients. Raises MarksUnreadable where their marks are damaged, for
    they would be lost, ClipMissing, FolderUnwritable and DiskFull; NameTaken where a file has come under the
    name of `signed` meanwhile.
    """
    identity = identity or signer_for()
    for clip in made_from:
        _require_readable(clip)
    definition, origins = _derived(signed.name, description), _parent_and_components(made_from)
    if unsigned.is_dir():
        ledger = signed / LEDGER_NAME
        data = ledger_of(signed)
        manifest = _sign_stream(
            io.BytesIO(data), io.BytesIO(), definition, origins, identity=identity,
            media_type=format_of(ledger), embedded=False,
        )  # fmt: skip
        write_bytes(ledger, data)
        return _write_sidecar(ledger, manifest)
    return _sign_movie(unsigned, signed, definition, origins, identity, written=new_written_aside)


def _carries_marks(clip: Path) -> bool:
    file = _parent_file(clip)
    try:
        return file is not None and read_credentials(file) is not None
    except MarksUnreadable:
        return True


def _marked_image(folder: Path) -> Path | None:
    return next(_marked(images_in(folder) if folder.is_dir() else []), None)


def _marked(images: Iterable[Path]) -> Iterator[Path]:
    return (image for image in images if may_hold(image) and _carries_marks(image))


def are_signed_each(images: Sequence[Path]) -> bool:
    """Whether images that lie together are signed each for itself, as far as the first hundred tell."""
    return any(True for _ in _marked(images[:_TELLING_IMAGES]))


def _require_readable(clip: Path) -> None:
    file = _parent_file(clip)
    if file is not None:
        read_credentials(file)


def _derived(title: str, description: str) -> dict[str, Any]:
    agent = {"name": "understudy", "version": __version__}
    edited = {
        "action": "c2pa.edited",
        "when": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "softwareAgent": agent,
        "description": description,
    }
    return {
        "claim_generator_info": [agent],
        "title": title,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [edited]}, "created": True}],
    }


def _sign_folder(
    unsigned: Path, signed: Path, facts: SigningFacts, made_from: Origins, identity: Signer
) -> Path:
    if not signed.exists():
        _copy_folder(unsigned, signed)
    elif signed.resolve() != unsigned.resolve():
        raise FolderUnwritable("A folder of that name is already there. Choose another name.", signed)
    ledger = signed / LEDGER_NAME
    data = ledger_of(signed)
    manifest = _sign_stream(
        io.BytesIO(data), io.BytesIO(), _definition(facts), made_from, identity=identity,
        media_type=format_of(ledger), embedded=False,
    )  # fmt: skip
    write_bytes(ledger, data)
    return _write_sidecar(ledger, manifest)


def _copy_folder(start: Path, goal: Path) -> None:
    with folder_written_aside(goal) as aside:
        shutil.copytree(start, aside, dirs_exist_ok=True)


def _write_sidecar(signed: Path, manifest: bytes) -> Path:
    sidecar = sidecar_of(signed)
    write_bytes(sidecar, manifest)
    return sidecar


def _sign_stream(
    source: BinaryIO,
    goal: BinaryIO,
    definition: dict[str, Any],
    made_from: Origins,
    *,
    identity: Signer,
    media_type: str,
    embedded: bool,
) -> bytes:
    """Copy `source` to `goal` with a manifest inside, or as it is; return the manifest store's bytes."""
    context = c2pa.Context.from_dict(
        # Thumbnails are pictures of people nobody asked for, and can be larger than the file.
        {"builder": {"thumbnail": {"enabled": False}}, "verify": {"remote_manifest_fetch": False}}
    )
    read = [_Origin.read(*each, number) for number, each in enumerate(made_from)]
    parent, *others = read
    with said_by_library("The marks can't be made for this file.", parent.clip):
        beside = [found for each in read if (found := each.with_sidecar())]
        if beside:
            definition = {**definition, "ingredients": beside}
        with c2pa.Builder(definition, context=context) as builder:
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            if not embedded:
                builder.set_no_embed()
            _add_parent(builder, parent)
            for other in others:
                with said_by_library("The credentials of this clip can't be kept.", other.clip):
                    _add_other(builder, other)
            refusals = list[MarksUnreadable]()
            with _signer(identity, refusals) as signer:
                try:
                    return builder.sign(signer, media_type, source, goal)
                except c2pa.C2paError:
                    if refusals:
                        raise refusals[0] from None
                    raise


def _signer(identity: Signer, refusals: list[MarksUnreadable]) -> c2pa.Signer:
    """Takes down why a signature was refused: the library only knows that there is none."""

    def sign(data: bytes) -> bytes:
        try:
            return identity.sign(data)
        except MarksUnreadable as error:
            refusals.append(error)
            return b""

    # By callback: the key stays in this process's own library, and other keepers of keys fit the same place.
    return c2pa.Signer.from_callback(sign, c2pa.C2paSigningAlg.ES256, identity.chain_pem, None)


def _definition(facts: SigningFacts) -> dict[str, Any]:
    agent = {"name": "understudy", "version": facts.software_version}
    edited = {
        "action": "c2pa.edited",
        "when": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "digitalSourceType": DIGITAL_SOURCE_TYPE,
        "softwareAgent": agent,
        "description": "A trained model painted the face of the src performer into the dst footage.",
    }
    return {
        "claim_generator_info": [agent],
        "title": facts.title,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [edited]}, "created": True},
            {"label": LABEL, "data": recast_of(facts).for_manifest(), "created": True},
        ],
    }


def recast_of(facts: SigningFacts) -> Recast:
    """What goes into our own assertion. Raises ValueError for a hash that is none."""
    return Recast(
        title=facts.title,
        dst=HashedFile(name=facts.dst_clip.name, sha256=facts.dst_sha256),
        src=list(facts.src),
        also_learnt=list(facts.also_learnt),
        learnt_whole=facts.learnt_whole,
        model=UsedModel(name=facts.model_name, sha256=facts.model_sha256, iterations=facts.model_iterations),
        plate=HashedFile(name=facts.plate.path.name, sha256=facts.plate.sha256) if facts.plate else None,
        more_models=[
            UsedModel(name=model.name, sha256=model.sha256, iterations=model.iterations)
            for model in facts.more_models
        ],
        frames=FrameCount(total=facts.frames_total, swapped=facts.frames_swapped, stretch=facts.stretch),
        use=facts.use or "",
        watermark=facts.watermark,
        consents=dict(facts.consents),
        software=f"understudy {facts.software_version}",
    )


def _parent_file(dst_clip: Path) -> Path | None:
    """The file that may carry the dst clip's own credentials: the clip, or an image folder's ledger."""
    if dst_clip.is_file():
        return dst_clip
    ledger = dst_clip / LEDGER_NAME
    return ledger if ledger.is_file() else None


def _credentials_of(parent: Path | None) -> Credentials | None:
    if parent is None:
        return None
    try:
        return read_credentials(parent)
    except MarksUnreadable:
        return None  # damaged beyond reading: nothing is left that could be carried on


@dataclass(frozen=True)
class _Origin:
    """A clip that a file was made from, its credentials read once: that means reading all of it."""

    clip: Path
    relationship: Relationship
    number: int
    file: Path | None  # that may carry credentials
    credentials: Credentials | None

    @classmethod
    def read(cls, clip: Path, relationship: Relationship, number: int) -> _Origin:
        file = _parent_file(clip)
        return cls(clip, relationship, number, file, _credentials_of(file))

    def with_sidecar(self) -> dict[str, Any] | None:
        """An ingredient whose credentials lay beside it, which the library cannot take in by itself."""
        if self.credentials is None or not self.credentials.sidecar:
            return None
        return {
            "title": self.clip.name,
            "format": format_of(self.clip),
            "instance_id": f"xmp:iid:{uuid.uuid4()}",  # the library takes two without one for the same
            "relationship": self.relationship,
            "active_manifest": self.credentials.store["active_manifest"],
            "validation_results": self.credentials.store["validation_results"],
            "manifest_data": {"format": "application/c2pa", "identifier": _sidecar_id(self.number)},
        }


def _add_parent(builder: c2pa.Builder, parent: _Origin) -> None:
    if parent.file is None or parent.credentials is None:
        # The library would parse the clip for credentials once more, and refuse a damaged one we could use.
        named = {"title": parent.clip.name, "relationship": "parentOf"}
        builder.add_ingredient(named, UNKNOWN_FORMAT, io.BytesIO())
    else:
        _add_other(builder, parent)


def _add_other(builder: c2pa.Builder, origin: _Origin) -> None:
    """Name a clip with its credentials, where it has some."""
    if origin.file is None or origin.credentials is None:
        return
    if origin.credentials.data is not None:
        builder.add_resource(_sidecar_id(origin.number), io.BytesIO(origin.credentials.data))
        return
    named = {"title": origin.clip.name, "relationship": origin.relationship}
    with origin.file.open("rb") as stream:
        builder.add_ingredient(named, format_of(origin.file), stream)


def _sidecar_id(number: int) -> str:
    return f"ingredient-{number}.c2pa" if number else _SIDECAR_ID
