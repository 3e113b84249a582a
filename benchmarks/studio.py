"""What the studio costs: how soon it is there, whether its memory stays flat, what a drag costs.

    python benchmarks/studio.py start [PROJECT]
    python benchmarks/studio.py memory PROJECT [--frames 1000]
    python benchmarks/studio.py scroll | lists | masks | thumbnails PROJECT
    python benchmarks/studio.py drag
    python benchmarks/studio.py merge FOLDER

`start`: from the beginning of the process until a browser that follows the link has the whole first page; the
goal is 2 s. `memory`: PROJECT needs a dst clip and a trained model; every look asks for another frame or
setting, so that each is painted anew. `scroll`, `lists`, `thumbnails`: the Faces room at scale, `masks`: the
Masks room (`studio_gallery.py`); PROJECT has faces. `drag`: a point of a region with 200 points is dragged over
a face of 1024 pixels in the masks room, in Chromium; the goal is 16 ms a frame.
`merge` drags sliders of the Merge room in a browser (`studio_merge.py`), of a project that it makes in FOLDER
where there is none. A measure is one entry of MEASURES.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.cookiejar import CookieJar
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin
from uuid import uuid4

import psutil
import studio_gallery
import studio_merge

from understudy.studio.rooms.merge.desk import PICTURES_BYTES

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession

ROUNDS = 7
START_GOAL_S = 2.0
WARM_UP = 100  # looks at least until the model is loaded; then on until the kept pictures fill their limit
FLAT_BYTES = 64 << 20  # what memory may grow by over all looks after those


class Studio:
    """`understudy studio` in a process of its own, and a browser that was let in."""

    def __init__(self, *words: str) -> None:
        self.began = time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "understudy",
            "studio",
            *words,
            "--port",
            "0",
            "--json",
            "--no-browser",
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.link: str = json.loads(self.process.stdout.readline())["url"]
        self.home = urljoin(self.link, "/")
        self.cookies = CookieJar()
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.page = self.browser.open(self.link).read().decode()

    def get(self, path: str, **query: object) -> bytes:
        """The answer to one request. Raises HTTPError."""
        return self.browser.open(urljoin(self.home, path) + (f"?{urlencode(query)}" if query else "")).read()

    def post(self, path: str, **body: object) -> bytes:
        """The answer to one action. Raises HTTPError."""
        headers = {
            "Content-Type": "application/json",
            "Origin": self.home.rstrip("/"),
            "X-Action": str(uuid4()),
        }
        asked = urllib.request.Request(urljoin(self.home, path), json.dumps(body).encode(), headers)
        return self.browser.open(asked).read()

    def memory_bytes(self) -> int:
        """What is the process's own: shared libraries and files of the page cache don't count."""
        return psutil.Process(self.process.pid).memory_full_info().uss


@contextmanager
def studio(*words: str) -> Iterator[Studio]:
    """A studio for the length of the block."""
    running = Studio(*words)
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.wait(20)


def start(options: argparse.Namespace) -> bool:
    """Seconds from the process's beginning to its first page, beside those of Python alone and of `--help`.

    `worked` is the studio's processor time until then: on a busy machine it alone tells anything.
    """
    others = {"python": ["-c", "pass"], "understudy --help": ["-m", "understudy", "--help"]}
    times: dict[str, list[float]] = {name: [] for name in (*others, "link", "first page", "worked")}
    for _ in range(ROUNDS):
        for name, words in others.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
            times[name].append(time.perf_counter() - began)
        with studio(*([str(options.project)] if options.project else [])) as running:
            times["link"].append(time.perf_counter() - running.began)
            for part in re.findall(r'(?:src|href)="(/web/[^"]+)"', running.page):
                running.get(part)
            times["first page"].append(time.perf_counter() - running.began)
            worked = psutil.Process(running.process.pid).cpu_times()
            times["worked"].append(worked.user + worked.system)
    for name, values in times.items():
        middle, best = statistics.median(values), min(values)
        print(f"{name:<20} best {best:5.2f} s   median {middle:5.2f} s   worst {max(values):5.2f} s")
    return statistics.median(times["first page"]) <= START_GOAL_S


def memory(options: argparse.Namespace) -> bool:
    """Megabytes of the server after every fifty looks at merged frames."""
    with studio(str(options.project)) as running:
        before, kept_bytes, seen = 0, 0, []
        for number, wish in enumerate(_wishes(options)):
            began = time.perf_counter()
            kept_bytes += len(running.get("/api/merge/picture", **wish))
            took_ms = 1000 * (time.perf_counter() - began)
            if number < WARM_UP or kept_bytes < PICTURES_BYTES:
                before += 1
            else:
                seen.append(running.memory_bytes())
            if number % 50 == 0 or len(seen) == options.frames:
                memory_mb = running.memory_bytes() / 1e6
                print(f"look {number:5}   {memory_mb:7.1f} MB   {took_ms:6.0f} ms", flush=True)
            if len(seen) == options.frames:
                break
    grown = statistics.median(seen[-20:]) - statistics.median(seen[:20])
    print(f"grown over {len(seen)} looks after the cache was full ({before}): {grown / 1e6:+.1f} MB")
    return grown <= FLAT_BYTES


def _wishes(options: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Looks without end, none of which was asked for in the last thousands."""
    clip, model = options.clip, options.model
    for number in count():
        said = json.dumps({"blur": round(number % 997 / 2000, 4)})
        yield {"clip": clip, "model": model, "frame": number % options.clip_frames, "said": said, "width": 1280}


def drag(_options: argparse.Namespace) -> bool:
    """Milliseconds of script a drawn frame and from frame to frame by the clock, and of the page's processor
    time a drawn frame, while a point is dragged."""
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as folder,
        studio(str(_drawn_project(Path(folder)))) as running,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1600, "height": 1100})
        page.context.add_cookies(
            [{"name": one.name, "value": one.value or "", "url": running.home} for one in running.cookies]
        )
        page.goto(running.home + "#/masks")
        while not page.evaluate("document.querySelector('us-room-masks')?.editor.ready ?? false"):
            page.wait_for_timeout(50)
        x, y = page.evaluate(_WATCH)
        page.mouse.move(x, y)
        page.mouse.down()
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        before, drawn = _busy_s(devtools), page.evaluate("document.querySelector('us-view2d').draws")
        for step in range(DRAG_STEPS):
            page.mouse.move(x + 60 * math.sin(step / 9), y + 60 * math.cos(step / 7))
        drawn = page.evaluate("document.querySelector('us-view2d').draws") - drawn
        cpu_ms = 1000 * (_busy_s(devtools) - before) / max(1, drawn)
        page.mouse.up()
        seen = page.evaluate("window.seen")
        browser.close()
    for name, values in seen.items():
        values.sort()
        print(f"{name:<8} median {statistics.median(values):5.1f} ms   p95 {_p95(values):5.1f} ms")
    print(f"cpu      mean {cpu_ms:7.1f} ms of the page's thread for each of {drawn} drawn frames")
    return cpu_ms <= DRAG_GOAL_MS


def _busy_s(devtools: CDPSession) -> float:
    """How long the page's main thread has computed: unlike the clock, the same on a machine that others use."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "TaskDuration")


DRAG_STEPS, DRAG_GOAL_MS = 240, 16.0
# Times what the page does in each frame: the hand's moves and the drawing, with the pixels read back, so that
# drawing that was only noted down is counted too.
_WATCH = """() => {
    const view = document.querySelector("us-view2d");
    const { editor } = document.querySelector("us-room-masks");
    window.seen = { script: [], frames: [] };
    let moved = 0, last = 0;
    const timed = (object, name, then) => {
        const plain = object[name].bind(object);
        object[name] = (...all) => {
            const began = performance.now();
            plain(...all);
            if (name === "paint") all[0].getImageData(0, 0, 1, 1);
            then(performance.now() - began);
        };
    };
    timed(editor, "change", (took) => (moved += took));
    timed(view, "paint", (took) => {
        if (moved) window.seen.script.push(moved + took);
        moved = 0;
    });
    const frame = (now) => {
        if (last) window.seen.frames.push(now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    const [x, y] = editor.doc.regions[0].points[0];
    const place = view.to_screen({ x, y });
    const box = view.getBoundingClientRect();
    return [box.left + place.x, box.top + place.y];
}"""


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def _drawn_project(folder: Path) -> Path:
    """A project with one rendered face of 1024 pixels, and a region with 200 points on it."""
    import numpy as np

    from understudy.actors.identity import DEMO_DST
    from understudy.actors.performance import dst_track
    from understudy.actors.render import render_frames
    from understudy.faces.align import crop
    from understudy.facesets.record import FaceRecord
    from understudy.geometry import crop_from_frame
    from understudy.jobs.facesets import drawing
    from understudy.project.manifest import Performer
    from understudy.project.project import Project

    made = Project.create(folder / "project")
    with made.change() as manifest:
        manifest.performers["dst"] = Performer.model_validate({"facesets": {"main": {}}})
    shot = next(iter(render_frames(DEMO_DST, dst_track(1, 1), size_px=256, processes=1)))
    points = np.asarray(shot.landmarks_68, float)
    matrix = crop_from_frame(points, face_type="whole", size_px=1024)
    record = FaceRecord(
        clip="dst",
        frame=0,
        time_s=0.0,
        frame_size=(256, 256),
        box_xyxy=(*points.min(0).tolist(), *points.max(0).tolist()),
        score=1.0,
        landmarks_68=[(float(x), float(y)) for x, y in points],
        face_type="whole",
        size_px=1024,
        crop_from_frame=matrix.tolist(),
    )
    with made.faceset("dst") as faceset:
        face = faceset.add(np.asarray(crop(shot.rgb, matrix, 1024), np.uint8), record)
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    ring = 512 + 330 * np.stack([np.cos(turn), np.sin(turn)], 1)
    there = drawing.drawing_of(made, "dst", face.name)
    drawing.keep(made, "dst", replace(there, regions=(("include", ring),)))
    return made.folder


MEASURES: dict[str, Callable[[argparse.Namespace], bool]] = {
    "start": start,
    "memory": memory,
    "scroll": partial(studio_gallery.scroll, studio=studio),
    "lists": partial(studio_gallery.lists, studio=studio),
    "masks": partial(studio_gallery.masks, studio=studio),
    "thumbnails": partial(studio_gallery.thumbnails, studio=studio),
    "drag": drag,
    "merge": partial(studio_merge.merge, studio=studio),
}


def main() -> int:
    """Run one measure; 0 where it keeps what was promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measure", choices=MEASURES)
    parser.add_argument("project", nargs="?", type=Path)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--clip", default="dst")
    parser.add_argument("--clip-frames", type=int, default=10)
    parser.add_argument("--model", default="main")
    options = parser.parse_args()
    if options.project is None and options.measure not in ("start", "drag"):
        parser.error(f"{options.measure} needs a project's folder")
    return 0 if MEASURES[options.measure](options) else 1


if __name__ == "__main__":
    sys.exit(main())
