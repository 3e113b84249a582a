"""The pictures of the studio's pages: every room of a rendered project, as a browser shows it.

`make guide-pictures`, or: python docs/guide/make_studio_pictures.py [--demo FOLDER] [--only faces,merge]

FOLDER is what `understudy demo --out FOLDER` made; without, it is made here (minutes). It is copied and not
changed. Needs Chromium, or one named in UNDERSTUDY_BROWSER. A room has one function here, which brings it into
the state to be shown; add what your room needs to be seen at its work. Nobody real is in the pictures.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PICTURES = Path(__file__).resolve().parent / "pictures"
LARGEST_BYTES = 200_000
WIDTH_PX, HEIGHT_PX = 1440, 900


def go(page: Any, room: str, **place: str) -> None:
    """Open a room at a place in it, and wait until nothing is on its way any more."""
    words = "&".join(f"{name}={value}" for name, value in place.items())
    page.goto(page.url.split("#")[0] + f"#/{room}" + (f"?{words}" if words else ""))
    page.locator(f"us-room-{room}").wait_for()
    page.wait_for_load_state("networkidle", timeout=120_000)
    page.wait_for_timeout(500)


def project_room(page: Any) -> None:
    """What is done, what is next, what ran, and what could be better."""
    go(page, "project")
    page.get_by_role("button", name="Look", exact=True).click()
    page.locator("us-run[data-state=done]").wait_for(timeout=120_000)
    page.locator(".advice li").first.wait_for()
    page.wait_for_timeout(1000)
    page.keyboard.press("Escape")  # the message that it is done
    page.wait_for_timeout(200)


def faces_room(page: Any) -> None:
    """The gallery in groups, some faces chosen, one of them large with its landmarks."""
    go(page, "faces", faceset="src%2Fmain", sort="face-yaw", group="yaw")
    page.locator(".cell img[src]").first.wait_for()
    page.keyboard.press("d")
    page.locator(".cell").nth(7).click()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("l")
    page.wait_for_timeout(1500)


def faces_compared(page: Any) -> None:
    """Three faces side by side."""
    faces_room(page)
    page.keyboard.press("c")
    page.locator("dialog.compare figure").nth(2).wait_for()
    page.wait_for_timeout(500)


def frames_room(page: Any) -> None:
    """Some frames without a face, one drawn by hand with a point moved, another in the hand."""
    for frame in (20, 21, 22, 23, 24, 40):
        go(page, "frames", clip="dst", frame=str(frame))
        page.locator(".frames-faces button[aria-selected=true]").wait_for()
        page.keyboard.press("Delete")
        page.locator(".frames-faces button[aria-selected=true]").wait_for(state="detached")
    view = page.locator("us-room-frames us-view2d").bounding_box()
    side = view["height"]
    left, top = view["x"] + view["width"] / 2 - 0.28 * side, view["y"] + 0.22 * side
    for frame in (20, 22):
        go(page, "frames", clip="dst", frame=str(frame))
        page.mouse.move(left, top)
        page.mouse.down()
        page.mouse.move(left + 0.56 * side, top + 0.56 * side, steps=6)
        page.mouse.up()
        page.wait_for_timeout(1500)
        if frame == 20:
            page.keyboard.press("Enter")
            page.wait_for_timeout(1000)


def masks_room(page: Any) -> None:
    """A face with a region, a hole and some paint, compared with what the segmenter sees."""
    go(page, "masks", faceset="dst%2Fmain")
    page.locator(".mask-cell img").first.wait_for()
    box = page.locator("us-view2d").bounding_box()
    middle, side = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), min(box["width"], box["height"])

    def place(x: float, y: float) -> tuple[float, float]:
        return middle[0] + x * side, middle[1] + y * side

    face = [(0.24 * math.sin(turn / 7 * math.pi), -0.3 * math.cos(turn / 7 * math.pi)) for turn in range(14)]
    hole = [(0.06, 0.06), (0.2, 0.02), (0.22, 0.12), (0.08, 0.16)]
    for region, key in ((face, "q"), (hole, "w")):
        page.keyboard.press("Escape")
        page.keyboard.press(key)
        for point in [*region, region[0]]:
            page.mouse.click(*place(*point))
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("q")
    page.mouse.move(*place(-0.2, -0.2))
    page.mouse.down()
    page.mouse.move(*place(-0.05, -0.31), steps=8)
    page.mouse.up()
    room = "document.querySelector('us-room-masks')"
    for key, seen in (
        ("d", f"{room}.at === 1 && {room}.editor.ready"),
        ("r", f"{room}.editor.doc.regions.length === 2"),
        ("`", f"{room}.editor.overlay !== null"),
    ):
        page.keyboard.press(key)
        while not page.evaluate(seen):
            page.wait_for_timeout(50)
    page.keyboard.press("p")
    page.wait_for_timeout(2000)


def training_room(page: Any) -> None:
    """The loss over the whole history with what happened on the way, a training that runs, and its preview."""
    go(page, "training")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("How long").select_option("endless")
    page.get_by_role("button", name="Train", exact=True).click()
    page.locator("[data-figure=speed]").wait_for(timeout=300_000)
    page.wait_for_timeout(20_000)
    page.keyboard.press("b")
    page.get_by_label("Search options").fill("random warp")
    page.fill("[data-option=random_warp] input[type=number]", "0.35")
    page.keyboard.press("Tab")
    page.get_by_text("Taken over at iteration").wait_for(timeout=240_000)
    page.wait_for_timeout(30_000)


def training_history(page: Any) -> None:
    """One face through the iterations."""
    go(page, "training")
    page.get_by_role("tab", name="Through the iterations").click()
    page.locator("us-history[data-iteration]").wait_for()
    page.wait_for_timeout(1500)
    if page.get_by_role("button", name="Stop", exact=True).is_visible():
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_role("button", name="Go on").wait_for(timeout=60_000)


def merge_room(page: Any) -> None:
    """One frame before and after, with key frames, a range and what was measured."""
    go(page, "merge", frame="20", graph="jitter")
    page.locator("us-room-merge[data-shown]").wait_for(timeout=60_000)  # the model is loaded once
    for frame, scope, option, value in (
        (5, "key", "blur", "0.08"),
        (20, "key", "blur", "0.2"),
        (30, "here", "erode", "0.03"),
    ):
        go(page, "merge", frame=str(frame), graph="jitter")
        page.locator("us-room-merge[data-shown]").wait_for(timeout=60_000)
        page.select_option("#merge-scope", scope)
        page.fill(f"[data-option={option}] input[type=number]", value)
        page.keyboard.press("Tab")
        page.wait_for_timeout(1500)
    for button in ("Make the rest", "Measure"):
        page.get_by_role("button", name=button, exact=True).click()
        page.locator("us-room-merge us-run").wait_for()
        page.locator("us-room-merge us-run").wait_for(state="detached", timeout=300_000)
    page.mouse.move(5, 5)  # no tooltip in the picture
    go(page, "merge", frame="20", graph="jitter")
    page.locator("us-room-merge[data-shown]").wait_for(timeout=60_000)
    page.wait_for_timeout(2500)


def deliver_room(page: Any) -> None:
    """What the finished file will be and say, and one that is finished."""
    go(page, "deliver")
    page.locator("us-room-deliver[data-looked]").wait_for(timeout=60_000)
    page.get_by_role("button", name="Deliver", exact=True).click()
    page.locator("us-room-deliver us-run[data-state=done]").wait_for(timeout=120_000)
    page.get_by_role("button", name="Verify").first.click()
    page.locator(".verdict").wait_for(timeout=120_000)
    page.wait_for_timeout(500)


def keys_overlay(page: Any) -> None:
    """All keys of a room."""
    go(page, "merge")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()


# One entry a line: the picture's name and what brings the page there.
SCENES: dict[str, Callable[[Any], None]] = {
    "studio-project": project_room,
    "studio-faces": faces_room,
    "studio-faces-compare": faces_compared,
    "studio-frames": frames_room,
    "studio-masks": masks_room,
    "studio-training": training_room,
    "studio-training-history": training_history,
    "studio-merge": merge_room,
    "studio-deliver": deliver_room,
    "studio-keys": keys_overlay,
}


@contextlib.contextmanager
def running_studio(project: Path, home: Path) -> Iterator[str]:
    """The studio on a project in a process of its own; yields a link that lets one browser in."""
    process = subprocess.Popen(
        [sys.executable, "-m", "understudy", "studio", str(project), "--json"],
        env=os.environ | {"UNDERSTUDY_HOME": str(home), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        link = next((json.loads(line).get("url") for line in process.stdout if "StudioOpen" in line), None)
        if link is None:
            raise RuntimeError("The studio did not start.")
        yield link
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@contextlib.contextmanager
def window(link: str, theme: str) -> Iterator[Any]:
    """A browser's page on the studio."""
    from playwright.sync_api import sync_playwright

    named = os.environ.get("UNDERSTUDY_BROWSER")
    browser = next(filter(None, map(shutil.which, [*filter(None, [named]), "chromium", "google-chrome"])), None)
    if browser is None:
        raise RuntimeError("No Chromium here: apt-get install chromium, or name one in UNDERSTUDY_BROWSER.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser)
        page = chromium.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
        page.set_default_timeout(120_000)
        page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        page.goto(link)
        page.wait_for_selector("us-shell main > *")
        yield page
        chromium.close()


def picture(page: Any, path: Path) -> None:
    """Keep what the page shows, as good as 200 kB allow."""
    for quality in (88, 80, 72, 64, 55, 45):
        shot = page.screenshot(type="jpeg", quality=quality, animations="disabled")
        if len(shot) <= LARGEST_BYTES:
            break
    path.write_bytes(shot)


def main() -> None:
    """Make all pictures, or those that are named."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--demo", type=Path)
    asked.add_argument("--only", default="")
    asked.add_argument("--light", action="store_true")
    asked.add_argument("--out", type=Path, default=PICTURES)
    said = asked.parse_args()
    said.out.mkdir(parents=True, exist_ok=True)
    only = {f"studio-{name}" for name in said.only.split(",") if name} or set(SCENES)
    with tempfile.TemporaryDirectory() as made:
        demo = said.demo
        if demo is None:
            demo = Path(made) / "made"
            subprocess.run([sys.executable, "-m", "understudy", "demo", "--out", str(demo)], check=True)
        shot = Path(made) / "shot"
        shutil.copytree(demo / "project", shot)
        with (
            running_studio(shot, Path(made) / "home") as link,
            window(link, "light" if said.light else "dark") as page,
        ):
            for name, scene in SCENES.items():
                if name in only:
                    scene(page)
                    picture(page, said.out / f"{name}.jpg")
                    print(said.out / f"{name}.jpg", flush=True)


if __name__ == "__main__":
    main()
