"""Several processes of one machine share a job: stretches of frames go out, answers come back.

Each process opens the job for itself. With answers in order, at most a few stretches are ahead of the frame
whose answer is passed on, so memory stays flat. A process that dies is replaced once for the frames it had;
when they kill a second one, it is said, after the answers of all frames before them where those are in order.
Knows nothing of logs and resuming.
"""

from __future__ import annotations

import functools
import multiprocessing
import signal
import traceback
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from understudy.errors import UnderstudyError, WorkerDied
from understudy.events import Notice
from understudy.workers.entry import serve
from understudy.workers.job import Job, Order, Stretch, told_of_death

_LEAVE_S = 5.0

Answer = tuple[int, Any]  # the last frame that is done now, what is said


def shared_out(jobs: Sequence[Job], stretches: Sequence[Stretch], order: Order) -> Generator[Any | Notice]:
    """The answers of one process for each of `jobs`, which differ in their devices at most.

    Closing the generator ends the processes. Raises WorkerDied, and what the work raises.
    """
    crew = Crew(jobs[: len(stretches)], order)
    try:
        yield from handed_out(crew, stretches)
    finally:
        crew.dismiss()


def handed_out(crew: Crew, stretches: Sequence[Stretch]) -> Iterator[Any | Notice]:
    """Keep every member at work until all stretches are done; their answers."""
    in_order = crew.order.in_order
    waiting = deque(enumerate(stretches))
    held: dict[int, list[Any]] = {}
    front, ended, deaths = 0, set[int](), Counter[int]()
    deadly: dict[int, WorkerDied] = {}
    while front < len(stretches):
        for member in crew.idle():
            if waiting and (not in_order or waiting[0][0] < front + 2 * len(crew.members)):
                member.begin(*waiting.popleft())
        for member, said in crew.heard():
            if member.is_dead and member.left:
                deaths[member.number] += 1
                words, cause = crew.order.words, member.cause()
                try:
                    told = told_of_death(words, member.left, deaths=deaths[member.number], cause=cause)
                except WorkerDied as error:
                    if not in_order:
                        raise
                    deadly[member.number] = error  # said when it is its turn: others may be at frames before
                    waiting.clear()
                    member.end()
                else:
                    yield told
                    crew.replace(member)
            elif said is None:
                ended.add(member.number)
                member.end()
                if member.is_dead:
                    crew.replace(member)
            elif member.number == front or not in_order:
                yield said[1]
            else:
                held.setdefault(member.number, []).append(said[1])
        while front in ended:
            front += 1
            yield from held.pop(front, ())
        if front in deadly:
            raise deadly[front]


class _Member:
    """One process, the stretch it works on, and which frames of it are still to come."""

    def __init__(self, job: Job, order: Order) -> None:
        self.job, self._order = job, order
        self.number, self.left = -1, list[int]()
        self.is_dead = False
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self._send(functools.partial(_work, job, order.words.does))

    def begin(self, number: int, indices: Stretch) -> None:
        self.number, self.left = number, list(indices)
        self._send(self._order.parcel(self.left))

    def end(self) -> None:
        self.number, self.left = -1, []

    def hear(self) -> Answer | None:
        """An answer, or None at a stretch's end and when the process is dead."""
        try:
            said = self.connection.recv()
        except (EOFError, OSError):
            self.is_dead = True
            return None
        if isinstance(said, Exception):
            raise said
        if said is not None:
            self.left = [index for index in self.left if index > said[0]]
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


class Crew:
    """The processes that are at work."""

    def __init__(self, jobs: Sequence[Job], order: Order) -> None:
        self.order = order
        self.members: list[_Member] = []
        for job in jobs:
            self.members.append(_Member(job, order))

    def idle(self) -> list[_Member]:
        """Those that have nothing to do."""
        return [member for member in self.members if member.number < 0]

    def heard(self) -> list[tuple[_Member, Answer | None]]:
        """What those who have something to say say next; waits for the first."""
        busy = [member for member in self.members if member.number >= 0]
        speaking = wait([member.connection for member in busy])
        return [(member, member.hear()) for member in busy if member.connection in speaking]

    def replace(self, dead: _Member) -> None:
        """Start another process for what the dead one had left."""
        dead.leave()
        fresh = _Member(dead.job, self.order)
        self.members[self.members.index(dead)] = fresh
        if dead.left:
            fresh.begin(dead.number, dead.left)

    def dismiss(self) -> None:
        """End them all."""
        for member in self.members:
            member.process.terminate()
        for member in self.members:
            member.leave()


def _work(job: Job, does: str, connection: Connection) -> None:
    """In the other process: work on stretches until there are no more."""
    try:
        with job.opened() as work:
            while True:
                for answer in work(connection.recv()):
                    connection.send(answer)
                connection.send(None)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except UnderstudyError as error:
        connection.send(error)
    except Exception as error:  # noqa: BLE001 - a bug has to arrive where somebody reads it
        words = "".join(traceback.format_exception(error))
        connection.send(RuntimeError(f"a process that {does} failed:\n{words}"))
