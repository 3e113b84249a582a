"""The stages on a project: each takes names from the manifest, runs, and can be run again.

The stages themselves live in their rooms; here they only get their inputs. One stage's events follow the
other's, so a job is written by `yield from`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from understudy.errors import OptionInvalid, PersonUnknown
from understudy.events import Events, Made, Notice, StageFinished, StageStarted
from understudy.jobs.clip_by_clip import clip_by_clip, told_of_clip
from understudy.jobs.clips.color_spaces import color_space_of
from understudy.jobs.clips.rates import fps_of
from understudy.jobs.delivery.marks import (
    FinalMarks,
    consent_told,
    facts_of,
    hashed_for_marks,
    performers_shown,
    require_closed_production,
    require_consent,
)
from understudy.jobs.delivery.merged_by import in_commands, renamed_told, require_merged, require_model_of
from understudy.jobs.delivery.new_folder import new_folder_told
from understudy.jobs.delivery.outputs import footage_of, output_paths, require_clips_effect
from understudy.jobs.delivery.whose_faces import (
    Sets,
    faces_by_clip,
    hashed_before,
    keep_lessons,
    learning_from,
    learnt_from,
    performers_of,
)
from understudy.jobs.merging.inputs import (
    cast_of,
    clip_sha256,
    clips_hashed,
    cuts_of,
    frames_asked,
    keep_keys,
    keep_said,
    plate_of,
    require_models,
    settings_over_time,
    watch_for_cuts,
)
from understudy.jobs.settings import Said, encode_options, extract_options, merge_options, train_options
from understudy.project.lock import exclusive
from understudy.project.manifest import ROLES
from understudy.project.project import Project
from understudy.project.unknown import model_named, named_clips
from understudy.workers.cluster import require_reachable

if TYPE_CHECKING:  # each takes seconds to import
    from understudy.facesets.store import Faceset, StoredFace
    from understudy.merging.cast import Cast
    from understudy.merging.plan import Wanted
    from understudy.merging.settings_over_time import Ease
    from understudy.training.predictor import ModelPredictor
    from understudy.training.recipe.recipe import Recipe


def extract(
    project: Project,
    *,
    clips: Sequence[str] = (),
    said: Said,
    device: str,
    faceset: str | None = None,
    redo_deleted: bool = False,
    trust: bool = False,
    faces_before: Mapping[str, int | None] | None = None,
) -> Events:
    """Find and store the faces of the named clips, or of all.

    They go to the `faceset` of this name of their performer, where one is named, now and later: from the moment
    when all of a clip's are there, so that a run which is stopped leaves a project to train on.
    `redo_deleted` looks again, with what is said now, at frames whose overlays were deleted, and at no others.
    `trust` lets weights that are programs run. `faces_before` is what `choose_faces` gave: where a clip has no
    such person, its earlier choice is put back, so that a slip of the finger does not stay in the project.
    """
    from understudy.faces.manual import manual_file
    from understudy.facesets.extraction.extract import extract as extract_clip
    from understudy.jobs.facesets.all_deleted import all_deleted_told
    from understudy.jobs.facesets.curating import shelf_of, step_of_extraction
    from understudy.jobs.facesets.sets import goal_of_clip, put_in_faceset
    from understudy.jobs.facesets.still_learning import extraction_told
    from understudy.training.machine.device import choose_devices

    options, command, told = extract_options(project, said), uuid4().hex, set[str]()
    require_reachable(options.workers)
    devices = choose_devices(device)

    def extracted(name: str) -> Events:
        clip = project.manifest.clips[name]
        performer, short = goal_of_clip(project, name, faceset, redo_deleted=redo_deleted)
        with (
            _alone_with(project, name),
            step_of_extraction(project, f"{performer}/{short}", clip=name, command=command),
            project.faceset(performer, short) as opened,
        ):
            events = extract_clip(
                project.present_clip_path(name),
                clip_name=name,
                role=clip.role,
                faceset=opened,
                options=options,
                cache=project.cache_folder,
                people_folder=project.people_folder / name,
                person=clip.face,
                devices=devices,
                overlays_folder=project.overlays_folder / name,
                redo_with=_redone_away(project, opened, command) if redo_deleted else None,
                manual_file=manual_file(project.folder, name),
                trust=trust,
                edits=clip.tracks,
                shelf=shelf_of(project, opened, clip=name, command=command),
                color_space=color_space_of(project, name),
                fps=fps_of(project, name),
            )
            events = extraction_told(project, f"{performer}/{short}", events, told)
            events = all_deleted_told(project, name, f"{performer}/{short}", events)
            yield from _or_choice_back(project, name, faces_before or {}, events)
        yield from put_in_faceset(project, name, short)

    yield from clip_by_clip(named_clips(project, clips), extracted, project=project.folder)


def choose_faces(
    project: Project, clips: Sequence[str], *, src: int | None = None, dst: int | None = None
) -> dict[str, int | None]:
    """Remember which person of the named clips, or of all, is meant; gives what was remembered before."""
    before: dict[str, int | None] = {}
    for name, clip in project.manifest.clips.items():
        face = src if clip.role == "src" else dst
        if face is not None and (not clips or name in clips):
            before[name] = clip.face
            project.choose_face(name, face)
    return before


def _or_choice_back(project: Project, clip: str, before: Mapping[str, int | None], events: Events) -> Events:
    try:
        yield from events
    except PersonUnknown:
        if clip in before:
            project.choose_face(clip, before[clip])
        raise


def _redone_away(project: Project, faceset: Faceset, command: str) -> Callable[[Sequence[StoredFace]], None]:
    from understudy.jobs.facesets.curating import put_away

    why = "frames that are done again"
    return lambda faces: put_away(project, faceset, faces, why=why, command=command)


def _alone_with(project: Project, clip: str) -> AbstractContextManager[None]:
    """Two processes on one clip would write the same files; the second is refused at once."""
    return exclusive(project.clip_lock(clip), wait_s=0.5)


def train(
    project: Project,
    model: str,
    *,
    said: Said,
    device: str,
    show_samples: int | None = None,
    stage: Callable[..., Events] | None = None,
    keep_recipe: bool = False,
    finish: Mapping[str, Any] | None = None,
) -> Events:
    """Train a model on the facesets the manifest names for it, with `keep_recipe` in the recipe it followed
    last, with `finish` until it has settled as that says; or run another `stage` that takes the same, or only
    show so many faces as it is fed them."""
    from understudy.masks.segmenter import Segmenters
    from understudy.training.machine.launch import is_follower
    from understudy.training.train import show_samples as show_what_is_fed
    from understudy.training.train import train as train_model

    if stage is None and show_samples is None and not keep_recipe:
        check_recipe(project, model, said=said)  # clips may be hashed for long before the training begins
    if show_samples is not None:
        stage = partial(show_what_is_fed, count=show_samples)
    entry = model_named(project, model)
    options = train_options(project, model, said)
    names = (*project.facesets_of("src", model), *project.facesets_of("dst", model))
    for name in names if not is_follower() else ():
        yield from _finished(project, name)
    with ExitStack() as stack:

        def opened(name: str) -> Faceset:
            return stack.enter_context(project.faceset(*name.split("/")))

        sets: Sets = {
            role: [(name, opened(name)) for name in project.facesets_of(role, model)] for role in ROLES
        }
        for role, facesets in sets.items():
            if not sum(len(faceset) for _, faceset in facesets):
                from understudy.jobs.facesets.sets import nothing_to_learn_from

                raise nothing_to_learn_from(project, role, project.facesets_of(role, model))
        if stage is None and is_follower():
            stage = partial(train_model, keep_recipe=keep_recipe)  # the leader notes what both learn from
        elif stage is None:
            counts = faces_by_clip(sets)
            learning = [learnt_from(project, model, and_next=True, hashed=False)]
            whom = {*performers_of(project, learning, ()), *(name.split("/")[0] for name in names)}
            yield from consent_told(project, sorted(whom))
            yield from hashed_before(project, counts)
            learnt = learning_from(project, counts)
            stage = partial(train_model, learnt=learnt, keep_recipe=keep_recipe, finish=finish)
        stage = stage if show_samples is not None else partial(stage, once_held=_still(project, model))
        yield from stage(
            project.model_folder(model),
            src=[faceset for _, faceset in sets["src"]],
            dst=[faceset for _, faceset in sets["dst"]],
            preset=entry.preset,
            network=entry.network,
            face_type=entry.face_type,
            options=options,
            device=device,
            segmenters=Segmenters(project.masks_folder),
        )


def _still(project: Project, model: str) -> Callable[[], object]:
    """Raises ModelUnknown where the model was renamed, or put away, since the project was read."""
    return lambda: model_named(Project.open(project.folder), model)


def check_recipe(project: Project, model: str, recipe: Recipe | None = None, *, said: Said) -> None:
    """Raise RecipeInvalid where a stage of this recipe, or of the one that a training would follow, doesn't fit
    a model's options or asks its network in vain. Raises ModelUnknown too."""
    from understudy.training.keeping.about import ModelWish, seed_said
    from understudy.training.train import require_recipe

    entry, options = model_named(project, model), train_options(project, model, said)
    wish = ModelWish(entry.preset, entry.network, entry.face_type, seed_said(options))
    require_recipe(project.model_folder(model), wish, options, recipe)


def history(
    project: Project, model: str, *, face: str = "", column: str = "dst as src", movie: bool = False
) -> Events:
    """Lay out how a model painted one dst face through its iterations. Raises ModelUnknown, FacesUnknown."""
    from understudy.training.viewing.history import write_history, write_movie

    model_named(project, model)
    yield StageStarted(stage="history", unit="sheets", total=1)
    folder = project.model_folder(model)
    yield Made("history", write_history(folder, face=face, column=column))
    if movie:
        yield Made("movie", write_movie(folder, face=face, column=column))
    yield StageFinished(stage="history", summary={})


def _finished(project: Project, faceset: str) -> Events:
    """Half a change of a faceset must be neither learnt from nor merged."""
    from understudy.jobs.facesets.curating import finish_change

    for text in finish_change(project, faceset):
        yield Notice(text, level="warning")


def merge(
    project: Project,
    model: str,
    *,
    clips: Sequence[str] = (),
    said: Said,
    device: str,
    frames: str = "",
    changed: bool = False,
    dry_run: bool = False,
    save: bool = False,
    key: Ease | None = None,
) -> Events:
    """Paint the named dst clips, or all, with a model or their casts.

    `frames` takes these alone, and what is said counts for them alone; `changed` those that were made before.
    `save` keeps what is said in the manifest; `key` keeps it as key frames, and all of the clip is looked at.
    """
    names = named_clips(project, clips, role="dst")
    for name in names:
        workers = merge_options(project, name, said).workers
        if not dry_run:
            require_reachable(workers)
        require_models(project, name, model)
    stretches = frames_asked(project, names, frames)
    if key is not None and (stretches is None or dry_run):
        raise OptionInvalid("--key needs the frames of the keys, like --frames 120, and no --dry-run.")
    yield Notice(f"Looking at what is there of {', '.join(names)}.")  # what follows takes seconds to import
    from understudy.merging.plan import Wanted
    from understudy.training.machine.device import choose_devices

    devices = choose_devices(device)
    if key is not None and stretches is not None:
        yield Notice(keep_keys(project, names[0], said, frames=stretches, ease=key))
        said, stretches, save = {}, None, False
    loaded: dict[str, ModelPredictor] = {}

    def load(name: str) -> ModelPredictor:
        if name not in loaded:
            loaded[name] = _predictor(project, name, device=devices[0])
        return loaded[name]

    casts = {name: cast_of(project, name, model, load=load) for name in names}
    for text in (text for predictor in loaded.values() for text in predictor.notices):
        yield Notice(text=text, level="warning")
    shown = [performers_shown(project, model, name, before_training=True) for name in names]
    yield from consent_told(project, sorted({performer for each in shown for performer in each}))
    for name in names:
        if save and not dry_run:
            yield Notice(keep_said(project, name, said, frames=stretches))
        yield from _finished(project, "/".join(project.faceset_of_clip(name)))
        wanted = Wanted(stretches, changed=changed)
        merged = _merged(project, name, model, casts[name], said, wanted, dry_run=dry_run, devices=devices)
        yield from told_of_clip(merged, name, names)


def _merged(
    project: Project,
    clip: str,
    model: str,
    cast: Cast[ModelPredictor],
    said: Said,
    wanted: Wanted,
    *,
    dry_run: bool,
    devices: Sequence[str],
) -> Events:
    from understudy.facesets.extraction.reasons import frames_without_face
    from understudy.merging.merge import merge as merge_clip

    settings = settings_over_time(project, clip, said, frames=wanted.stretches, device=devices[0])
    if cuts_of(project, clip) is None:
        yield from watch_for_cuts(project, clip)
    yield from clips_hashed(project, [project.clip_path(clip)])
    folder = project.merged_folder(clip, project.merged_name(clip, model))
    with _alone_with(project, clip), project.faceset(*project.faceset_of_clip(clip)) as faceset:
        if not dry_run:
            require_models(Project.open(project.folder), clip, model)  # which may have been renamed meanwhile
        try:
            yield from merge_clip(
                project.present_clip_path(clip),
                faces=faceset,
                predictor=cast,
                folder=folder,
                options=settings,
                clip_name=clip,
                reasons=frames_without_face(
                    faceset,
                    clip_name=clip,
                    cache=project.cache_folder,
                    options=extract_options(project, {}),
                    manual=project.manual_folder,
                ),
                shots=cuts_of(project, clip) or (),
                plate=plate_of(project, settings.base.plate) if settings.base.plate else None,
                clip_sha256=clip_sha256(project, project.clip_path(clip)),
                wanted=wanted,
                dry_run=dry_run,
                devices=devices,
                color_space=color_space_of(project, clip),
            )
        finally:
            if not dry_run:
                keep_lessons(project, folder, cast.predictors())


def encode(
    project: Project,
    model: str,
    *,
    clips: Sequence[str] = (),
    out: Path | None = None,
    said: Said,
    just_merged: bool = False,
) -> Events:
    """Encode and sign the named dst clips, or all, or a stretch of one. `out` is a file for one clip, a folder
    for several. It warns of frames that the settings kept now would make otherwise, but not where they were
    `just_merged` with what was said for this job alone.

    Raises ConsentMissing before anything is written.
    """
    from understudy.jobs.delivery.finished_files import behind_told
    from understudy.merging.delivery.encode import encode as encode_clip
    from understudy.merging.journal import merge_facts

    names = named_clips(project, clips, role="dst")
    require_model_of(project, model, names)
    options = encode_options(project, said)
    if options.frames and len(names) > 1:
        raise OptionInvalid(f"--frames is about one clip; name it. The project has {', '.join(names)}.")
    for name in names:
        shown = performers_shown(project, model, name, frames=options.frames)
        require_consent(project, use=options.use, performers=shown)
    goals = output_paths(project, model, names, out, options=options)
    require_clips_effect(project, names, goals, said)
    require_closed_production(project, names, goals, options)
    yield from new_folder_told(out)
    for name, goal in zip(names, goals, strict=True):
        called = project.merged_name(name, model)
        merged = project.merged_folder(name, called)
        require_merged(project, model, name)
        merge_facts(merged, options.frames, of=in_commands(project, [name], called))
        yield from hashed_for_marks(project, name, merged, frames=options.frames)
        if out is None:
            yield from renamed_told(project, name, called, goal)
        if not just_merged:
            yield from behind_told(project, name, called, options.frames, alone=len(names) == 1)
        with _alone_with(project, name):
            # Only here: a merge that ended before would have put other frames in the place of those told of.
            facts = facts_of(project, model, name, goal, merged, frames=options.frames)
            marks = FinalMarks(project, facts, options)
            yield from encode_clip(
                project.present_clip_path(name),
                merged_folder=merged,
                out=goal,
                options=options,
                keep=footage_of(project),
                trash=project.trash.folder,
                unswapped=merge_facts(merged, options.frames).unswapped,
                sign=marks.sign,
                watermark=marks.watermark,
                stamp=marks.stamp,
                color_space=color_space_of(project, name),
                fps=fps_of(project, name),
                project=str(project.folder),
            )
            yield from marks.told(goal)


def choose_facesets(project: Project, model: str, *, src: Sequence[str] = (), dst: Sequence[str] = ()) -> None:
    """Keep for a model which facesets it learns from. Raises FacesUnknown, naming those there are."""
    from understudy.jobs.facesets.curating import full_name

    if src or dst:
        sides = ([full_name(project, name) for name in names] for names in (src, dst))
        chosen_src, chosen_dst = sides
        project.choose_facesets(model, src=chosen_src, dst=chosen_dst)


def _predictor(project: Project, model: str, *, device: str) -> ModelPredictor:
    from understudy.training.predictor import load_predictor

    return load_predictor(project.model_folder(model), device=device)
