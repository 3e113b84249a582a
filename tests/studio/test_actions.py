"""`studio/actions.py`."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from understudy.studio import actions
from understudy.studio.actions import OnlyOnce


class Counting:
    """An application that counts how often it did something."""

    def __init__(self) -> None:
        self.done = 0
        self.go = asyncio.Event()
        self.go.set()
        self.answer = b"x"
        self.error: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do it once more."""
        await self.go.wait()
        self.done += 1
        if self.error:
            raise self.error
        headers = [(b"n", str(self.done).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.answer})


async def ask(
    app: Any, action: str | None = "a", *, path: str = "/api/x", body: bytes = b"{}", method: str = "POST"
) -> tuple[int, bytes]:
    """Status and body of the answer."""
    headers = [(b"x-action", action.encode())] if action is not None else []
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        if "headers" in message:
            message["headers"].append((b"added", b"1"))  # as the guard does
        sent.append(message)

    await app(scope, receive, send)
    assert len([name for name, _ in sent[0]["headers"] if name == b"added"]) == 1
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def test_a_repeated_action_is_done_once_and_gets_the_same_answer() -> None:
    async def play() -> None:
        counting = Counting()
        app = OnlyOnce(counting)
        assert await ask(app) == await ask(app) == await ask(app) == (200, b"x")
        assert counting.done == 1
        await ask(app, "b")
        assert counting.done == 2

    asyncio.run(play())


def test_one_repeated_meanwhile_waits_for_the_first() -> None:
    async def play() -> None:
        counting = Counting()
        counting.go.clear()
        app = OnlyOnce(counting)
        both = [asyncio.create_task(ask(app)) for _ in range(5)]
        await asyncio.sleep(0.01)
        assert not any(one.done() for one in both)
        counting.go.set()
        assert await asyncio.gather(*both) == [(200, b"x")] * 5
        assert counting.done == 1

    asyncio.run(play())


def test_a_window_that_leaves_doesnt_end_what_it_began() -> None:
    async def play() -> None:
        counting = Counting()
        counting.go.clear()
        app = OnlyOnce(counting)
        leaving = asyncio.create_task(ask(app))
        await asyncio.sleep(0.01)
        leaving.cancel()
        counting.go.set()
        assert await ask(app) == (200, b"x")
        assert counting.done == 1

    asyncio.run(play())


def test_an_id_means_one_action() -> None:
    async def play() -> None:
        app = OnlyOnce(Counting())
        await ask(app)
        assert (await ask(app, body=b'{"other": 1}'))[0] == 409
        assert (await ask(app, path="/api/y"))[0] == 409
        for bad in ("../../etc", "a" * 65, ""):
            assert (await ask(app, bad))[0] == 400

    asyncio.run(play())


@pytest.mark.parametrize(("action", "method"), [(None, "POST"), ("a", "GET"), ("a", "PUT")])
def test_what_is_no_action_is_done_each_time(action: str | None, method: str) -> None:
    async def play() -> None:
        counting = Counting()
        app = OnlyOnce(counting)
        await ask(app, action, method=method)
        await ask(app, action, method=method)
        assert counting.done == 2

    asyncio.run(play())


def test_what_failed_before_it_answered_may_be_tried_again() -> None:
    async def play() -> None:
        counting = Counting()
        counting.error = OSError("gone")
        app = OnlyOnce(counting)
        with pytest.raises(OSError, match="gone"):
            await ask(app)
        counting.error = None
        assert await ask(app) == (200, b"x")

    asyncio.run(play())


def test_answers_take_little_memory_and_what_was_done_stays_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "KEPT_BYTES", 1000)
    monkeypatch.setattr(actions, "KEPT_ACTIONS", 20)

    async def play() -> None:
        counting = Counting()
        counting.answer = b"x" * 300
        app = OnlyOnce(counting)
        for n in range(20):
            assert (await ask(app, f"a{n}"))[0] == 200
        assert (await ask(app, "a0"))[0] == 409 and (await ask(app, "a19"))[0] == 200
        assert counting.done == 20, "done again"
        for n in range(20, 100):
            await ask(app, f"a{n}")
        assert len(app._actions) <= 21

    asyncio.run(play())


def test_an_answer_larger_than_what_may_be_kept_still_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "KEPT_BYTES", 10)

    async def play() -> None:
        counting = Counting()
        counting.answer = b"x" * 300
        app = OnlyOnce(counting)
        assert await ask(app) == (200, counting.answer)
        assert (await ask(app))[0] == 409 and counting.done == 1

    asyncio.run(play())


_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.studio.test_actions import Counting, ask
from understudy.studio.actions import OnlyOnce

folder, when = Path(sys.argv[1]), sys.argv[2]

class Acting(Counting):
    async def __call__(self, scope, receive, send):
        with (folder / "acted").open("a") as file:
            file.write("once ")
        if when == "amid":
            os.kill(os.getpid(), signal.SIGKILL)
        await super().__call__(scope, receive, send)

print(*asyncio.run(ask(OnlyOnce(Acting(), lambda: folder))), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL")
@pytest.mark.parametrize(
    ("first", "said"), [("amid", '409 b\'{"error":"The studio was ended in the midst'), ("after", "200 b'x'")]
)
def test_an_action_of_a_studio_that_was_killed_is_not_done_again(tmp_path: Path, first: str, said: str) -> None:
    for when in (first, "after"):
        command = [sys.executable, "-c", _KILLED, str(tmp_path), when]
        told = subprocess.run(command, capture_output=True, text=True)
        assert told.returncode == -9, told.stderr
    assert told.stdout.startswith(said)
    assert (tmp_path / "acted").read_text() == "once "


def test_an_id_of_a_studio_before_means_one_action_too(tmp_path: Path) -> None:
    async def play() -> None:
        await ask(OnlyOnce(Counting(), lambda: tmp_path))
        later = Counting()
        assert (await ask(OnlyOnce(later, lambda: tmp_path), body=b'{"other": 1}'))[0] == 409
        assert later.done == 0
        assert await ask(OnlyOnce(later, lambda: tmp_path), "another") == (200, b"x")

    asyncio.run(play())
