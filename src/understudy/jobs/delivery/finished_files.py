"""What a finished file will be and say, before it is made; the files that were finished, and what they say now.

Changes nothing. Making them is `stages.encode`, their marks are `marks.py`'s.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.counts import counted
from understudy.errors import (
    ClipMissing,
    ClipUnreadable,
    FolderUnwritable,
    MarksUnreadable,
    OptionInvalid,
    UnderstudyError,
)
from understudy.events import Events, Notice
from understudy.files import folder_size_bytes, nearest_existing, read_json, stat_of
from understudy.jobs.clips.rates import fps_of
from understudy.jobs.delivery.marks import (
    facts_of,
    performers_shown,
    require_closed_production,
    require_consent,
    stated_consents,
    unmarked_of,
)
from understudy.jobs.delivery.merged_by import delivered_by_others, require_model_of
from understudy.jobs.delivery.outputs import footage_of, output_paths
from understudy.jobs.merging.under_way import merging_now
from understudy.jobs.settings import Said, encode_options
from understudy.merging.delivery.effect import settled, without_effect
from understudy.merging.delivery.marking import carries_watermark
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.delivery.report import report_paths
from understudy.merging.delivery.shown import require_masks
from understudy.merging.frame_ranges import one_stretch
from understudy.merging.journal import is_complete, left_in_words, made_stretch
from understudy.project.finished import finished_by_name
from understudy.project.project import Project
from understudy.project.unknown import clip_named
from understudy.provenance.ledger import LEDGER_NAME

if TYPE_CHECKING:
    from understudy.jobs.merging.frame_states import FrameStates
    from understudy.media.clip import Clip

_LONGEST_NAME_BYTES = 200  # of 255, so that what is written beside it and aside has a name too
_AS_THEY_ARE = "Merge first to have them as they are set now; encode takes them as they are."
WATERMARK_DRAWN_LATER = "A watermark with a number drawn at the export will be in the picture."


def goal_of(project: Project, model: str, clip: str, name: str = "", *, said: Said | None = None) -> Path:
    """Where the finished file of a dst clip goes; `name` is a plain one in the project's own folder for them,
    without it the name follows from what is said.

    Raises OptionInvalid, ClipMissing.
    """
    clip_named(project, clip, "dst")
    name = name.strip()
    if len(name.encode()) > _LONGEST_NAME_BYTES:
        raise OptionInvalid(
            f"This name is too long for a file. Choose one of at most {_LONGEST_NAME_BYTES} letters; "
            "all but a to z count as two to four."
        )
    if not name:
        return output_paths(project, model, [clip], None, options=encode_options(project, said or {}))[0]
    if name != Path(name.replace("\\", "/")).name or name.startswith((".", "-")):
        raise OptionInvalid(f"{name!r} is no plain name for a file. Leave out folders, and dots at its start.")
    return project.out_folder / name


def outlook(project: Project, model: str, clip: str, *, said: Said, name: str = "") -> dict[str, Any]:
    """What `encode` would write for a dst clip, JSON-able.

    `blocks` are the sentences that would stop it, empty where nothing does; `file` what it would be; `says` the
    sentences its credentials will state; `idle` why options would do nothing. Raises OptionInvalid for values
    that no option takes, ClipMissing, ClipUnreadable.
    """
    goal, asked = goal_of(project, model, clip, name, said=said), encode_options(project, said)
    options = settled(asked, goal)
    called = project.merged_name(clip, model)
    merged = project.merged_folder(clip, called)
    blocks: list[str] = []
    shown = performers_shown(project, model, clip, frames=options.frames)
    _tried(blocks, lambda: require_consent(project, use=options.use, performers=shown))
    _tried(blocks, lambda: require_closed_production(project, [clip], [goal], asked))
    _tried(blocks, lambda: _require_open(goal.parent))
    there_is_one = _tried(blocks, lambda: require_model_of(project, model, [clip]))
    if there_is_one and not is_complete(merged, options.frames):
        blocks.append(
            _not_merged(project, clip, called, options.frames)
            + delivered_by_others(project, [clip], but=called)
        )
    file = _file(project, clip, goal, merged, options, blocks)
    return {
        "clip": clip,
        "model": called,
        "file": file,
        "blocks": blocks,
        "idle": without_effect(options, goal, from_images=project.clip_path(clip).is_dir()),
        "says": _says(project, model, clip, goal, merged, options),
        "replaces": goal.exists(),
    }


def _not_merged(project: Project, clip: str, called: str, frames: str) -> str:
    merged = project.merged_folder(clip, called)
    made, left = made_stretch(merged), left_in_words(merged, frames)
    asked = f"Frames {frames} of clip {clip!r} are" if frames else f"Clip {clip!r} is"
    others = f" Or deliver what is merged alone: frames {made}." if made else ""
    now = merging_now(project, clip)
    first = f"{now} Wait until that is done." if now else "Merge first."
    return f"{asked} not merged with {called!r} to the end{f': {left}' if left else ''}. {first}{others}"


def behind(states: FrameStates, frames: str = "") -> dict[str, Any]:
    """How many of a clip's frames, or of a stretch, a finished file would not show as the settings kept now
    make them, and that in words."""
    from understudy.jobs.merging.frame_states import STALE, TO_MAKE

    stretch = one_stretch(frames, len(states.letters))
    shown = states.letters[stretch.start : stretch.stop]
    stale, to_make = shown.count(STALE), shown.count(TO_MAKE)
    counts = [(stale, "to be made again"), (to_make, "not made yet")]
    told = " and ".join(f"{count} {words}" for count, words in counts if count)
    words = (
        f"Of {counted(len(shown), 'frame')} {told} under the settings kept now. {_AS_THEY_ARE}" if told else ""
    )
    return {"stale": stale, "to_make": to_make, "words": words}


def not_known(error: UnderstudyError) -> dict[str, Any]:
    """As `behind`, where looking raised this. What is wrong with the clip the encoding itself will say."""
    is_said = isinstance(error, ClipMissing | ClipUnreadable)
    return {
        "stale": 0,
        "to_make": 0,
        "words": "" if is_said else f"How its frames stand is not known: {error.message}",
    }


def behind_told(project: Project, clip: str, called: str, frames: str, *, alone: bool) -> Events:
    """Warn of frames that the settings kept now would make otherwise. They stop nothing: what was merged may be
    just what is wanted. `called` is the model, or the cast, that merged the clip; `alone` that it is the only
    one that is encoded."""
    from understudy.jobs.merging.standing import states_as_merged

    try:
        words = behind(states_as_merged(project, clip, called), frames)["words"]
    except UnderstudyError as error:
        words = not_known(error)["words"]
    if words:
        yield Notice(words if alone else f"{clip}: {words}", level="warning")


def states_of(project: Project, model: str, clip: str) -> FrameStates:
    """How the frames of a clip stand, for one look. Raises what planning a merge raises."""
    from understudy.jobs.merging.frame_states import FramesWanted
    from understudy.jobs.merging.inputs import cast_of
    from understudy.training.predictor import load_predictor

    load = lambda name: load_predictor(project.model_folder(name), device="cpu")  # noqa: E731
    return FramesWanted(project, clip, model, cast=cast_of(project, clip, model, load=load)).states()


def outlook_with_frames(
    project: Project, model: str, clip: str, *, said: Said, name: str = ""
) -> dict[str, Any]:
    """The same, and as `frames_told` a sentence on frames that are behind, empty where none are. Raises what
    `outlook` raises."""
    told, words = outlook(project, model, clip, said=said, name=name), ""
    frames = encode_options(project, said).frames
    if is_complete(project.merged_folder(clip, told["model"]), frames):
        try:
            words = behind(states_of(project, model, clip), frames)["words"]
        except UnderstudyError as error:
            words = f"How its frames stand is not known: {error.message}"
    return {**told, "frames_told": words}


def outlook_words(told: Mapping[str, Any]) -> list[str]:
    """What `outlook_with_frames` found, in lines for a terminal."""
    file = told["file"]
    how = file["codec"] if "codec" in file else f"images as {file['images']}"
    lines = [f"{file['name']}: {file['frames']} frames of {file['width']} x {file['height']} px, {how}"]
    lines += [f"  marks: {', '.join(file['marks']) or 'none'}"]
    lines += [f"  says: {sentence}" for sentence in told["says"]]
    lines += [f"  frames: {told['frames_told']}"] * bool(told["frames_told"])
    return lines + [f"  stops: {sentence}" for sentence in told["blocks"]]


def _require_open(folder: Path) -> None:
    """Raise FolderUnwritable where no file can be made in `folder`, or where that would be made. No file is
    made for it."""
    there = nearest_existing(folder)
    if not os.access(there, os.W_OK | os.X_OK):
        raise FolderUnwritable(
            f"No file can be made in {there}. Change its permissions, or take another place.", there
        )


def _tried(blocks: list[str], what: Callable[[], object]) -> bool:
    """Whether nothing stops it; what does joins the blocks."""
    try:
        what()
    except UnderstudyError as error:
        if error.message not in blocks:
            blocks.append(error.message)
        return False
    return True


def _file(
    project: Project, clip: str, goal: Path, merged: Path, options: EncodeOptions, blocks: list[str]
) -> dict[str, Any]:
    from understudy.jobs.clips.color_spaces import color_space_of
    from understudy.media.codecs import CODECS
    from understudy.media.images import IMAGE_SUFFIXES
    from understudy.media.opening import open_clip
    from understudy.merging.delivery.encode import require_fitting, require_safe_output
    from understudy.provenance.credentials import embeds

    with open_clip(project.present_clip_path(clip), fps=fps_of(project, clip)) as opened:
        info = opened.info
        stretch = one_stretch(options.frames, info.frame_count)
        seconds, space = _seconds(opened, stretch), color_space_of(project, clip)
        if is_complete(merged, options.frames):
            _tried(blocks, lambda: require_masks(merged, options, stretch))
        kept = [*footage_of(project), merged]
        _tried(blocks, lambda: require_safe_output(goal, keep=kept, codec=options.codec))
        _tried(blocks, lambda: require_fitting(opened, goal, options, space, project=str(project.folder)))
    movie = bool(goal.suffix) and goal.suffix.lower() not in IMAGE_SUFFIXES
    unmarked = _unmarked(options)
    about: dict[str, Any] = {
        "name": goal.name,
        "kind": "movie" if movie else "image" if goal.suffix else "folder of images",
        "width": info.width,
        "height": info.height,
        "frames": len(stretch),
        "seconds": seconds,
        "rate": None if info.rate is None else float(info.rate),
        "content": options.content,
        "alpha": options.content == "face",
        "marks": [] if unmarked else ["content credentials"],
        "credentials_in": "" if unmarked else "the file itself" if embeds(goal) else "a sidecar beside it",
        "label": options.label_words() if options.content == "picture" else "",
    }
    if carries_watermark(options):
        about["marks"].append("watermark")
    if about["label"]:
        about["marks"].append("label")
    if movie:
        tracks = 0 if options.audio == "none" else info.audio_tracks if options.audio == "all" else 1
        bits = 1e6 * options.bitrate * seconds if options.bitrate else None
        about |= {"codec": options.codec, "codec_words": CODECS[options.codec].help, "sound_tracks": tracks}
        about["size_bytes"] = round(bits / 8) if bits else None
    else:
        about["images"] = options.images or ("exr" if info.scene_linear else "png")
    return about


def _seconds(clip: Clip, stretch: range) -> float:
    """How long these frames are shown."""
    if stretch == range(clip.info.frame_count):
        return clip.info.duration_s
    times_s = [float(pts * clip.time_base) for pts in clip.timestamps()] + [clip.info.duration_s]
    return times_s[stretch.stop] - times_s[stretch.start]


def _unmarked(options: EncodeOptions) -> Any:
    with contextlib.suppress(OptionInvalid):
        return unmarked_of(options)
    return None


def _says(
    project: Project, model: str, clip: str, goal: Path, merged: Path, options: EncodeOptions
) -> list[str]:
    """What the credentials will state, sentence by sentence; why there will be none."""
    from dataclasses import replace

    from understudy.provenance.sign import recast_of
    from understudy.provenance.studio_signer import signer_for
    from understudy.provenance.words import NOT_PROVEN, about_recast

    if (unmarked := _unmarked(options)) is not None:
        by = f", decided by {unmarked.by}"
        return [
            "No marks: this stays in a closed production. The project's ledger keeps the reason: "
            f"{unmarked.reason or 'none given yet'}{by}."
        ]
    if not is_complete(merged, options.frames):
        return []
    try:
        facts = replace(facts_of(project, model, clip, goal, merged, frames=options.frames), use=options.use)
        signer = signer_for().name
    except UnderstudyError as error:
        return [error.message]
    told = [f"Signed by “{signer}”.", *about_recast(recast_of(facts))]
    if carries_watermark(options):
        told.append(WATERMARK_DRAWN_LATER)
    return [*told, NOT_PROVEN]


def consents(project: Project, *, use: str | None = None) -> list[dict[str, Any]]:
    """Every performer's consent in words, and what of it stops a finished file today."""
    today = datetime.now(UTC).astimezone().date()
    try:
        stated, broken = stated_consents(project), ""
    except UnderstudyError as error:
        stated, broken = dict(project.consents()), error.message
    return [
        {
            "performer": performer,
            "who": consent.who,
            "status": consent.status,
            "words": consent.sentence(),
            "problem": consent.problem(today=today, use=use)
            or (broken if consent.evidence and performer in broken else ""),
        }
        for performer, consent in stated.items()
    ]


def shots(project: Project) -> list[dict[str, Any]]:
    """Every dst clip with the models whose merge of it is complete, and what others have merged in part."""
    found = []
    for clip in project.manifest.clips_of("dst"):
        models = list(dict.fromkeys(project.merged_name(clip, model) for model in project.manifest.models))
        merged = [name for name in models if is_complete(project.merged_folder(clip, name))]
        parts = {name: made_stretch(project.merged_folder(clip, name)) for name in models}
        partly = {name: part for name, part in parts.items() if part}
        found.append({"clip": clip, "models": models, "merged": merged, "partly": partly})
    return found


def finished(project: Project, ledger: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The project's finished files, the newest first, each with its report and the line of the ledger that
    names it; `folder_elsewhere` is where one lies that went out of the project. `ledger` is what `ledger_lines`
    told, where somebody has asked already."""
    lines, told, found = (ledger or ledger_lines(project))["lines"], [], finished_by_name(project)
    called = Counter(path.name for path in found.values())
    for name, path in found.items():
        made_ns, size = stat_of(path)
        if not made_ns:  # it went just now
            continue
        told.append(
            {
                "name": name,
                "folder": path.is_dir(),
                "folder_elsewhere": "" if path.parent == project.out_folder else str(path.parent),
                "size_bytes": folder_size_bytes(path) if path.is_dir() else size,
                "beside": [part.name for part in parts_of(path)[1:]],
                "made_s": made_ns / 1e9,
                "report": _report_of(path),
                "line": _line_of(path, lines, alone=called[path.name] == 1),
            }
        )
    return told


def _line_of(path: Path, lines: Sequence[Mapping[str, Any]], *, alone: bool) -> Mapping[str, Any] | None:
    """The line of a finished file. The ledger tells no folders, but a line is written as soon as its file is:
    it is the first of the file's name from then on. Where dates tell nothing, as in a copy, it is the last one
    of a file that is `alone` to be called so."""
    made_ns, _ = stat_of(path / LEDGER_NAME if path.is_dir() else path)
    of_name = [line for line in lines if line["file"] == path.name]
    since = (line for line in of_name if datetime.fromisoformat(line["at"]).timestamp() >= made_ns / 1e9)
    return next(since, of_name[-1] if of_name and alone else None)


def _report_of(path: Path) -> dict[str, Any] | None:
    """The report beside a finished file, where there is one of it that says how many frames are swapped."""
    with contextlib.suppress(OSError, ValueError):
        report = read_json(report_paths(path)[0])
        if isinstance(report, dict) and {"frames", "swapped"} <= set(report):
            return report if report.get("file") == path.name else None
    return None


def finished_path(project: Project, name: str) -> Path:
    """One of those files. Raises ClipMissing for a name that is none of them."""
    path = finished_by_name(project).get(name)
    if path is None:
        raise ClipMissing(f"The project has no finished file {name!r}.")
    return path


def parts_of(path: Path) -> list[Path]:
    """A finished file with what must go along with it: marks that don't fit inside, places of cut windows."""
    from understudy.merging.delivery.beside import transform_path
    from understudy.provenance.credentials import sidecars_with

    places = transform_path(path)
    return [path, *sidecars_with(path), *([places] if places.is_file() and not places.is_symlink() else [])]


def ledger_lines(project: Project) -> dict[str, Any]:
    """Every line of the project's ledger, oldest first, and what is wrong with the chain; read once."""
    from understudy.provenance.exports import checked_lines

    if not project.exports_ledger.exists():
        return {"lines": [], "problems": [], "last_hash": ""}
    try:
        lines, problems = checked_lines(project.exports_ledger)
    except MarksUnreadable as error:
        return {"lines": [], "problems": [error.message], "last_hash": ""}
    told = [{"number": line.number, "hash": line.hash, **line.export.model_dump(mode="json")} for line in lines]
    return {"lines": told, "problems": problems, "last_hash": lines[-1].hash if lines else ""}


def verdict(project: Project, path: Path, *, watermark: bool = True) -> dict[str, Any]:
    """What `understudy verify` says of a file, JSON-able. Raises what it raises."""
    from understudy.provenance.examine import examine
    from understudy.provenance.words import plain

    found = examine(path, ledgers=[project.exports_ledger], watermark=watermark)
    entry, facts = found.facts.get("ledger") or {}, found.facts
    return {
        "name": path.name,
        "state": found.state,
        "exit_code": found.exit_code,
        "sentences": found.sentences,
        "watermark": plain((facts.get("watermark") or {}).get("number", "")),
        "signer": plain(facts.get("signer") or ""),
        "source": plain(facts.get("source_type") or ""),
        "ledger": plain(f"{Path(entry['path']).name} line {entry['line']}") if entry else "",
    }
