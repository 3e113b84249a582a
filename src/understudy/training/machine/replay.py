"""The passes of a step recorded once on the device and played back: small models no longer wait for Python to
start kernel after kernel.

CUDA graphs: Nguyen et al., "Accelerating PyTorch with CUDA graphs", pytorch.org, 2021. What is played back is
what was recorded, so only steps that are alike in everything but their faces can be. Not here: the option
(`options.py`), the step (`training/learner.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import fields

import torch
from torch import Generator, Tensor, nn

from understudy.networks.face_model import FaceModel, Reconstruction
from understudy.training.feeding.augment import Lesson
from understudy.training.losses.options import LossOptions
from understudy.training.losses.terms import Terms
from understudy.training.machine.device import Compute
from understudy.training.machine.memory import is_out_of_memory
from understudy.training.options import TrainOptions

Ask = Callable[[Lesson, Lesson, TrainOptions], tuple[Reconstruction, Terms]]
_ALIKE_FOR = 10  # steps, after which it is worth it
_WARMED_UP = 2  # libraries take their memory in the first calls


def can_replay(model: FaceModel, options: TrainOptions, compute: Compute) -> bool:
    """Whether a step with these options is nothing but its faces, the weights and arithmetic on a device that
    records: no critics, no losses that come and go, no batch in parts. Whether it shall be: `compiling.py`."""
    return (
        compute.device.type == "cuda"
        and options.accumulation == 1
        and not model.own_losses
        and not (options.gan_power or options.true_face_power or options.identity_weight)
        and (not options.feature_weight or options.feature_every == 1)
    )


class Replay:
    """Asks a model as `ask` does, from a recording once steps have been alike for a while.

    `generator` is the one that networks draw from: those that do are never recorded. `refused` says why
    recording failed, in a word of the library's; then every step is a plain one.
    """

    def __init__(self, ask: Ask, model: nn.Module, generator: Generator) -> None:
        self._ask, self._model, self._generator = ask, model, generator
        self._tape: _Tape | None = None
        self._like: Hashable = None
        self._alike = 0
        self.refused = ""
        self._random = False

    def ask(
        self, src: Lesson, dst: Lesson, options: TrainOptions, *, frozen: frozenset[str], follows: bool
    ) -> tuple[Reconstruction, Terms]:
        """What was painted and what it costs; gradients lie at the weights afterwards. `follows` says whether
        swaps are asked to follow dst yet.

        Of a recording both are valid until the next call.
        """
        like = (
            _shapes(src),
            _shapes(dst),
            frozen,
            follows,
            *(getattr(options, n) for n in LossOptions.model_fields),
        )
        if like != self._like:
            self.forget()
            self._like = like
        self._alike += 1
        if self._tape is None and self._alike > _ALIKE_FOR and not (self.refused or self._random):
            self._record(src, dst, options)
        if self._tape is not None:
            return self._tape.play(src, dst)
        before = self._generator.get_state()
        found = self._ask(src, dst, options)
        self._random = not self._generator.get_state().equal(before)
        return found

    @property
    def is_recorded(self) -> bool:
        """Whether steps like the last are played back."""
        return self._tape is not None

    def forget(self) -> None:
        """Give the recording's memory back; the next one is made after some steps that are alike."""
        self._tape, self._like, self._alike = None, None, 0

    def _record(self, src: Lesson, dst: Lesson, options: TrainOptions) -> None:
        try:
            self._tape = _Tape(self._ask, self._model, src, dst, options)
        except RuntimeError as error:
            # Who did not ask for it trains on without it.
            if is_out_of_memory(error) and options.replay == "on":
                raise
            self.refused = str(error).partition("\n")[0]
        self._model.zero_grad(set_to_none=True)


class _Tape:
    """One recorded pass forward and backward, with the memory it reads from and writes to."""

    def __init__(self, ask: Ask, model: nn.Module, src: Lesson, dst: Lesson, options: TrainOptions) -> None:
        self._ask, self._model, self._options = ask, model, options
        self._lessons = tuple(Lesson(**{n: t.clone() for n, t in _tensors(one)}) for one in (src, dst))
        self._play = recorded(self._work, src.seen_BCHW.device)

    def _work(self) -> None:
        self._model.zero_grad(set_to_none=True)
        self._made, terms = self._ask(self._lessons[0], self._lessons[1], self._options)
        self._names = [name for name, _ in terms.named()]
        self._costs = torch.stack([value for _, value in terms.named()])
        self._slopes = [(p, p.grad) for p in self._model.parameters() if p.grad is not None]

    def play(self, src: Lesson, dst: Lesson) -> tuple[Reconstruction, Terms]:
        """The same for other faces."""
        for held, given in zip(self._lessons, (src, dst), strict=True):
            for (_, memory), (_, new) in zip(_tensors(held), _tensors(given), strict=True):
                memory.copy_(new)
        self._play()
        for parameter, slope in self._slopes:
            parameter.grad = slope
        costs: dict[str, dict[str, Tensor]] = {"src": {}, "dst": {}}
        # A copy: the next step writes over what this one cost.
        for (side, name), value in zip(self._names, self._costs.clone().unbind(), strict=True):
            costs[side][name] = value
        return self._made, Terms(costs["src"], costs["dst"])


def recorded(work: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """Do some work on that device as a CUDA graph; returns what does it again, in the same memory. Raises
    RuntimeError where it can't be recorded.

    Measured on an H100, but for its own stream (docs/log.md). torch 2.11 warned there that AccumulateGrad
    nodes are of another stream than their gradients: what the warm-up made still holds its nodes, which are of
    `beside`, while the graph is recorded on another stream. Nodes of the default stream would end the recording
    (pytorch's pull request 180090), but none of a plain step outlives it. Recording on `beside` too
    (`torch.cuda.graph(graph, stream=beside)`), as torch's own `make_graphed_callables` does since its pull
    request 187745, should end the warning; to be tried where there is a GPU.
    """
    # Streams and graphs are of the current device, and on another than the work's an empty one is recorded.
    with torch.cuda.device(device):
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(_WARMED_UP):
                work()
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        # The stream that torch would take is the first recording's for good, whatever its device was.
        # The thread that feeds goes on meanwhile.
        with torch.cuda.graph(graph, stream=torch.cuda.Stream(), capture_error_mode="thread_local"):
            work()

    def play() -> None:
        with torch.cuda.device(device):
            graph.replay()

    return play


def _tensors(lesson: Lesson) -> list[tuple[str, Tensor]]:
    found = ((field.name, getattr(lesson, field.name)) for field in fields(lesson))
    return [(name, tensor) for name, tensor in found if tensor is not None]


def _shapes(lesson: Lesson) -> tuple[Hashable, ...]:
    return tuple((name, tuple(tensor.shape)) for name, tensor in _tensors(lesson))
