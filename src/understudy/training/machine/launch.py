"""Start several processes that train one model on this computer, and start them again when one is lost.

Does for one computer what torchrun does, but gives the leading process the time to save. For several computers
use torchrun.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from understudy.errors import ProcessLost, WorkerDied
from understudy.stop_signals import stop_signals
from understudy.workers.cores import cores

_LAUNCHER = "UNDERSTUDY_LAUNCHER"
_LOOK_EVERY_S = 0.2
_TO_SAVE_S = 120.0  # for the leader, after another process is gone: it may notice after 50 s, and then saves
_TO_END_S = 15.0  # for the others, after the leader is gone


def launch(
    command: Sequence[str], processes: int, *, restarts: int = 3, say: Callable[[str], None] = print
) -> int:
    """Run `command` in so many processes; returns the leader's exit code.

    When one is lost the leader saves, and all start again, at most `restarts` times. Raises WorkerDied.
    """
    for attempt in range(restarts + 1):
        code = _Processes(command, processes).wait()
        if code is not None:
            return code
        if attempt < restarts:
            say(
                "warning: a process of this training was lost; all start again from the last checkpoint "
                f"({attempt + 1} of at most {restarts} times)"
            )
    raise WorkerDied(
        f"Processes of this training were lost {restarts + 1} times, usually for their memory. Everything up "
        "to the last checkpoint is kept; train with fewer --processes or a smaller --batch-size."
    )


class _Processes:
    """One start of all processes; each has its own session, so that a signal reaches them through us alone."""

    def __init__(self, command: Sequence[str], count: int) -> None:
        threads = os.environ.get("OMP_NUM_THREADS")
        # As many as there are cores, as a command says itself in a container, are meant for one process.
        if threads in (None, "", str(cores())):
            threads = str(max(1, cores() // count))
        shared = {
            "OMP_NUM_THREADS": threads,
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(_free_port()),
            "WORLD_SIZE": str(count),
            _LAUNCHER: str(os.getpid()),
        }
        self.all = [
            subprocess.Popen(
                command,
                env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
                stdin=_keys_for_the_leader() if rank == 0 else subprocess.DEVNULL,
                stdout=None if rank == 0 else subprocess.DEVNULL,
                start_new_session=True,
            )
            for rank in range(count)
        ]
        self.leader, self.others = self.all[0], self.all[1:]

    def wait(self) -> int | None:
        """The leader's exit code; None where a process was lost."""
        before = {number: signal.signal(number, self._pass_on) for number in stop_signals()}
        try:
            return self._wait()
        finally:
            for process in self.all:
                if process.poll() is None:
                    process.kill()
                process.wait()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _wait(self) -> int | None:
        while self.leader.poll() is None:
            if any(other.poll() for other in self.others):  # ended, and not well
                self._within(_TO_SAVE_S, [self.leader])
                return self._meant()
            time.sleep(_LOOK_EVERY_S)
        self._within(_TO_END_S, self.others)
        return self._meant()

    def _meant(self) -> int | None:
        """The leader's exit code where it ended by its own will."""
        code = self.leader.poll()
        return None if code is None or code < 0 or code == ProcessLost.exit_code else code

    def _within(self, seconds: float, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(process.poll() is None for process in processes):
            time.sleep(_LOOK_EVERY_S)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if self.leader.poll() is None:
            self.leader.send_signal(number)


def _keys_for_the_leader() -> int | None:
    """What the leader reads from: what we do, but for the terminal of a job in the background."""
    try:
        return None if os.tcgetpgrp(0) == os.getpgrp() else subprocess.DEVNULL
    except (OSError, AttributeError):  # no terminal, or Windows
        return None


def stop_without_launcher() -> None:
    """Let this process stop, as by a signal, when the one that launched it is gone: killed, for example."""
    launcher = os.environ.get(_LAUNCHER)
    if launcher is not None:
        threading.Thread(target=_watch, args=(int(launcher),), daemon=True).start()


def _watch(launcher: int) -> None:
    while os.getppid() == launcher:
        time.sleep(_LOOK_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def is_one_of_several() -> bool:
    """Whether this process was started as one of several that train one model, here or by torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def is_follower() -> bool:
    """Whether it is one of several and does not lead."""
    return is_one_of_several() and os.environ.get("RANK", "0") != "0"


def own_command() -> list[str]:
    """The command line of this process, to be run again."""
    return [sys.executable, "-m", "understudy", *sys.argv[1:]]
