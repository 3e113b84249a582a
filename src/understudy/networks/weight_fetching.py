"""Fetch weights from their publisher: over HTTPS, going on where it stopped, checked before they count.

A torn download stays beside its goal as `.part`, with the server's mark of the version it belongs to.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from understudy import __version__
from understudy.errors import OptionInvalid, WeightsChanged, WeightsMissing
from understudy.events import Event, Events, Notice, Progress, StageFinished, StageStarted
from understudy.files import require_free_space, said_plainly, try_lock, unlock
from understudy.networks.weight_catalogue import Weights
from understudy.networks.weight_store import WeightStore, how_to_get

STAGE = "weights"
_TRIES = 4
_TIMEOUT_S = 30.0
_CHUNK_BYTES = 1 << 18
_MOST_BYTES = 4 << 30
_HERE = ("127.0.0.1", "localhost", "::1")
_WORTH_TRYING_AGAIN = (408, 425, 429)


@dataclass(frozen=True)
class _Answer:
    """What a server said: its stream from `start` on, how large the whole is, its mark of this version."""

    stream: http.client.HTTPResponse
    start: int
    total: int | None
    version: str


def fetch(store: WeightStore, name: str, *, replace: bool = False, pause_s: float = 1.0) -> Events:
    """Bring the weights here; nothing to do when they are.

    Raises OptionInvalid for unknown names, WeightsMissing when they can't be had (with what to fetch by hand),
    WeightsChanged when what came is not what it must be. `pause_s` is the first pause between tries.
    """
    weights = store.entry(name)
    if weights.layout == "wheel":
        raise OptionInvalid(f"The weights {name!r} come with a Python package. {how_to_get(weights)}")
    if store.has(name) and not replace:
        store.path_of(name)
        yield StageFinished(stage=STAGE, summary={"name": name}, skipped=True)
        return
    _require_safe(weights.url)
    goal = store.folder / weights.file_name
    part = goal.with_name(f".{goal.name}.part")
    with said_plainly(part):
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab+") as file:
            if not try_lock(file):
                raise WeightsMissing(
                    f"Another understudy fetches the weights {name!r} right now. Wait for it, then run the "
                    "same command again."
                )
            try:
                yield from _received(weights, file, part, pause_s)
            finally:
                unlock(file)
    try:
        sha256 = store.require_same(weights, part, new_pin=replace)
    except WeightsChanged:
        _forget(part)  # what is wrong stays wrong: the next try starts anew
        raise
    store.swap_in(weights, part)
    _forget(part)
    if not weights.sha256:
        yield Notice(text=f"Nobody says the SHA-256 of {name}; from now on it must be {sha256}, as seen first.")
    yield StageFinished(stage=STAGE, summary={"name": name, "sha256": sha256, "licence": weights.licence})


def ready_path(store: WeightStore, name: str) -> Path:
    """The checked file of weights, fetched now if it is not there. Raises what `fetch` raises."""
    if not store.has(name):
        for _ in fetch(store, name):
            pass  # whoever wants to show progress runs `fetch` before
    return store.path_of(name)


def _received(weights: Weights, file: BinaryIO, part: Path, pause_s: float) -> Generator[Event]:
    """Events until the part is whole. Raises WeightsMissing when tries are used up."""
    have = file.seek(0, 2)
    why = f"{weights.name} goes on at {have / 1e6:.1f} MB" if have else f"{weights.name} from {weights.url}"
    yield StageStarted(stage=STAGE, unit="bytes", total=weights.size_bytes, done=have, why=why)
    trouble = ""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            with _answer(weights, file.seek(0, 2), part) as stream:
                whole = yield from _appended(weights, stream, file, part)
            if whole:
                return
            trouble = "the connection broke"
        except urllib.error.HTTPError as error:
            trouble = f"the server answered {error.code}"
            if error.code == 416:  # it has no more than we: begin anew
                file.truncate(0)
            elif error.code < 500 and error.code not in _WORTH_TRYING_AGAIN:
                break
        except (OSError, http.client.HTTPException) as error:
            trouble = _words(error)
    kept = " What came so far is kept." if file.seek(0, 2) else ""
    raise WeightsMissing(
        f"The weights {weights.name!r} could not be fetched: {trouble}.{kept} {how_to_get(weights)}"
    )


def _answer(weights: Weights, have: int, part: Path) -> http.client.HTTPResponse:
    headers = {"User-Agent": f"understudy/{__version__}", "Accept-Encoding": "identity"}
    mark = _mark(part)
    version = mark.read_text(encoding="utf-8") if mark.exists() else ""
    if have and version:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    request = urllib.request.Request(weights.url, headers=headers)
    opener = urllib.request.build_opener(_SafeRedirects())
    return cast(http.client.HTTPResponse, opener.open(request, timeout=_TIMEOUT_S))


def _appended(
    weights: Weights, stream: http.client.HTTPResponse, file: BinaryIO, part: Path
) -> Generator[Event, None, bool]:
    """Write what comes; returns whether that is all of it."""
    answer = _read_head(stream)
    if answer.start != file.seek(0, 2):
        file.truncate(answer.start)
        file.seek(0, 2)
    unlike = weights.size_bytes not in (None, answer.total)
    if answer.total is not None and (answer.total > _MOST_BYTES or unlike):
        raise WeightsMissing(
            f"The publisher of {weights.name!r} now offers {answer.total} bytes, which can't be the same file; "
            f"nothing was taken. {how_to_get(weights)}"
        )
    _mark(part).write_text(answer.version, encoding="utf-8")
    require_free_space(part.parent, needed_bytes=(answer.total or 0) - answer.start)
    done, shown = answer.start, time.monotonic()
    while chunk := stream.read(_CHUNK_BYTES):
        done += len(chunk)
        if done > _MOST_BYTES:
            raise WeightsMissing(f"What comes as weights {weights.name!r} does not end; nothing was taken.")
        file.write(chunk)
        if time.monotonic() - shown > 0.2:
            shown = time.monotonic()
            yield Progress(stage=STAGE, done=done, total=answer.total)
    file.flush()
    yield Progress(stage=STAGE, done=done, total=answer.total)
    return answer.total is None or done == answer.total


def _read_head(stream: http.client.HTTPResponse) -> _Answer:
    start, total = 0, None
    if stream.status == 206:
        # Content-Range: bytes 100-199/200
        span, _, whole = stream.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        first = span.partition("-")[0]
        if not first.isdigit():
            raise http.client.HTTPException("a part of unknown place")
        start, total = int(first), int(whole) if whole.isdigit() else None
    elif (length := stream.headers.get("Content-Length", "")).isdigit():
        total = int(length)
    version = stream.headers.get("ETag", "") or stream.headers.get("Last-Modified", "")
    if version.startswith("W/"):
        version = ""  # a weak mark does not promise equal bytes, so nothing can be resumed on it
    return _Answer(stream, start, total, version)


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a publisher to another address, but not off HTTPS."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: object,
        code: int,
        msg: str,
        headers: object,
        newurl: str,
    ) -> urllib.request.Request | None:
        _require_safe(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _require_safe(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise WeightsMissing(f"Weights are fetched over HTTPS alone, not from {url}.")


def _words(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return f"there is no connection ({reason})" if isinstance(error, urllib.error.URLError) else str(error)


def _mark(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _mark(part).unlink(missing_ok=True)
