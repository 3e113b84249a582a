"""How long it takes in the Merge room, in a browser, from a slider's move to the other picture, and why.

    python benchmarks/studio.py merge FOLDER

FOLDER gets a project with 1280 x 720 footage, drawn as `preview.py` says, and a `quick` that hardly learned
anything, which takes as long as a good one. Both are kept. The goal is 300 ms at the median once the model is
loaded. Steps are those of the server; `browser` is all the rest: the way there and back, decoding, drawing. On
a busy machine only the processor's seconds tell anything; they include keeping what was tried.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from preview import footage

from understudy.faces.align import crop
from understudy.jobs.clips.adding import add_clips
from understudy.media.opening import open_clip
from understudy.project.project import Project

GOAL_MS = 300
MOVES = 10
# What is dragged: an option, from and to.
SLIDERS = {"blur": (0.02, 0.3), "erode": (-0.05, 0.1), "face_scale": (0.9, 1.1), "grain": (0.0, 2.0)}
STEPS = ("asked", "waited", "open", "paint", "compose", "encode", "browser")

# Moves a slider, and waits until a picture that was asked for afterwards is drawn.
_MOVE = """async ([option, value]) => {
  const room = document.querySelector('us-room-merge'), view = room.querySelector('us-view2d');
  const slider = room.querySelector(`[data-option=${option}] input[type=range]`);
  const before = room.last, began = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event('input', {bubbles: true}));
  while (room.last === before) await new Promise(requestAnimationFrame);
  const draws = view.draws;
  while (view.draws === draws && performance.now() - began < 5000) await new Promise(requestAnimationFrame);
  return [performance.now() - began, room.last.steps];
}"""


def project_720p(folder: Path) -> Path:
    """A project with a dst clip of 720p, its faces, and a model."""
    folder.mkdir(parents=True, exist_ok=True)
    home = folder / "project"
    if home.is_dir():
        return home
    path, faces = footage(folder)
    project = Project.create(home)
    add_clips(project, src=[], dst=[path], consent="fictional")
    add_clips(project, src=[path], dst=[], consent="fictional")
    names = {role: next(iter(project.manifest.clips_of(role))) for role in ("src", "dst")}
    with open_clip(path) as clip:
        frames = [frame.rgb for frame in clip.frames()]
    for role in ("src", "dst"):
        with project.faceset(*project.faceset_of_clip(names[role])) as faceset:
            for face, frame in zip(faces, frames, strict=True):
                one = face.record.model_copy(update={"clip": names[role]})
                faceset.add(crop(frame, one.crop_from_frame, one.size_px), one)
    words = [
        "train",
        str(home),
        "--preset",
        "quick",
        "--iterations",
        "2",
        "--batch-size",
        "4",
        "--device",
        "cpu",
    ]
    subprocess.run([sys.executable, "-m", "understudy", *words], check=True, stdout=subprocess.DEVNULL)
    return home


def merge(options: argparse.Namespace, *, studio: Callable[..., Any]) -> bool:
    """Milliseconds from a slider's move to the other picture, and the share of each step."""
    home = project_720p(options.project)
    clip = next(iter(Project.open(home).manifest.clips_of("dst")))
    with studio(str(home)) as running:
        jar = next(one for one in running.browser.handlers if hasattr(one, "cookiejar")).cookiejar
        cookies = [{"name": c.name, "value": c.value, "domain": "127.0.0.1", "path": "/"} for c in jar]
        return measure_in_browser(running, cookies, clip)


def measure_in_browser(running: Any, cookies: list[dict[str, Any]], clip: str) -> bool:
    """Drag every slider, and print the times."""
    from playwright.sync_api import sync_playwright

    process = psutil.Process(running.process.pid)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        context = browser.new_context(viewport={"width": 1600, "height": 1000})
        context.add_cookies(cookies)
        page = context.new_page()
        page.goto(f"{running.home}#/merge?clip={clip}&frame=20")
        page.wait_for_selector("us-room-merge[data-shown][data-letters]", timeout=120_000)
        times: list[float] = []
        worked_s = _worked_s(process)
        shares: dict[str, list[float]] = {step: [] for step in STEPS}
        for option, (low, high) in SLIDERS.items():
            own = []
            for number in range(MOVES):
                took_ms, steps = page.evaluate(_MOVE, [option, low + (high - low) * (number + 1) / MOVES])
                own.append(took_ms)
                steps["browser"] = took_ms - sum(steps.values())
                for step in STEPS:
                    shares[step].append(steps.get(step, 0.0))
            times += own
            _print(option, own)
            page.wait_for_timeout(1500)  # it is kept meanwhile
        requests = page.evaluate("document.querySelector('us-room-merge').pictures.most_in_flight")
        browser.close()
    _print("all", times)
    whole = sum(map(sum, shares.values()))
    for step, values in shares.items():
        print(f"  {step:<10} median {statistics.median(values):6.1f} ms   {sum(values) / whole:5.1%}")
    worked_s = (_worked_s(process) - worked_s) / len(times)
    print(f"processor of the server for one move: {1000 * worked_s:.0f} ms")
    print(f"requests on their way at once, at most: {requests}")
    return statistics.median(times) <= GOAL_MS


def _worked_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _print(name: str, times_ms: list[float]) -> None:
    high = sorted(times_ms)[int(0.95 * (len(times_ms) - 1))]
    median = statistics.median(times_ms)
    print(f"{name:<12} median {median:6.1f} ms   p95 {high:6.1f} ms   worst {max(times_ms):6.1f} ms")
