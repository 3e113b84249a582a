"""The merge stage: every face of a clip painted into its frame, one PNG for every frame that changes.

What to do is decided in `plan`, who does it in `sharing`, how frames stream through in `stream`, how a face
enters a frame in `composite`; what is done is kept in `journal`. Not here: making a file of them (`encode`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from understudy.counts import counted
from understudy.events import Event, Events, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.store import Faceset
from understudy.files import ASIDE_SUFFIX, require_free_space, said_plainly
from understudy.media.clip import Clip, ClipInfo
from understudy.media.color_spaces import ColorSpace
from understudy.media.opening import open_clip, require_progressive
from understudy.merging.blending.modes import MODES
from understudy.merging.cast import Cast
from understudy.merging.crops import keep_crops
from understudy.merging.frame_ranges import in_words, stretches_of
from understudy.merging.journal import FACES, MASKS, Journal, frame_path
from understudy.merging.options import MergeOptions
from understudy.merging.pictures import (
    HULL_STANDS_IN,
    MergedFrame,
    remove_layers,
    remove_merged,
    write_blanks,
    write_merged,
)
from understudy.merging.plan import (
    EVERYTHING,
    LEFT_ALONE,
    MergePlan,
    Wanted,
    planned,
    reason_ranges,
    unswapped_frames,
)
from understudy.merging.plate import Plate, PlateFootage
from understudy.merging.same_footage import footage_notices
from understudy.merging.settings_over_time import SettingsOverTime
from understudy.merging.sharing import shared_frames
from understudy.merging.stream import MadeFrame
from understudy.networks.swap import Predictor

STAGE = "merge"
_PNG_SHARE = 0.6  # of the raw pixels, generously


def merge(
    clip_path: Path,
    *,
    faces: Faceset,
    predictor: Predictor | Cast[Predictor],
    folder: Path,
    options: MergeOptions | SettingsOverTime,
    clip_name: str | None = None,
    reasons: Mapping[int, str] | None = None,
    shots: Sequence[int] = (),
    wanted: Wanted = EVERYTHING,
    dry_run: bool = False,
    plate: PlateFootage | None = None,
    clip_sha256: str = "",
    devices: Sequence[str] = ("cpu",),
    color_space: ColorSpace | None = None,
) -> Events:
    """Paint all faces of a clip and write `folder/<frame:06d>.png` for every frame that has one.

    Frames already made by the same settings, model, faces and, as `clip_sha256` tells, clip are kept.
    `clip_name` leaves out faces of other clips in the same faceset; `reasons` says better than we can why a
    frame has no face; nothing is steadied over the first frames of new `shots`. The summary lists every frame
    that was not swapped, with its reason. Faces go into the frames of `plate` where that is given. A dry run
    only says what would be made, and why. `devices` are those that several processes share. The clip is in
    `color_space`, or sRGB. Closing the generator keeps what is written. Raises ClipDiffers where the clip has
    another number of frames than when its faces were extracted.
    """
    journal = Journal(folder)
    with open_clip(clip_path, color_space) as clip, Plate(plate) if plate else nullcontext() as opened:
        require_progressive(clip.info)
        plan = planned(
            clip,
            faces.faces(),
            predictor=predictor,
            options=options,
            clip_name=clip_name,
            journal=journal,
            shots=shots,
            wanted=wanted,
            plate=opened,
            clip_sha256=clip_sha256,
        )
        footage = footage_notices(faces.folder, clip_name, clip.info)
        plan = replace(plan, notices=[*footage, *plan.notices]) if plan.todo else plan
        if dry_run:
            yield from _foretold(plan, _options_changed(plan, journal))
            return
        with said_plainly(folder):
            folder.mkdir(parents=True, exist_ok=True)
        frame_count = clip.info.frame_count
        shown = clip.info if opened is None else replace(opened.info, frame_count=frame_count)
        yield StageStarted(stage=STAGE, unit="frames", total=len(plan.wanted), done=plan.done, why=_why(plan))
        for text in plan.notices:
            yield Notice(text=text, level="warning")
        _clear_away(folder, plan, journal)
        if plan.todo:
            require_free_space(folder, needed_bytes=int(len(plan.todo) * _frame_bytes(shown) * _PNG_SHARE))
            yield from _merge_todo(clip, plan, journal, opened, devices=devices, color_space=color_space)
        _fill_gaps(shown, opened, plan, journal)
        keep_crops(plan, journal, opened)
    yield _noted(frame_count, plan, journal, reasons or {})


def _noted(frame_count: int, plan: MergePlan, journal: Journal, reasons: Mapping[int, str]) -> StageFinished:
    """Write down what came of it; the event that says so."""
    unswapped = unswapped_frames(frame_count, plan, journal, reasons)
    changed = bool(plan.todo or plan.gone or plan.lightened)
    if changed or not plan.was_complete:
        journal.save(complete=plan.is_whole, unswapped=unswapped, left=plan.left)
    return StageFinished(
        stage=STAGE, summary=_summary(frame_count, plan, journal, unswapped), skipped=not changed
    )


def _frame_bytes(shown: ClipInfo) -> int:
    return shown.width * shown.height * (6 if shown.bit_depth > 8 else 3)


def _summary(
    frame_count: int, plan: MergePlan, journal: Journal, unswapped: list[dict[str, Any]]
) -> dict[str, Any]:
    """What came of it, for the last event. Frames that are left but have layers beside them pass through as
    pictures, and are told apart."""
    left = [entry["frame"] for entry in unswapped if entry["reason"] == LEFT_ALONE]
    layers = sum(plan.settings.at(frame).mode == "raw-layers" for frame in left)
    return {
        **({"layers_kept": layers} if layers else {}),
        "frames": frame_count,
        "swapped": frame_count - len(unswapped),
        "made_now": len(plan.todo),
        "passed_through": len(unswapped),
        "unswapped": unswapped,
        "partly": journal.partly(),
        "unswapped_ranges": reason_ranges(unswapped),
    }


def _why(plan: MergePlan) -> str:
    if not plan.done or not plan.todo:
        return ""
    return f"{plan.done} of {len(plan.wanted)} frames are as they should be already"


def _foretold(plan: MergePlan, options_changed: dict[str, list[Any]]) -> Events:
    """What a merge would do, as a stage that makes nothing."""
    yield StageStarted(stage=STAGE, unit="frames", total=len(plan.wanted), done=plan.done, why=_why(plan))
    for text in plan.notices:
        yield Notice(text=text, level="warning")
    reasons = plan.reasons_to_make()
    said = "; ".join(f"{why}: {count}" for why, count in reasons.items())
    if plan.todo:
        frames = in_words(stretches_of(plan.todo))
        yield Notice(f"{counted(len(plan.todo), 'frame')} would be made ({frames}). Why: {said}.")
    if options_changed and plan.todo:
        listed = ", ".join(f"{name} ({old} before, {new} now)" for name, (old, new) in options_changed.items())
        yield Notice(f"Since the last merge other options are set for the clip: {listed}.")
    if plan.lightened:
        yield Notice(f"{len(plan.lightened)} frames would stay and lose what is no longer kept beside them.")
    summary = {
        "to_make": sorted(plan.todo),
        "why": reasons,
        "options_changed": options_changed,
        "up_to_date": plan.done,
        "to_remove": sorted(plan.gone),
    }
    yield StageFinished(stage=STAGE, summary=summary, skipped=not plan.todo and not plan.gone)


def _options_changed(plan: MergePlan, journal: Journal) -> dict[str, list[Any]]:
    """What the clip's own options were in the merge before and are now; of ranges and keys it is not known."""
    before, now = journal.settings_before, plan.about["settings"]
    idle = plan.settings.base.idle()
    return {
        name: [before[name], now[name]]
        for name in now
        if name in before and before[name] != now[name] and name not in idle
    }


def _clear_away(folder: Path, plan: MergePlan, journal: Journal) -> None:
    """Forget what will be made again, and remove pictures of frames that have no face any more."""
    journal.describe(plan.about)
    journal.forget([*plan.todo, *plan.gone])
    for frame in plan.lightened:  # noted first: a layer too many does no harm, a missing one does
        journal.remember(frame, plan.fingerprints[frame])
    if plan.todo or plan.gone or plan.lightened:
        journal.save()
    for frame in plan.lightened:
        remove_layers(folder, frame, but=plan.settings.at(frame).kept_layers)
    gaps = journal.known_frames() - set(plan.faces) if plan.todo and plan.settings.base.plate else ()
    for frame in (*plan.gone, *gaps):  # of a plate what stands between faces may be another one's
        remove_merged(folder, frame)
    for place in (folder, folder / MASKS, folder / FACES):
        for left_over in place.glob(f".*{ASIDE_SUFFIX}.*"):  # by a process that was killed
            left_over.unlink(missing_ok=True)


def _fill_gaps(shown: ClipInfo, plate: Plate | None, plan: MergePlan, journal: Journal) -> None:
    """Where no face was painted, have what the mode shows there: black, the plate, or no picture at all."""
    folder, merged = journal.folder, journal.merged_frames()
    for frame in plan.todo - merged:  # refused or not decoded: no older picture may stay
        remove_merged(folder, frame)
    if MODES[plan.settings.base.mode].black:
        size_px = plan.cast.predictors()[0].size_px
        write_blanks(folder, shown, plan.settings.base, crop_px=size_px, merged=merged)
    elif plate is not None and plan.is_whole:
        _show_plate(plate, folder, shown.frame_count, plan, journal)


def _show_plate(plate: Plate, folder: Path, frame_count: int, plan: MergePlan, journal: Journal) -> None:
    """Let the plate go on as it is where dst has no face, instead of a flash of dst."""
    for frame in sorted(set(range(frame_count)) - journal.merged_frames()):
        if not frame_path(folder, frame).is_file():
            write_merged(folder, frame, MergedFrame(plate.numbers_for(frame)))


def _merge_todo(
    clip: Clip,
    plan: MergePlan,
    journal: Journal,
    plate: Plate | None,
    *,
    devices: Sequence[str],
    color_space: ColorSpace | None,
) -> Generator[Event, None, None]:
    done, unsaid, told = plan.done, list[MadeFrame](), False
    making = shared_frames(
        clip, plan, journal.folder, plate, devices=devices, unsaid=unsaid, color_space=color_space
    )
    try:
        for made in making:
            if isinstance(made, Notice):
                yield made
                continue
            if made.hull_stood_in and not told:
                yield Notice(
                    f"{HULL_STANDS_IN.capitalize()}. That ends by itself with more training.", level="warning"
                )
                told = True
            _note(made, plan, journal)
            done += 1
            yield Progress(stage=STAGE, done=done, total=len(plan.wanted))
    finally:
        making.close()
        for made in unsaid:
            _note(made, plan, journal)
        journal.save()


def _note(made: MadeFrame, plan: MergePlan, journal: Journal) -> None:
    if made.refused:
        journal.refuse(made.index, plan.fingerprints[made.index], made.refused)
        return
    journal.remember(made.index, plan.fingerprints[made.index])
    if made.partly:
        journal.merged_partly(made.index, made.partly)
