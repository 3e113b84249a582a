"""How much memory and arithmetic a training needs, found by sending shapes through the network: nothing is
allocated and nothing calculated.

An estimate: a library's scratch space and what a device's driver takes come on top.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from understudy.networks.catalog import build
from understudy.networks.face_model import FaceModel, parameter_count
from understudy.training.feeding.augment import Lesson
from understudy.training.losses.objective import Objective
from understudy.training.machine.compiling import PLAYED_BACK, size_of, way_of_steps
from understudy.training.machine.device import Compute
from understudy.training.machine.recompute import blocks_of, parts_of
from understudy.training.machine.replay import can_replay
from understudy.training.options import TrainOptions
from understudy.training.steering.optimizers import optimizers_for

_META = torch.device("meta")
_FLOAT32 = 4


@dataclass(frozen=True)
class Need:
    """Bytes, and floating point operations per iteration. What is `offloaded` lies in the computer's memory."""

    parameters: int
    weights: int
    gradients: int
    moments: int
    average: int
    critics: int
    activations: int
    batch: int
    flops: int
    offloaded: bool
    recording: int = 0  # of a step that is played back: it keeps the memory that it calculates in

    @property
    def device_bytes(self) -> int:
        """On the device at the moment when most is needed."""
        away = 0 if self.offloaded else self.moments + self.average
        each_step = self.gradients + self.critics + self.activations + self.batch
        return self.weights + each_step + self.recording + away

    @property
    def host_bytes(self) -> int:
        """Off the device."""
        return self.moments + self.average if self.offloaded else 0


def needed(
    architecture: str, network: Mapping[str, Any] | None, options: TrainOptions, *, bfloat16: bool
) -> Need:
    """What training takes with these options. Raises OptionInvalid, ModelUnknown."""
    said = json.dumps(network, sort_keys=True)
    # Options are frozen, which gives them a hash that the type checker can't see.
    return _needed(architecture, said, options, bfloat16)  # pyright: ignore[reportArgumentType]


@lru_cache(maxsize=256)  # whoever looks for a batch that fits asks again and again
def _needed(architecture: str, network: str, options: TrainOptions, bfloat16: bool) -> Need:
    model = build(architecture, json.loads(network), device=_META)
    weights = parameter_count(model) * _FLOAT32
    moments = sum(
        (len(kind.kept) - ("step" in kind.kept)) * parameter.numel() * _FLOAT32
        for optimizer, kind in optimizers_for(model, options, _META)
        for group in optimizer.param_groups
        for parameter in group["params"]
    )
    saved, flops, critics, batch = _sent_through(model, options, bfloat16=bfloat16)
    return Need(
        parameters=parameter_count(model),
        weights=weights,
        gradients=weights,
        moments=moments,
        average=weights,
        critics=critics,
        # Autocast keeps a copy of all weights in the shorter format.
        activations=saved + (weights // 2 if bfloat16 else 0),
        batch=batch * options.accumulation,  # what a step is made of lies there whole
        flops=flops * options.accumulation,
        offloaded=options.offload,
    )


def needed_on(
    compute: Compute, architecture: str, network: Mapping[str, Any] | None, options: TrainOptions
) -> Need:
    """What training takes on that device. A recording counts where it was asked for: under "auto" a step is
    recorded where there is room besides, and it must not make batches smaller.

    Raises OptionInvalid, ModelUnknown.
    """
    need = needed(architecture, network, options, bfloat16=compute.uses_bfloat16)
    if options.replay != "on" or compute.device.type != "cuda":
        return need
    model = build(architecture, network, device=_META)
    if way_of_steps(options, compute, can_record=True, size=size_of(model)) not in PLAYED_BACK:
        return need
    if not can_replay(model, options, compute):
        return need
    return replace(need, recording=need.activations + need.batch // options.accumulation)


def _sent_through(model: FaceModel, options: TrainOptions, *, bfloat16: bool) -> tuple[int, int, int, int]:
    """(bytes kept for the gradients, flops forward and backward, bytes of critics, bytes of the batch)."""
    src, dst = (empty_lesson(model, options.batch_size, _META) for _ in range(2))
    kept = _Kept(model)
    objective = Objective(model, seed=0, compute=Compute(_META, uses_bfloat16=False))
    with FlopCounterMode(display=False) as counter:
        with kept:
            kept.share = 0.5 if bfloat16 else 1.0  # autocast keeps nearly all of it in the shorter format
            made = model.reconstruct(src.seen_BCHW, dst.seen_BCHW, torch.Generator())
            kept.share = 1.0
            terms = objective.ask(made, src, dst, options, iteration=options.all_asked(0))
        terms.totals().sum().backward()
    critics = sum(t.numel() * t.element_size() for t in objective.tensors().values())
    tensors = [getattr(lesson, field.name) for lesson in (src, dst) for field in fields(lesson)]
    batch = sum(tensor.nbytes for tensor in tensors if tensor is not None)
    saved = kept.recomputed_bytes() if options.recompute else kept.all_bytes()
    return saved, counter.get_total_flops(), 4 * critics, batch


def empty_lesson(model: FaceModel, count: int, device: torch.device) -> Lesson:
    """A lesson of zeros, for what depends on sizes alone: what lay in memory before could be no number."""

    def empty(name: str) -> Tensor:
        if name.endswith("_B2"):
            return torch.zeros(count * model.frames_together, 2, device=device)
        size = model.seen_px if name.startswith("seen") else model.size_px
        channels = 3 if name.endswith("BCHW") else 1
        return torch.zeros(count * model.frames_together, channels, size, size, device=device)

    names = {field.name for field in fields(Lesson)} - (set() if model.paints_frame else {"frame_BCHW"})
    return Lesson(**{name: empty(name) for name in names})


class _Kept:
    """Listens to what is kept for the gradients, by the part and the block that keeps it."""

    def __init__(self, model: FaceModel) -> None:
        self._own = {_place(t) for t in (*model.parameters(), *model.buffers())}
        self._parts, self._blocks = parts_of(model), [b for p in parts_of(model) for b in blocks_of(p)]
        self._saved: dict[int, tuple[int, int | None, int | None]] = {}  # place: (bytes, part, block)
        self._inputs: dict[int, tuple[int, int | None]] = {}  # of blocks; (bytes, part)
        self._outer: dict[int, int] = {}  # what goes into parts
        self._now: list[int] = []
        self._stack = ExitStack()
        self.share = 1.0  # of the bytes that are kept in truth
        self._calls = 0

    def __enter__(self) -> None:
        for module in (*self._parts, *self._blocks):
            self._stack.callback(module.register_forward_pre_hook(self._enter(module)).remove)
            self._stack.callback(module.register_forward_hook(self._leave).remove)
        self._stack.enter_context(saved_tensors_hooks(self._keep, lambda tensor: tensor))

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _enter(self, module: nn.Module) -> Callable[..., None]:
        is_part = any(module is part for part in self._parts)

        def enter(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
            self._calls += 1
            for tensor in (t for t in inputs if isinstance(t, Tensor)):
                if is_part:
                    self._outer[_place(tensor)] = self._bytes(tensor)
                else:
                    part = self._now[0] if self._now else None
                    self._inputs.setdefault(_place(tensor), (self._bytes(tensor), part))
            self._now.append(self._calls)

        return enter

    def _leave(self, *_: object) -> None:
        self._now.pop()

    def _keep(self, tensor: Tensor) -> Tensor:
        place = _place(tensor)
        if place not in self._own:
            part = self._now[0] if self._now else None
            block = self._now[-1] if len(self._now) > 1 else None
            self._saved.setdefault(place, (self._bytes(tensor), part, block))
        return tensor

    def _bytes(self, tensor: Tensor) -> int:
        return int(tensor.untyped_storage().nbytes() * self.share)

    def all_bytes(self) -> int:
        """Kept when nothing is calculated again."""
        return sum(size for size, _, _ in self._saved.values())

    def recomputed_bytes(self) -> int:
        """Kept at most at one time when parts and blocks forget their insides."""
        outside = sum(self._outer.values()) + sum(s for s, part, _ in self._saved.values() if part is None)
        by_part: dict[int, int] = {}
        by_block: dict[int, int] = {}
        for size, part in self._inputs.values():
            by_part[part or 0] = by_part.get(part or 0, 0) + size
        for size, part, block in self._saved.values():
            if part is None:
                continue
            if block is None:
                by_part[part] = by_part.get(part, 0) + size
            else:
                by_block[block] = by_block.get(block, 0) + size
        return outside + max(by_part.values(), default=0) + max(by_block.values(), default=0)


def _place(tensor: Tensor) -> int:
    """What tells one piece of memory from another where there are no addresses."""
    return tensor.untyped_storage()._cdata
