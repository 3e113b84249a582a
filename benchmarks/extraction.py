"""How fast each stage of extraction is, for each core, and how much memory a process needs as clips get longer.

The clip is 1080p: a rendered actor moving before a plate. Every block is a run of its own in a fresh process;
frames/s of a core are frames over the processor seconds of all processes together, so that other programs on
the machine count for little. Run: python benchmarks/extraction.py [--frames 500 5000] [--workers 1 2]
[--landmarker dense] [--detect-every 8]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import numpy as np
import psutil

from understudy.actors.identity import DEMO_SRC
from understudy.actors.performance import State
from understudy.actors.render import render
from understudy.events import Progress, StageStarted
from understudy.facesets.extraction.extract import extract
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.store import Faceset

WIDTH, HEIGHT, FACE_PX = 1920, 1080, 420
TAKE = 250  # frames that are encoded; longer clips repeat them


def picture(index: int, plate: np.ndarray, faces: list[np.ndarray]) -> np.ndarray:
    """Frame `index` of a take whose last frame leads to its first."""
    turn = 2 * np.pi * index / TAKE
    x, y = round(700 + 300 * np.sin(turn)), round(300 + 60 * np.cos(2 * turn))
    frame = plate.copy()
    frame[y : y + FACE_PX, x : x + FACE_PX] = faces[index * len(faces) // TAKE]
    return frame


def make_clip(path: Path, frames: int) -> None:
    """A 1080p H.264 clip of the given length; the encoded take is repeated packet by packet."""
    yaws = np.concatenate([np.linspace(-25, 25, 8), np.linspace(25, -25, 8)])
    faces = [render(DEMO_SRC, State(yaw_deg=float(yaw)), size_px=FACE_PX).rgb for yaw in yaws]
    noise = np.random.default_rng(0).integers(60, 150, (27, 48, 3), dtype=np.uint8)
    plate = cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "20", "bf": "0", "g": "125"}
        packets = []
        for index in range(TAKE):
            packets += stream.encode(av.VideoFrame.from_ndarray(picture(index, plate, faces), format="rgb24"))
        packets += stream.encode()
        step = packets[1].pts - packets[0].pts
        for number in range(frames):
            source = packets[number % TAKE]
            packet = av.Packet(bytes(source))
            packet.stream, packet.time_base = stream, source.time_base
            packet.pts = packet.dts = number * step
            packet.is_keyframe = source.is_keyframe
            container.mux(packet)


@dataclass
class Peaks:
    """The largest resident size of this process and of any it started, looked at ten times a second."""

    bytes_of: dict[int, int] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Run in a thread until `stop`."""
        me = psutil.Process()
        while not self._over.wait(0.1):
            for process in [me, *me.children(recursive=True)]:
                try:
                    size = process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
                self.bytes_of[process.pid] = max(self.bytes_of.get(process.pid, 0), size)

    def stop(self) -> None:
        """End the watch."""
        self._over.set()


def cpu_seconds() -> float:
    """Processor seconds of this process and those it started that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def run(clip: Path, workers: int, landmarker: str, detect_every: int) -> None:
    """Extract the clip and print what each stage took, as JSON."""
    peaks, stages = Peaks(), {}
    watch = threading.Thread(target=peaks.watch, daemon=True)
    watch.start()
    with tempfile.TemporaryDirectory() as folder, Faceset(Path(folder) / "faces") as faceset:
        events = extract(
            clip,
            clip_name="clip",
            role="dst",
            faceset=faceset,
            options=ExtractOptions(
                workers=workers, overlays=True, landmarker=landmarker, detect_every=detect_every
            ),
            cache=Path(folder) / "cache",
            people_folder=Path(folder) / "people",
            person=1,
        )
        now, began, cpu = "", 0.0, 0.0
        for event in events:
            if isinstance(event, StageStarted):
                if now:
                    stages[now] |= {"seconds": time.monotonic() - began, "cpu": cpu_seconds() - cpu}
                now, began, cpu = event.stage, time.monotonic(), cpu_seconds()
                stages[now] = {}
            elif isinstance(event, Progress) and event.stage == now:
                stages[now]["done"] = event.done
        stages[now] |= {"seconds": time.monotonic() - began, "cpu": cpu_seconds() - cpu}
        log_bytes = (Path(folder) / "cache" / "clip.found.jsonl").stat().st_size
    peaks.stop()
    sizes = peaks.bytes_of
    own = sizes.pop(os.getpid())
    print(json.dumps({"stages": stages, "own": own, "workers": sorted(sizes.values()), "log_bytes": log_bytes}))


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="+", default=[500, 5000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--landmarker", default=ExtractOptions().landmarker)
    parser.add_argument("--detect-every", type=int, default=ExtractOptions().detect_every)
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.run:
        run(said.run, said.workers[0], said.landmarker, said.detect_every)
        return
    with tempfile.TemporaryDirectory() as folder:
        for frames in said.frames:
            clip = Path(folder) / f"{frames}.mp4"
            make_clip(clip, frames)
            for workers in said.workers:
                command = [sys.executable, __file__, "--run", str(clip), "--workers", str(workers)]
                command += ["--landmarker", said.landmarker, "--detect-every", str(said.detect_every)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                result = json.loads(done.stdout.splitlines()[-1])
                print(f"{frames} frames, {workers} processes, {os.cpu_count()} cores")
                for name, stage in result["stages"].items():
                    print(
                        f"  {name:<10} {stage['done'] / stage['seconds']:7.1f} frames/s"
                        f"   {stage['done'] / stage['cpu']:7.1f} frames/s of a core"
                    )
                workers_mb = ", ".join(f"{size / 1e6:.0f}" for size in result["workers"]) or "none"
                own_mb, log_mb = result["own"] / 1e6, result["log_bytes"] / 1e6
                print(f"  peak memory {own_mb:.0f} MB, workers {workers_mb}; log {log_mb:.1f} MB")


if __name__ == "__main__":
    main()
