"""Keys are read one by one from a real terminal, which is afterwards as it was."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time

import pytest

from understudy.cli.keyboard import keys

CHILD = """
import sys, time
from understudy.cli.keyboard import keys
with keys() as pressed:
    print("ready", flush=True)
    found, until = "", time.monotonic() + 20
    while "x" not in found and time.monotonic() < until:
        found += pressed()
        time.sleep(0.01)
    print("got", found, flush=True)
    if "!" in found:
        raise RuntimeError("on purpose")
"""


IN_THE_BACKGROUND = """
import os
from understudy.cli.keyboard import keys
child = os.fork()
if child == 0:
    os.setpgid(0, 0)
    with keys() as pressed:
        os._exit(len(pressed()))
_, status = os.waitpid(child, os.WUNTRACED)
print("ready got", "stopped" if os.WIFSTOPPED(status) else os.WEXITSTATUS(status), flush=True)
os.kill(child, 9) if os.WIFSTOPPED(status) else None
os.read(0, 1)  # when a session's first process ends, what it printed last may be lost
"""


def _printed(master: int, until: float) -> bytes:
    """What comes out of the terminal next; nothing where nothing comes in time."""
    ready, _, _ = select.select([master], [], [], max(0.0, until - time.monotonic()))
    return os.read(master, 1000) if ready else b""


def run_in_terminal(typed: bytes, script: str = CHILD, *, lent: bool = False) -> tuple[str, bool]:
    """What the child printed, and whether the terminal is as before. A `lent` one is another session's."""
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)

    def own_terminal() -> None:
        import fcntl

        os.setsid()
        if not lent:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        preexec_fn=own_terminal,
    )
    said = b""
    until = time.monotonic() + 60
    while b"\n" not in said.partition(b"ready")[2] and (more := _printed(master, until)):
        said += more
    if script is CHILD:
        assert termios.tcgetattr(slave)[3] & termios.ICANON == 0
    os.write(master, typed)
    while not said.partition(b"got")[2].endswith(b"\n") and (more := _printed(master, until)):
        said += more
    child.wait(30)
    after = termios.tcgetattr(slave)
    os.close(slave)
    os.close(master)
    return said.decode(errors="replace"), after == before


@pytest.mark.parametrize("typed", [b"spx", b"s!x"])
def test_keys_come_without_enter_and_the_terminal_is_put_back_also_after_an_error(typed: bytes) -> None:
    said, restored = run_in_terminal(typed)
    assert f"got {typed.decode()}" in said
    assert "ready\r\ngot" in said  # what is typed is not echoed
    assert restored


def test_one_of_several_processes_reads_the_terminal_of_the_one_that_started_it() -> None:
    said, restored = run_in_terminal(b"sx", lent=True)
    assert "got sx" in said and restored


def test_a_job_in_the_background_is_not_stopped_for_its_keys() -> None:
    said, restored = run_in_terminal(b"s\n", IN_THE_BACKGROUND)
    assert "got 0" in said and restored


def test_where_nobody_sits_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with os.fdopen(read) as stdin, os.fdopen(write, "w") as typing:
        monkeypatch.setattr(sys, "stdin", stdin)
        typing.write("q")
        typing.flush()
        with keys() as pressed:
            assert pressed() == ""
        assert stdin.read(1) == "q"  # left for whoever it is meant for
