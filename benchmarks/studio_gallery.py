"""The Faces room at scale: how smooth twenty thousand thumbnails scroll, and how its lists grow with a faceset.

Measures of `studio.py`: `scroll`, `lists`, `masks`, `thumbnails`.
The faces are those of a rendered project, each
file with a record of its own, so that every thumbnail is made, kept, sent and decoded by itself.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.studio.web.many_faces import many_faces

from understudy.facesets.store import Faceset
from understudy.project.manifest import FacesetEntry, Performer
from understudy.project.project import Project

SCROLLED = 20_000
GOAL_MS = 33.0
WIDTH_PX, SECONDS = 1920, 10
SIZES = (1_000, 10_000, 100_000)
STROKES = 50
FLAT_BYTES = 64 << 20  # what memory may grow by over them
# A hand that scrolls, then throws the gallery, then scrolls back: milliseconds between frames.
SCROLL = """async ({ seconds }) => {
  const grid = document.querySelector("us-virtual-grid");
  const times = [];
  const begin = performance.now();
  let last = begin;
  for (;;) {
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
    const share = (now - begin) / (1000 * seconds);
    if (share >= 1) return times.slice(1);
    grid.scrollBy(0, share < 0.4 ? 30 : share < 0.6 ? grid.scrollHeight / 120 : share < 0.8 ? -30 : -4);
  }
}"""


def with_faces(source: Path, folder: Path, sizes: tuple[int, ...]) -> Project:
    """A project in `folder` with facesets src/n1000, … made of the first faces of the project `source`."""
    project = Project.open_or_create(folder)
    first = next((source / "facesets").glob("*/*"))
    with project.change() as manifest:
        performer = manifest.performers.setdefault("src", Performer.model_validate({}))
        performer.facesets = {**performer.facesets, **{f"n{size}": FacesetEntry() for size in sizes}}
    for size in sizes:
        goal = project.faceset_folder("src", f"n{size}")
        many_faces(first, goal, size)
        Faceset(goal).close()  # the index, so that what is measured is the studio
    return project


def scroll(options: argparse.Namespace, studio: Any) -> bool:
    """Milliseconds between frames while twenty thousand thumbnails are scrolled and thrown."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        project = with_faces(options.project, Path(folder), (SCROLLED,))
        with studio(str(project.folder)) as running, sync_playwright() as playwright:
            path = os.environ.get("UNDERSTUDY_BROWSER", "/usr/bin/chromium")
            browser = playwright.chromium.launch(executable_path=path)
            window = browser.new_context(viewport={"width": WIDTH_PX, "height": 800})
            cookies = [{"name": c.name, "value": c.value or "", "url": running.home} for c in running.cookies]
            window.add_cookies(cookies)
            page = window.new_page()
            began = time.perf_counter()
            page.goto(f"{running.home}#/faces?faceset=src%2Fn{SCROLLED}")
            page.wait_for_selector(".cell img[src]", timeout=120_000)
            print(f"first pictures after {time.perf_counter() - began:.2f} s")
            good = True
            for words in ("thumbnails not made yet", "thumbnails kept"):
                times = sorted(page.evaluate(SCROLL, {"seconds": SECONDS}))
                p95 = times[int(0.95 * len(times))]
                cells = page.locator(".cell").count()
                print(
                    f"{words:<24} {len(times):4} frames   median {statistics.median(times):5.1f} ms   "
                    f"p95 {p95:5.1f} ms   worst {times[-1]:5.1f} ms   {cells} cells alive"
                )
                good = good and p95 <= GOAL_MS
            browser.close()
    return good


def lists(options: argparse.Namespace, studio: Any) -> bool:
    """Seconds for the list, an order, a filter, one rejection and its undo, by the size of the faceset."""
    with tempfile.TemporaryDirectory() as folder:
        project = with_faces(options.project, Path(folder), SIZES)
        with studio(str(project.folder)) as running:
            for size in SIZES:
                _grown(running, f"src/n{size}", size)
    return True


def masks(options: argparse.Namespace, studio: Any) -> bool:
    """The Masks room by the size of the faceset: seconds and bytes of what a window asks when a hand goes to a
    face, looks for the next one that is drawn on, and draws; and how the server's memory grows meanwhile."""
    good = True
    with tempfile.TemporaryDirectory() as folder:
        project = with_faces(options.project, Path(folder), SIZES)
        with studio(str(project.folder)) as running:
            for size in SIZES:
                good = _drawn_on(running, f"src/n{size}", size) and good
    return good


def _drawn_on(running: Any, name: str, size: int) -> bool:
    def listed(**how: Any) -> dict[str, Any]:
        return json.loads(running.get("/api/masks/faces", faceset=name, **how))

    began = time.perf_counter()
    while "faces" not in (told := listed()):
        time.sleep(0.2)
    opened = time.perf_counter() - began
    line, before = told["line"], running.memory_bytes()
    face, took = f"many-{size // 2:06d}-1.jpg", dict[str, list[float]]()
    for number in range(STROKES):
        for words, how in (("next face", {"by": 1}), ("next that is drawn on", {"by": 1, "which": "drawn"})):
            began = time.perf_counter()
            told = listed(line=line, around=face, **how)
            took.setdefault(words, []).append(time.perf_counter() - began)
        there = json.loads(running.get("/api/masks/drawing", faceset=name, face=face))
        points = [[20 + number / 10, 20], [90, 20], [60, 90]]
        wish = {key: there[key] for key in ("size_px", "revision", "painted", "mark")}
        wish |= {"regions": [{"kind": "include", "points": points}], "visit": "benchmark"}
        began = time.perf_counter()
        running.post("/api/masks/drawing", faceset=name, face=face, **wish)
        took.setdefault("stroke", []).append(time.perf_counter() - began)
    grown = running.memory_bytes() - before
    figures = "   ".join(f"{words} {1000 * statistics.median(of):5.0f} ms" for words, of in took.items())
    sent = len(json.dumps(told)) / 1e3
    print(f"{size:7} faces   opened {opened:6.2f} s   {figures}   {sent:.0f} kB a window", flush=True)
    print(
        f"                server {before / 1e6:.0f} MB, {grown / 1e6:+.1f} MB after {STROKES} strokes",
        flush=True,
    )
    return grown <= FLAT_BYTES


def _grown(running: Any, name: str, size: int) -> None:
    def timed(work: Callable[[], bytes]) -> tuple[float, bytes]:
        began = time.perf_counter()
        answer = work()
        return time.perf_counter() - began, answer

    first, table = timed(lambda: running.get("/api/faces/table", faceset=name))
    again, _ = timed(lambda: running.get("/api/faces/table", faceset=name))
    order, _ = timed(lambda: running.get("/api/faces/order", faceset=name, sort="face-yaw"))
    known, _ = timed(lambda: running.get("/api/faces/order", faceset=name, sort="face-yaw"))
    where = "abs(yaw_deg) < 20 and track > 1"
    filtered, _ = timed(lambda: running.get("/api/faces/order", faceset=name, where=where, sort="source-size"))
    face = json.loads(table)["names"][size // 2]
    rejected, _ = timed(lambda: running.post("/api/faces/reject", faceset=name, names=[face]))
    after, _ = timed(lambda: running.get("/api/faces/order", faceset=name, sort="face-yaw"))
    undone, _ = timed(lambda: running.post("/api/faces/undo", faceset=name))
    print(
        f"{size:7} faces   opened {first:6.2f} s   list {again:5.3f} s ({len(table) / 1e6:.1f} MB)   "
        f"order {order:5.3f} s, kept {known:5.3f} s   filter {filtered:5.3f} s   reject {rejected:5.2f} s, "
        f"order after {after:5.2f} s   undo {undone:5.2f} s   server {running.memory_bytes() / 1e6:5.0f} MB",
        flush=True,
    )


def thumbnails(options: argparse.Namespace, studio: Any) -> bool:
    """Milliseconds for 96 thumbnails, in two sheets or one by one, made and kept."""
    with tempfile.TemporaryDirectory() as folder:
        project = with_faces(options.project, Path(folder), (SIZES[0],))
        with studio(str(project.folder)) as running:
            name = f"src/n{SIZES[0]}"
            raw = base64.b64decode(json.loads(running.get("/api/faces/table", faceset=name))["keys"])
            keys = [raw[n : n + 8].hex() for n in range(0, len(raw), 8)]
            for words, some in (("made", keys[:96]), ("kept", keys[:96]), ("kept", keys[:96])):
                began = time.perf_counter()
                halves = [",".join(some[n : n + 48]) for n in (0, 48)]
                size = sum(len(running.get("/api/faces/thumbs", faceset=name, keys=half)) for half in halves)
                took_ms = 1000 * (time.perf_counter() - began)
                print(f"two sheets, {words}: {took_ms:6.1f} ms, {size / 1e3:.0f} kB")
            began = time.perf_counter()
            for key in keys[:96]:
                running.get(f"/api/faces/thumb/{key}", faceset=name)
            print(f"one by one, kept: {1000 * (time.perf_counter() - began):6.1f} ms")
    return True
