"""Several processes that learn one model together: each learns from its share of every batch, gradients are
averaged while they are made, and the first process leads: it alone writes, and the others do as it says.

Under torchrun, or `understudy train --processes`; all must see the model's folder. Gradients are averaged by
hooks instead of DistributedDataParallel, because losses, frozen parts and critics come and go during a run.
Li et al., "PyTorch Distributed: experiences on accelerating data parallel training", VLDB 2020.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from understudy.errors import ProcessLost
from understudy.training.machine.launch import is_one_of_several, stop_without_launcher

_ANSWER = timedelta(seconds=50)  # a process that does not answer for so long is lost
_PATIENCE_S = 12 * 3600.0  # before the first iteration: the leader may read faces
_BEATS_EVERY_S = 5.0
_SOON_S = 0.2  # the next word mostly comes within a step
_SILENT_S = 45.0  # a leader that shows no life for so long is frozen or gone
_LONGEST_S = 1800.0  # between two words the leader may save or draw; after that nobody can tell it from hanging
_BACKENDS = {"cpu": "gloo", "cuda": "nccl", "xpu": "xccl"}
_SIGNS_OF_LOSS = ("gloo", "Gloo", "NCCL", "onnection", "imed out")  # torch has no class of its own for it
_READY = "ready"
_BEAT = "beat"
_NOTHING = b"null"


class Group:
    """The processes of one training; `rank` 0 leads. A training of one process is a group as well."""

    def __init__(self, rank: int = 0, size: int = 1, store: Store | None = None) -> None:
        self.rank, self.size, self._store = rank, size, store
        self._number = 0  # of the leader's words
        self._shared: set[nn.Module] = set()
        self._pending: list[tuple[Any, Tensor]] = []
        self._apart = False
        self._spoke: float | None = None  # when the leader last had a word for the others

    @property
    def leads(self) -> bool:
        """Whether this process writes and decides."""
        return self.rank == 0

    def share_of(self, batch: int) -> int:
        """How many faces of a batch are this process's; all have as many."""
        return -(-batch // self.size)

    def say_ready(self) -> None:
        """The leader has prepared what all need."""
        if self._store is not None:
            self._store.set(_READY, "yes")

    def wait_until_ready(self) -> None:
        """Wait for that. Raises ProcessLost."""
        if self._store is not None:
            self._read(self._store, _READY)

    def _read(self, store: Store, key: str) -> bytes:
        """What was said under that key, as soon as it is. Raises ProcessLost.

        A thread asks: the leader may be where the store is, and a frozen store answers no question.
        """
        heard: SimpleQueue[bytes | RuntimeError | None] = SimpleQueue()
        ended, end = threading.Event(), time.monotonic() + _PATIENCE_S
        threading.Thread(target=_ask, args=(store, key, heard, ended), name="hear", daemon=True).start()
        try:
            with self.lost_is_said():
                while time.monotonic() < end:
                    try:
                        found = heard.get(timeout=_SILENT_S)
                    except Empty:
                        break
                    if isinstance(found, RuntimeError):
                        raise found
                    if found is not None:
                        return found
        finally:
            ended.set()
        raise ProcessLost(
            f"The process that leads this training has shown no life for {_SILENT_S:g} s: it hangs. Start the "
            "same command again to go on from the last checkpoint."
        )

    @contextlib.contextmanager
    def beating(self) -> Iterator[None]:
        """For the length of the block the leader shows the others that it lives.

        A thread does, since a preview or a save to a slow disk takes its time. It stops where the training
        has had no word for the others for half an hour: then they end rather than wait for ever.
        """
        if self._store is None or not self.leads:
            yield
            return
        ended = threading.Event()
        thread = threading.Thread(target=self._beat, args=(self._store, ended), name="beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _beat(self, store: Store, ended: threading.Event) -> None:
        number = 0
        while not ended.is_set():
            if self._spoke is None or time.monotonic() - self._spoke < _LONGEST_S:
                number += 1
                with contextlib.suppress(
                    dist.DistError, RuntimeError
                ):  # where it is gone, others end themselves
                    store.set(_BEAT, str(number))
            ended.wait(_BEATS_EVERY_S)

    def say(self, words: Mapping[str, Any] | None) -> None:
        """The leader's word for the next iteration; None ends the training of all."""
        if self._store is None:
            return
        self._spoke = time.monotonic()
        self._store.set(f"word {self._number}", json.dumps(words))
        if self._number > 1:
            self._store.delete_key(f"word {self._number - 2}")
        self._number += 1

    def hear(self) -> dict[str, Any] | None:
        """What the leader says next. Raises ProcessLost where it is gone."""
        if self._store is None:
            raise ValueError("a training of one process has no leader to hear")
        said = self._read(self._store, f"word {self._number}")
        self._number += 1
        return None if said == _NOTHING else json.loads(said)

    def share_gradients(self, network: nn.Module, *, at_once: bool = False) -> None:
        """From now on gradients of a network are the mean over all processes: as soon as each is made and
        `at_once`, or in the background until `settle`."""
        if self.size == 1 or self._apart or network in self._shared:
            return
        self._shared.add(network)

        def average(parameter: Tensor) -> None:
            if self._apart:
                return
            gradient = parameter.grad
            assert gradient is not None
            work: Any = dist.all_reduce(gradient, async_op=True)
            if at_once:
                work.wait()
                gradient.div_(self.size)
            else:
                self._pending.append((work, gradient))

        learning = (parameter for parameter in network.parameters() if parameter.requires_grad)
        for parameter in learning:  # the others stay as they were drawn, and torch refuses hooks on them
            parameter.register_post_accumulate_grad_hook(average)

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """For the length of the block every process learns for itself alone, and none waits for another."""
        self._apart = True
        try:
            yield
        finally:
            self._apart = False

    def settle(self) -> None:
        """Wait until all gradients are means."""
        for work, gradient in self._pending:
            work.wait()
            gradient.div_(self.size)
        self._pending.clear()

    def means(self, values: Mapping[str, float], device: torch.device) -> dict[str, float]:
        """The mean of each value over all processes."""
        if self.size == 1 or not values:
            return dict(values)
        names = sorted(values)
        total = torch.tensor([values[name] for name in names], dtype=torch.float32, device=device)
        dist.all_reduce(total)
        return dict(zip(names, (total / self.size).tolist(), strict=True))

    @contextlib.contextmanager
    def lost_is_said(self) -> Iterator[None]:
        """Turn the silence of another process into ProcessLost."""
        try:
            yield
        except (dist.DistError, RuntimeError) as error:
            if self.size == 1 or not (isinstance(error, dist.DistError) or _is_lost(error)):
                raise
            raise ProcessLost(
                f"Another process of this training is gone or does not answer ({str(error).splitlines()[0]}). "
                "Start the same command again to go on from the last checkpoint."
            ) from error


def _ask(
    store: Store, key: str, heard: SimpleQueue[bytes | RuntimeError | None], ended: threading.Event
) -> None:
    """Put into `heard` what is said under that key, and before that None for every sign of the leader's life,
    until `ended`.

    Asks again and again: torch writes to the terminal whenever a wait of its own ends in vain.
    """
    began, beat, looks = time.monotonic(), b"", 0.0
    try:
        while not store.check([key]):
            if ended.is_set():
                return
            waited = time.monotonic() - began
            if waited > looks and store.check([_BEAT]):
                looks, newest = waited + _BEATS_EVERY_S, store.get(_BEAT)
                if newest != beat:
                    beat = newest
                    heard.put(None)
            time.sleep(0.0005 if waited < _SOON_S else 0.02)
        heard.put(store.get(key))
    except RuntimeError as error:  # as torch says all of it; for who waits for the word
        heard.put(error)


def _is_lost(error: RuntimeError) -> bool:
    return any(sign in str(error) for sign in _SIGNS_OF_LOSS)


@contextlib.contextmanager
def joined(device_type: str) -> Iterator[Group]:
    """The group that the environment names (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, as torchrun sets them),
    for the length of the block; a group of one where there are none. Raises ProcessLost."""
    size, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    if size == 1:
        yield Group()
        return
    if rank == 0:
        stop_without_launcher()
    group = Group(rank, size)
    with group.lost_is_said():
        store, rank, size = next(rendezvous("env://", rank, size, timeout=timedelta(minutes=5)))
        backend = _BACKENDS.get(device_type, "gloo")
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=_ANSWER)
    try:
        group = Group(rank, size, PrefixStore("understudy", store))
        with group.beating():
            yield group
    finally:
        dist.destroy_process_group()


def local_device(name: str) -> str:
    """The device of this process where a kind of accelerator, or none, was named for all."""
    number = os.environ.get("LOCAL_RANK")
    if number is None or not is_one_of_several():
        return name
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if found is None or name not in ("auto", found.type):
        return name
    return f"{found.type}:{int(number) % torch.accelerator.device_count()}"
