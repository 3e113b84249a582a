"""Look for the learning rate that suits a model and its faces; afterwards the model is as it was, to the bit.

Not here: the arithmetic of the search (`steering/rate_search.py`), its picture (`viewing/rate_plot.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.errors import MemoryTooSmall, TrainingDiverged
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.store import Faceset
from understudy.files import write_bytes, write_json
from understudy.geometry import FaceType
from understudy.masks.segmenter import PRODUCTS_OWN, Segmenters
from understudy.media.images import encode_png
from understudy.training.feeding.feed import Feed
from understudy.training.keeping.about import ModelWish, seed_said
from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.requests import heard_here
from understudy.training.learner import Learner
from understudy.training.machine.device import choose_device
from understudy.training.machine.memory import is_out_of_memory
from understudy.training.machine.processes import joined
from understudy.training.options import TrainOptions
from understudy.training.steering.options import RateSearchOptions
from understudy.training.steering.rate_search import RateSearch
from understudy.training.train import prepared
from understudy.training.viewing.rate_plot import rate_plot

STAGE = "find rate"
PLOT_NAME, ADVICE_NAME = "rate.png", "rate.json"


def find_rate(
    model_dir: Path,
    *,
    src: Sequence[Faceset],
    dst: Sequence[Faceset],
    options: TrainOptions,
    search: RateSearchOptions,
    preset: str = "quick",
    network: Mapping[str, Any] | None = None,
    face_type: FaceType | None = None,
    device: str = "auto",
    segmenters: Segmenters = PRODUCTS_OWN,
    once_held: Callable[[], object] = lambda: None,
) -> Events:
    """Try rates from tiny to far too large on the model in `model_dir`; writes rate.png and rate.json there.

    `once_held` is as in `train`. The summary of the last event has `learning_rate`, the advice. Raises what
    `train` raises before its first iteration, TrainingDiverged where the loss is no number from the start, and
    MemoryTooSmall.
    """
    compute = choose_device(device)
    with model_lock(model_dir), heard_here(model_dir, trains=False), joined(compute.device.type) as group:
        once_held()
        wish = ModelWish(preset, network or {}, face_type, seed_said(options))
        learner, feed, options, _ = yield from prepared(
            model_dir, wish, (src, dst), options, compute, group, segmenters=segmenters
        )
        yield StageStarted(stage=STAGE, unit="iterations", total=search.rate_iterations)
        sweep = RateSearch(search, now=options.learning_rate)
        with as_it_was(learner):
            yield from _sweep(sweep, learner, feed, options)
        if sweep.is_too_bold:
            raise TrainingDiverged(
                f"The loss was out of all proportion after {len(sweep.rates)} tiny steps. Start the search "
                "from a smaller rate with --rate-from."
            )
        write_bytes(model_dir / PLOT_NAME, encode_png(rate_plot(sweep)))
        yield Made("picture of the search", model_dir / PLOT_NAME)
        write_json(model_dir / ADVICE_NAME, _told(sweep))
        yield from _advised(sweep)
        yield StageFinished(stage=STAGE, summary=_figures(sweep))


def _advised(sweep: RateSearch) -> Iterator[Notice]:
    """What the search found, in words: also how little, in a model that has learned already."""
    most = ", as far as training goes" if sweep.limited else ""
    advice = f"{sweep.advice:.2g} is advised ({sweep.options.rate_strength}{most})"
    if not sweep.is_flat:
        yield Notice(
            f"The loss was lowest at a rate of {sweep.best:.2g}; {advice}. It holds for this optimiser and "
            "batch size."
        )
    else:
        verdict = f"it trains with {sweep.now:.2g} now, and {advice}"
        if sweep.advice == sweep.now:
            verdict = f"it trains with {sweep.now:.2g} now, which is within that: keep it"
        yield Notice(
            "No rate lowered the loss noticeably in so few steps, as is usual where a model has learned: the "
            f"search can only say from where on steps do harm, and up to {sweep.best:.2g} none did; {verdict}."
        )
    if sweep.is_open:
        yield Notice(
            f"The loss had not risen even at {sweep.rates[-1]:.2g}, so a larger rate may be better: search on "
            "with a larger --rate-to.",
            level="warning",
        )


def _sweep(sweep: RateSearch, learner: Learner, feed: Feed, options: TrainOptions) -> Events:
    for number, rate in enumerate(sweep.to_try()):
        now = options.model_copy(update={"learning_rate": rate, "accumulation": 1})
        if not sweep.add(rate, _loss(learner, feed, now)):
            return
        yield Progress(
            stage=STAGE,
            done=number + 1,
            total=sweep.options.rate_iterations,
            loss=sweep.losses[-1],
            note=f"rate {rate:.2g}",
        )


def _loss(learner: Learner, feed: Feed, options: TrainOptions) -> float:
    """That of one step, which is taken. Raises MemoryTooSmall."""
    try:
        src, dst = feed.lessons(
            learner.draws(),
            options=options,
            shown=learner.iteration * options.batch_size,
            openings=options.asks_openings,
        )
        return float(learner.step(src, dst, options, speed=1.0).totals().sum())
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        learner.let_go()
        raise MemoryTooSmall(
            f"The memory of {learner.compute.device} did not suffice for the search at batch size "
            f"{options.batch_size}; the model is as it was. Close other programs, or search with a smaller "
            "--batch-size, with --recompute or with --offload."
        ) from error


@contextlib.contextmanager
def as_it_was(learner: Learner) -> Iterator[None]:
    """Put a learner's whole state back at the end of the block."""
    kept = {
        "model": learner.model.state_dict(),
        "ema": learner.average.state_dict(),
        "optimizer": learner.optimizer_tensors(),
        "critics": learner.objective.tensors(),
    }
    copies = {  # in the computer's memory: the device has to hold a training beside nothing
        part: {name: t.detach().to("cpu", copy=True) for name, t in tensors.items()}
        for part, tensors in kept.items()
    }
    iteration = learner.iteration
    try:
        yield
    finally:
        learner.load(iteration=iteration, **copies)


def _figures(sweep: RateSearch) -> dict[str, Any]:
    return {"learning_rate": sweep.advice, "best": sweep.best, "flat": sweep.is_flat}


def _told(sweep: RateSearch) -> dict[str, Any]:
    return {
        **_figures(sweep),
        "strength": sweep.options.rate_strength,
        "rates": [float(f"{rate:.4g}") for rate in sweep.rates],
        "losses": [round(loss, 5) for loss in sweep.losses],
    }
