"""What was begun and answered, on disk, so that a studio that is killed and started again does nothing twice.

PROJECT/logs/actions.jsonl has a line when an action begins and one with its answer. Recent ones alone are kept.
Not here: what follows for who asks again (`actions.py`).
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import Message

NAME, OLDER_NAME = "actions.jsonl", "actions.old.jsonl"
LARGEST_LOG_BYTES = 2 << 20
LARGEST_ANSWER_BYTES = 64 << 10
_SECRET = b"login?token="  # a link lets in whoever reads it


@dataclass(frozen=True)
class Past:
    """An action of a studio that is gone. `answer` is None where it was not kept; a `torn` one was begun and
    nobody knows how far it came."""

    what: bytes  # hash of what was asked
    answer: list[Message] | None = None
    torn: bool = False


class ActionLog:
    """The log in the folder that `where` says now; nothing is kept as long as that is None."""

    def __init__(self, where: Callable[[], Path | None]) -> None:
        self._where = where
        self._read: Path | None = None
        self._past: dict[str, Past] = {}

    def past(self, action: str) -> Past | None:
        """What a studio before this one did under this id. The log is read at the first question."""
        folder = self._where()
        if folder is not None and folder != self._read:
            self._past = {id: one for name in (OLDER_NAME, NAME) for id, one in _read(folder / name).items()}
            self._read = folder
        return self._past.get(action)

    def begun(self, action: str, what: bytes) -> None:
        """Note an action before it is done."""
        self._add({"id": action, "what": what.hex()})

    def done(self, action: str, what: bytes, answer: Sequence[Message]) -> None:
        """Note the answer of one that is done; of a large or secret one only that it was given."""
        size = sum(len(message.get("body", b"")) for message in answer)
        secret = any(_SECRET in message.get("body", b"") for message in answer)
        kept = None if secret or size > LARGEST_ANSWER_BYTES else [_plain(message) for message in answer]
        self._add({"id": action, "what": what.hex(), "done": True, "answer": kept})

    def _add(self, line: dict[str, Any]) -> None:
        folder = self._where()
        if folder is None:
            return
        # On a full disk or in a folder that is read only, the action itself says what is wrong.
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / NAME
            if path.exists() and path.stat().st_size > LARGEST_LOG_BYTES:
                path.replace(folder / OLDER_NAME)
            with path.open("ab") as file:
                file.write(b"\n" + json.dumps(line).encode() + b"\n")  # a kill may have torn the line before


def _read(path: Path) -> dict[str, Past]:
    found: dict[str, Past] = {}
    with contextlib.suppress(OSError):
        for line in path.read_bytes().splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):  # torn by the kill
                told = json.loads(line)
                answer = told.get("answer")
                messages = None if answer is None else [_message(one) for one in answer]
                found[str(told["id"])] = Past(bytes.fromhex(told["what"]), messages, torn=not told.get("done"))
    return found


def _plain(message: Message) -> dict[str, Any]:
    body, headers = message.get("body"), message.get("headers")
    return {
        **{name: value for name, value in message.items() if name in ("type", "status", "more_body")},
        **({} if body is None else {"body": base64.b64encode(body).decode()}),
        **(
            {}
            if headers is None
            else {"headers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in headers]}
        ),
    }


def _message(plain: dict[str, Any]) -> Message:
    message = dict(plain)
    if "body" in message:
        message["body"] = base64.b64decode(message["body"])
    if "headers" in message:
        message["headers"] = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in message["headers"]]
    return message
