"""Several processes look at one clip: stretches of frames go out, finds come back in the order of frames.

Each process opens the clip and loads the networks for itself. At most a few stretches are ahead of the frame
whose finds are passed on, so memory stays flat. A process that dies is replaced once for the frames it had;
when they kill a second one, it is said. Knows nothing of logs and resuming; that is `find.py`'s.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import traceback
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

from understudy.errors import UnderstudyError, WorkerDied
from understudy.events import Notice
from understudy.facesets.extraction.finder import FinderPlan
from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.looking import looked_at
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.worker_entry import serve
from understudy.media.opening import open_clip

_WORTH_A_PROCESS_FRAMES = 300  # loading the networks takes as long as finding faces in about a hundred frames
_MEMORY_BYTES = 1_500_000_000
_MOST_BATCHES = 16  # in one stretch: long enough that seeking to its beginning costs little
_STRETCHES_EACH = 4  # at least, so that no process waits long for the last one
_DEATHS_ALLOWED = 1
_LEAVE_S = 5.0

Found = list[FoundFrame]


def worker_devices(options: ExtractOptions, devices: Sequence[str], frames: int) -> list[str]:
    """The device of every process that is worth starting for so many frames; one device means this process.

    Automatic is one process on every accelerator and one on every core of the CPU, as far as the clip is long
    enough and the memory lasts.
    """
    on_cpu = list(devices) == ["cpu"]
    if options.workers:
        count = options.workers
    else:
        places = len(devices) if not on_cpu else min(_cores(), _free_bytes() // _MEMORY_BYTES)
        count = min(places, frames // _WORTH_A_PROCESS_FRAMES)
    return [devices[number % len(devices)] for number in range(max(1, count))]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _free_bytes() -> int:
    return psutil.virtual_memory().available


def looked_at_by_workers(
    clip_path: Path, plans: Sequence[FinderPlan], indices: Sequence[int]
) -> Generator[Found | Notice]:
    """The finds of the frames `indices`, which ascend, in order and in batches, from one process a plan.

    The batches are those of a single process, so the finds are too. Closing the generator ends the processes.
    Raises WorkerDied, and what making a finder raises.
    """
    batch = plans[0].options.batch_frames
    stretches = _stretches(indices, batch=batch, workers=len(plans))
    crew = _Crew(clip_path, plans[: len(stretches)])
    try:
        yield from _in_order(crew, stretches)
    finally:
        crew.dismiss()


def _stretches(indices: Sequence[int], *, batch: int, workers: int) -> list[Sequence[int]]:
    batches = -(-len(indices) // (batch * workers * _STRETCHES_EACH))
    size = batch * min(_MOST_BATCHES, max(1, batches))
    return [indices[at : at + size] for at in range(0, len(indices), size)]


def _in_order(crew: _Crew, stretches: Sequence[Sequence[int]]) -> Iterator[Found | Notice]:
    waiting = deque(enumerate(stretches))
    held: dict[int, list[Found]] = {}
    front, ended, deaths = 0, set[int](), Counter[int]()
    while front < len(stretches):
        for member in crew.idle():
            if waiting and waiting[0][0] < front + 2 * len(crew.members):
                member.begin(*waiting.popleft())
        for member, found in crew.heard():
            if member.is_dead and member.left:
                deaths[member.number] += 1
                yield _told(member, deaths[member.number])
                crew.replace(member)
            elif found is None:
                ended.add(member.number)
                member.end()
                if member.is_dead:
                    crew.replace(member)
            elif member.number == front:
                yield found
            else:
                held.setdefault(member.number, []).append(found)
        while front in ended:
            front += 1
            yield from held.pop(front, ())


def _told(member: _Member, deaths: int) -> Notice:
    first, last = member.left[0], member.left[-1]
    if deaths > _DEATHS_ALLOWED:
        raise WorkerDied(
            f"A process that looked for faces died twice at frames {first} to {last} ({member.cause()}). What "
            "was found before is kept. Run the same command again with fewer --workers or a smaller "
            "--batch-frames."
        )
    return Notice(
        f"A process that looked for faces died ({member.cause()}); frames {first} to {last} are looked at "
        "again.",
        level="warning",
    )


class _Member:
    """One process, the stretch it works on, and which frames of it are still to come."""

    def __init__(self, clip_path: Path, plan: FinderPlan) -> None:
        self.plan = plan
        self.number, self.left = -1, list[int]()
        self.is_dead = False
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self._send(functools.partial(_work, clip_path, plan))

    def begin(self, number: int, indices: Sequence[int]) -> None:
        self.number, self.left = number, list(indices)
        self._send(self.left)

    def end(self) -> None:
        self.number, self.left = -1, []

    def hear(self) -> Found | None:
        """Finds, or None at a stretch's end and when the process is dead."""
        try:
            said = self.connection.recv()
        except (EOFError, OSError):
            self.is_dead = True
            return None
        if isinstance(said, Exception):
            raise said
        if said:
            self.left = [index for index in self.left if index > said[-1].index]
        return said

    def cause(self) -> str:
        self.process.join(_LEAVE_S)
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"exit code {code}"
        killed = "; usually the memory ran out" if -code == signal.SIGKILL else ""
        return f"signal {-code}{killed}"

    def leave(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join(_LEAVE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(_LEAVE_S)

    def _send(self, what: object) -> None:
        try:
            self.connection.send(what)
        except OSError:  # it died; whoever listens to it next is told
            self.is_dead = True


class _Crew:
    """The processes that are at work."""

    def __init__(self, clip_path: Path, plans: Sequence[FinderPlan]) -> None:
        self._clip_path = clip_path
        self.members: list[_Member] = []
        for plan in plans:
            self.members.append(_Member(clip_path, plan))

    def idle(self) -> list[_Member]:
        return [member for member in self.members if member.number < 0]

    def heard(self) -> list[tuple[_Member, Found | None]]:
        """What those who have something to say say next; waits for the first."""
        busy = [member for member in self.members if member.number >= 0]
        speaking = wait([member.connection for member in busy])
        return [(member, member.hear()) for member in busy if member.connection in speaking]

    def replace(self, dead: _Member) -> None:
        """Start another process for what the dead one had left."""
        dead.leave()
        fresh = _Member(self._clip_path, dead.plan)
        self.members[self.members.index(dead)] = fresh
        if dead.left:
            fresh.begin(dead.number, dead.left)

    def dismiss(self) -> None:
        for member in self.members:
            member.process.terminate()
        for member in self.members:
            member.leave()


def _work(clip_path: Path, plan: FinderPlan, connection: Connection) -> None:
    """In the other process: look at stretches until there are no more."""
    try:
        finder = plan.make()
        with open_clip(clip_path) as clip:
            while True:
                for found in looked_at(clip, finder, connection.recv()):
                    connection.send(found)
                connection.send(None)
    except EOFError:
        return
    except UnderstudyError as error:
        connection.send(error)
    except Exception as error:  # noqa: BLE001 - a bug has to arrive where somebody reads it
        words = "".join(traceback.format_exception(error))
        connection.send(RuntimeError(f"a process that looked for faces failed:\n{words}"))
