"""Train a model: the stage that jobs run. Yields events, saves as it goes, goes on where it stopped.

Not here: how the run goes (`run.py`), what is done between iterations (`duties.py`), one step (`learner.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from understudy.errors import MemoryTooSmall
from understudy.events import Event, Events, Made, Notice, StageFinished, StageStarted
from understudy.facesets.store import Faceset
from understudy.geometry import FaceType
from understudy.masks.segmenter import PRODUCTS_OWN, Segmenters
from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel
from understudy.training.duties import BackUp, Duty, Follow, Listen, Measure, Post, Preview, Save, Say, Tell
from understudy.training.feeding.cache import FaceCache, face_cache
from understudy.training.feeding.feed import Feed
from understudy.training.keeping.about import ModelWish, about_model, about_to_be, seed_said
from understudy.training.keeping.checkpoint import newest_checkpoint, newest_iteration, set_damaged_aside
from understudy.training.keeping.learnt_from import NOT_KNOWN, LearntFrom, in_state
from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.requests import ask, heard_here
from understudy.training.learner import Learner
from understudy.training.machine.batch import largest_batch
from understudy.training.machine.device import Compute, choose_device, exactly_repeated
from understudy.training.machine.memory import is_out_of_memory
from understudy.training.machine.processes import Group, joined, local_device
from understudy.training.machine.randomness import reseeded
from understudy.training.options import TrainOptions
from understudy.training.presets import preset_named
from understudy.training.recipe.course import Course, recipe_followed
from understudy.training.recipe.recipe import Recipe, recipe_named
from understudy.training.recipe.trial import require_possible
from understudy.training.run import STAGE, Run
from understudy.training.steering.plan import Plan, planned
from understudy.training.viewing.samples import write_samples

__all__ = ["STAGE", "require_recipe", "show_samples", "train"]
_FEW_FACES = 20
_CACHE_FOLDER = "cache"


def train(
    model_dir: Path,
    *,
    src: Sequence[Faceset],
    dst: Sequence[Faceset],
    options: TrainOptions,
    preset: str = "quick",
    network: Mapping[str, Any] | None = None,
    face_type: FaceType | None = None,
    device: str = "auto",
    trunk: bool = False,
    segmenters: Segmenters = PRODUCTS_OWN,
    learnt: LearntFrom = NOT_KNOWN,
    keep_recipe: bool = False,
    finish: Mapping[str, Any] | None = None,
    once_held: Callable[[], object] = lambda: None,
) -> Events:
    """Train the model in `model_dir`, which is made if it is new, on faces of both performers.

    `network` and `face_type` are what is said beside the preset; for `trunk` see `pretraining.py`; `segmenters`
    are those that `mask_from` can name; `learnt` says whose faces these are, for the marks of what will be
    painted; with `keep_recipe` the recipe that it followed last counts, not that of `options`; with `finish`,
    the details of that request, it settles at once; `once_held` is called when nobody else can change the model
    any more and nothing of it is written yet, and may refuse. Ends when the plan of `options` (`minutes`,
    `iterations`) is done, or when asked to finish (`keeping/requests.py`); closing the generator stops it and
    saves. The same call again finishes a plan that was interrupted, or trains as much more when it was
    finished. With `iterations` alone, a run is repeatable on one device.
    Raises ModelInUse, ModelUnknown, RecipeInvalid, OptionInvalid, FacesetUnusable, DeviceUnavailable,
    CheckpointCorrupt, TrainingDiverged, MemoryTooSmall, ProcessLost, DiskFull or FolderUnwritable.
    """
    preset_named(preset)
    wish = ModelWish(preset, network or {}, face_type, seed_said(options), trunk)
    if not keep_recipe:
        require_recipe(model_dir, wish, options)
    compute = choose_device(local_device(device))
    with exactly_repeated(), joined(compute.device.type) as group:
        events = _train(
            model_dir,
            wish,
            (src, dst),
            options,
            compute,
            group,
            segmenters=segmenters,
            learnt=learnt,
            keep_recipe=keep_recipe,
        )
        if group.leads:
            with model_lock(model_dir), heard_here(model_dir):
                once_held()
                if finish is not None:
                    ask(model_dir, "finish", **finish)
                yield from events
            return
        group.wait_until_ready()
        for _ in events:  # the leader has said it
            pass


def require_recipe(
    model_dir: Path, wish: ModelWish, options: TrainOptions, recipe: Recipe | None = None
) -> None:
    """Raise RecipeInvalid where a stage of the options' recipe, or of another one, can't work: before the model
    is made and faces are read, which may take long. Raises like `about_to_be` too; nothing is written."""
    recipe = recipe or recipe_named(options.recipe)
    recipe.require_fit(options)
    about, iteration = about_to_be(model_dir, wish), newest_iteration(model_dir)
    require_possible(recipe, options, about.architecture, about.network, iteration=iteration)


def _train(
    model_dir: Path,
    wish: ModelWish,
    facesets: tuple[Sequence[Faceset], Sequence[Faceset]],
    options: TrainOptions,
    compute: Compute,
    group: Group,
    *,
    segmenters: Segmenters,
    learnt: LearntFrom,
    keep_recipe: bool,
) -> Events:
    learner, feed, options, state = yield from prepared(
        model_dir, wish, facesets, options, compute, group, segmenters=segmenters
    )
    plan = planned(options, Plan.from_json(state["plan"]) if state else None)
    recipe = recipe_followed(state.get("course", {})) if keep_recipe and state else None
    if recipe is not None:
        options = options.changed(recipe=recipe.called)
    course = Course(recipe or recipe_named(options.recipe), options, plan)
    learnt = in_state(state, iteration=learner.iteration).joined(learnt)
    run = Run(
        model_dir,
        learner,
        feed,
        course,
        plan,
        duties(),
        begin=Learner.begin,
        state=state,
        group=group,
        learnt=learnt,
    )
    group.say_ready()
    yield from run.events()


def show_samples(
    model_dir: Path,
    *,
    src: Sequence[Faceset],
    dst: Sequence[Faceset],
    options: TrainOptions,
    preset: str = "quick",
    network: Mapping[str, Any] | None = None,
    face_type: FaceType | None = None,
    device: str = "auto",
    count: int = 8,
    segmenters: Segmenters = PRODUCTS_OWN,
) -> Events:
    """Write a sheet of `count` faces of each performer as the network would be fed them, and train nothing.

    Raises what `train` raises before its first iteration.
    """
    on = choose_device(device).device
    segmenters = segmenters.on(str(on))
    about = about_to_be(model_dir, ModelWish(preset, network or {}, face_type, seed_said(options)))
    model = build(about.architecture, about.network, device="meta")
    yield StageStarted(stage="samples", unit="faces", total=count)
    src_cache, dst_cache = yield from _both_cached(
        model_dir, (src, dst), model, about.face_type, options, segmenters=segmenters
    )
    options = options.changed(batch_size=count)
    feed = Feed(
        src_cache,
        dst_cache,
        options,
        on,
        size_px=model.size_px,
        seen_px=model.seen_px,
        seed=about.seed,
        frames_together=model.frames_together,
    )
    lessons = feed.lessons(reseeded(torch.Generator(), about.seed, "samples"))
    yield Made("sheet of what the network is fed", write_samples(model_dir, *lessons))
    yield StageFinished(stage="samples", summary={"faces": count})


def _sized(options: TrainOptions, learner: Learner, before: int) -> Generator[Event, None, TrainOptions]:
    """The options with a batch size: where none is said that of `before`, or the largest that fits."""
    if options.batch_size:
        return options
    batch = before or largest_batch(learner, options)
    if not before:
        yield Notice(f"A batch of {batch} faces fits into the memory of {learner.compute.device}; it is taken.")
    return options.changed(batch_size=batch)


def prepared(
    model_dir: Path,
    wish: ModelWish,
    facesets: tuple[Sequence[Faceset], Sequence[Faceset]],
    options: TrainOptions,
    compute: Compute,
    group: Group,
    *,
    segmenters: Segmenters = PRODUCTS_OWN,
) -> Generator[Event, None, tuple[Learner, Feed, TrainOptions, dict[str, Any]]]:
    """The model in `model_dir` as it was left, what feeds it, the options with a batch size, and what its
    checkpoint says beside tensors; the caller holds its lock."""
    src, dst = facesets
    segmenters = segmenters.on(str(compute.device))
    about = about_to_be(model_dir, wish)
    with _memory_is_said(compute):
        learner = Learner(
            about.architecture, about.network, options=options, seed=about.seed, compute=compute, group=group
        )
        about_model(model_dir, wish)
        state = yield from _go_on(model_dir, learner)
    options = yield from _sized(options, learner, int(state.get("batch_size", 0)))
    model = learner.model
    src_cache, dst_cache = yield from _both_cached(
        model_dir, (src, dst), model, about.face_type, options, segmenters=segmenters
    )
    if len(src_cache) < _FEW_FACES:
        yield Notice(
            f"src has only {len(src_cache)} faces. From fewer than {_FEW_FACES} a likeness stays stiff: "
            "film more turns of the head and more expressions.",
            level="warning",
        )
    feed = Feed(
        src_cache,
        dst_cache,
        options,
        compute.device,
        size_px=model.size_px,
        seen_px=model.seen_px,
        seed=about.seed,
        frames_together=model.frames_together,
        share=(group.rank, group.size),
    )
    if deaf := feed.unheard(options):
        yield Notice(
            "This network sees several frames at once, as they are, so these options do nothing: "
            f"{', '.join(deaf)}."
        )
    return learner, feed, options, state


@contextlib.contextmanager
def _memory_is_said(compute: Compute) -> Iterator[None]:
    """Raise MemoryTooSmall where the model does not fit, whatever the batch."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryTooSmall(
            f"The memory of {compute.device} did not suffice for the model itself. Close other programs, train "
            "with --offload, or make a model of a smaller preset."
        ) from error


def duties() -> list[Duty]:
    """What is done between iterations, in this order. A measurement comes first: nothing broken is saved."""
    return [Measure(), Follow(), Listen(), Say(), Post(), Tell(), Preview(), Save(), BackUp()]


def _go_on(model_dir: Path, learner: Learner) -> Generator[Event, None, dict[str, Any]]:
    """Load the newest whole checkpoint into the learner; returns what it says beside tensors, {} for a new
    model."""
    for found in newest_checkpoint(model_dir):
        if isinstance(found, Notice):
            yield found
            continue
        learner.load_checkpoint(found)
        set_damaged_aside(model_dir, newer_than=found.iteration)
        return dict(found.state)
    return {}


def _both_cached(
    model_dir: Path,
    facesets: tuple[Sequence[Faceset], Sequence[Faceset]],
    model: FaceModel,
    face_type: FaceType,
    options: TrainOptions,
    *,
    segmenters: Segmenters,
) -> Generator[Event, None, tuple[FaceCache, FaceCache]]:
    """Yields events; returns src's faces and dst's as the model wants them."""
    cut = {
        "face_type": face_type,
        "size_px": max(model.size_px, model.seen_px),
        "mask_from": options.mask_from,
        "segmenters": segmenters,
    }
    larger = 1 + options.src_scale / 100
    frame_px = model.size_px if model.paints_frame else 0
    src = yield from _cached(model_dir, facesets[0], side="src", scale=larger, frame_px=frame_px, **cut)
    dst = yield from _cached(model_dir, facesets[1], side="dst", **cut)
    return src, dst


def _cached(model_dir: Path, facesets: Sequence[Faceset], **cut: Any) -> Generator[Event, None, FaceCache]:
    for step in face_cache(model_dir / _CACHE_FOLDER, facesets, **cut):
        if isinstance(step, FaceCache):
            return step
        yield step
    raise RuntimeError("the cache ended without a cache")
