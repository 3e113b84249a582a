"""The state that training changes: weights, their average, optimisers, critics and the source of randomness.

One step at a time; knows nothing of files or time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Generator, Tensor

from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel, Reconstruction
from understudy.training.feeding.augment import Lesson
from understudy.training.keeping.checkpoint import Checkpoint
from understudy.training.losses.objective import Objective
from understudy.training.losses.terms import Terms, mean_terms
from understudy.training.machine.compiling import COMPILED, PLAYED_BACK, size_of, way_of_steps
from understudy.training.machine.device import Compute, choose_device
from understudy.training.machine.offload import HOME
from understudy.training.machine.processes import Group
from understudy.training.machine.randomness import reseeded
from understudy.training.machine.recompute import recompute
from understudy.training.machine.replay import Replay, can_replay
from understudy.training.options import TrainOptions
from understudy.training.steering.average import decay_at, follow
from understudy.training.steering.freezing import frozen_parts, hold_still
from understudy.training.steering.steering import Steering


class Learner:
    """A model that learns. Its randomness lives on the CPU and begins anew with every iteration, from the seed,
    the iteration's number and the `attempt`: nothing of it has to be saved, and work can be done ahead."""

    def __init__(
        self,
        architecture: str,
        network: Mapping[str, Any] | None = None,
        *,
        options: TrainOptions,
        seed: int,
        compute: Compute,
        group: Group | None = None,
    ) -> None:
        self.compute, self.seed, self.attempt = compute, seed, 0
        self.group = group or Group()
        self.drawn_from, self._options = (architecture, dict(network or {})), options
        self.model: FaceModel = build(architecture, network, seed=seed, device=compute.device)
        self.group.share_gradients(self.model)
        if options.recompute:
            recompute(self.model)
        self._reconstruct = self.model.reconstruct
        self._way = way_of_steps(
            options, compute, can_record=self._can_record(options), size=size_of(self.model)
        )
        if self._way in COMPILED:
            self._reconstruct = torch.compile(self.model.reconstruct, dynamic=False)
        # With `offload` the average lies where the optimisers' memory lies.
        self.average_compute = choose_device(str(HOME)) if options.offload else compute
        self.average: FaceModel = (
            build(architecture, network, seed=seed, device=self.average_compute.device)
            .eval()
            .requires_grad_(False)
        )
        self.generator = torch.Generator()
        self.replay = Replay(self._ask, self.model, self.generator)
        self.objective = Objective(self.model, seed=seed, compute=compute)
        self.steering = self._steering()
        self.iteration = 0
        self._frozen: frozenset[str] = frozenset()

    def _steering(self) -> Steering:
        options = self._options
        return Steering(self.model, options, self.compute, seed=self.seed, offload=options.offload)

    def draws(self, iteration: int | None = None) -> Generator:
        """The randomness of which faces an iteration shows, and how; of the next one where none is named."""
        number = self.iteration if iteration is None else iteration
        return reseeded(torch.Generator(), *self._words(number), "faces")

    def _words(self, iteration: int) -> tuple[int, ...]:
        """What the randomness of an iteration follows from; processes of a group draw different faces."""
        return (self.seed, iteration, self.attempt, *([self.group.rank] if self.group.size > 1 else []))

    def step(self, src: Lesson, dst: Lesson, options: TrainOptions, *, speed: float) -> Terms:
        """Learn from one batch of each performer; returns what it cost by name, still on the device.

        `speed` is the share of the learning rate to use. With `accumulation` the batch is gone through in so
        many parts.
        """
        reseeded(self.generator, *self._words(self.iteration), "network")
        self._hold_still(options)
        self.model.zero_grad(set_to_none=True)
        count = options.accumulation
        *before, last = zip(src.parts(count), dst.parts(count), strict=True)
        terms = [self._ask(*part, options)[1] for part in before]
        made, asked = self._asked(*last, options)
        self.steering.step(options, speed=speed, iteration=self.iteration)
        # Critics see the last part alone: what was made of the others is gone, which is what saves memory.
        for critic in self.objective.critics():
            self.group.share_gradients(critic, at_once=True)
        self.objective.learn(made, *last, options)
        self.iteration += 1
        follow(self.average, self.model, decay=decay_at(options, self.iteration))
        return mean_terms([*terms, asked])

    def _asked(self, src: Lesson, dst: Lesson, options: TrainOptions) -> tuple[Reconstruction, Terms]:
        """As `_ask`, from a recording where there can be one."""
        if self._way not in PLAYED_BACK or not self._can_record(options):
            return self._ask(src, dst, options)
        refused = self.replay.refused
        follows = options.asks_following(self.iteration)
        found = self.replay.ask(src, dst, options, frozen=self._frozen, follows=follows)
        if self.replay.refused != refused:
            self.objective.judges.notices.append(
                f"A step can't be recorded here ({self.replay.refused}), so steps stay plain."
            )
        return found

    def _can_record(self, options: TrainOptions) -> bool:
        return self.group.size == 1 and can_replay(self.model, options, self.compute)

    def _ask(self, src: Lesson, dst: Lesson, options: TrainOptions) -> tuple[Reconstruction, Terms]:
        """Add the gradients of one part of a batch to those there are."""
        with self.compute.autocast():
            made = self._reconstruct(src.seen_BCHW, dst.seen_BCHW, self.generator)
        terms = self.objective.ask(made, src, dst, options, iteration=self.iteration)
        (terms.totals().sum() / options.accumulation).backward()
        self.group.settle()
        return made, terms.detached()

    def _hold_still(self, options: TrainOptions) -> None:
        frozen = frozen_parts(self.model, options, iteration=self.iteration)
        if frozen != self._frozen:
            hold_still(self.model, frozen)
            self._frozen = frozen

    def let_go(self) -> None:
        """Give back what a step that failed has left in memory."""
        self.replay.forget()
        self.model.zero_grad(set_to_none=True)
        if self.compute.device.type != "cpu":
            torch.accelerator.empty_cache()

    def rehearse(self, src: Lesson, dst: Lesson, options: TrainOptions) -> None:
        """Take the memory of a step, also of what is asked of older models alone, and change nothing.

        Raises what a step does where that is too much.
        """
        latest = options.all_asked(self.iteration)
        with _buffers_as_before(self.model):
            with self.compute.autocast():
                made = self.model.reconstruct(src.seen_BCHW, dst.seen_BCHW, torch.Generator())
            try:
                self.objective.ask(made, src, dst, options, iteration=latest).totals().sum().backward()
            finally:
                del made
                self.let_go()

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """The optimisers' moments by parameter name."""
        return self.steering.tensors()

    def begin(self) -> None:
        """Take the state of a new model: weights drawn from the seed, nothing learnt."""
        architecture, network = self.drawn_from
        weights = build(architecture, network, seed=self.seed).state_dict()
        self.load(iteration=0, model=weights, ema=weights, optimizer={})

    def load_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint. Raises ValueError where its tensors are of another network."""
        self.load(
            iteration=checkpoint.iteration,
            model=checkpoint.model,
            ema=checkpoint.ema,
            optimizer=checkpoint.optimizer,
            critics=checkpoint.critics,
        )

    def load(
        self,
        *,
        iteration: int,
        model: Mapping[str, Tensor],
        ema: Mapping[str, Tensor],
        optimizer: Mapping[str, Tensor],
        critics: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Go on from saved state. Without an optimiser's state its moments start anew.

        Raises ValueError where the tensors are of another network.
        """
        try:
            self.model.load_state_dict(dict(model))
            self.average.load_state_dict(dict(ema))
        except RuntimeError as error:
            raise ValueError(f"the weights belong to another network ({error})") from error
        self.iteration = iteration
        self.replay.forget()
        # New ones, since moments that are no numbers must not outlive a return to a good state.
        self.objective = Objective(self.model, seed=self.seed, compute=self.compute)
        self.objective.load(critics or {})
        self.steering = self._steering()
        self.steering.load(optimizer)


@contextlib.contextmanager
def _buffers_as_before(model: FaceModel) -> Iterator[None]:
    """After the block, whatever came of it, batch norms know what they knew before."""
    buffers = list(model.buffers())
    before = [one.clone() for one in buffers]
    try:
        yield
    finally:
        with torch.no_grad():
            for one, kept in zip(buffers, before, strict=True):
                one.copy_(kept)
