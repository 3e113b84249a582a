"""How fast faces are merged, where the time goes, and how both grow with frames, faces and pixels.

The footage is rendered once and kept in the folder that is named: an actor in a grainy plate of 16:9, landmarks
from the renderer. The model is a `quick` of random weights, which takes as long as a trained one. Beside it
stands the plain way of doing it in one process: decode, predict a face, warp, cv2.seamlessClone, cv2.imwrite.
Run: python benchmarks/merge.py FOLDER steps|speed|growth|memory [FRAMES]
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import psutil

from understudy import geometry
from understudy.actors.identity import DEMO_DST
from understudy.actors.performance import dst_track
from understudy.actors.render import render_frames
from understudy.events import Progress
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset
from understudy.masks.hull import hull_mask
from understudy.media.clip import ColorTags
from understudy.media.images import encode_png
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.merging.composite import composite
from understudy.merging.merge import merge
from understudy.merging.options import MergeOptions
from understudy.merging.painted import enlarged, own_crop, painted_face, steadied
from understudy.networks.catalog import build
from understudy.training.keeping.about import ModelWish, about_model
from understudy.training.keeping.checkpoint import Checkpoint, save_checkpoint
from understudy.training.predictor import ModelPredictor, load_predictor

HEIGHT = 1080
RENDERED, RENDER_PX, SHARE = 12, 320, 0.8
ROUNDS = 3
LONGER = 6  # times the clip for several processes, which take a while to begin
BT709 = ColorTags(matrix=1, range=1, primaries=1, transfer=1)
# The mask of untrained weights is noise; dst's hull lies where a trained model's would.
OPTIONS = {mode: MergeOptions(mode=mode, mask="dst-hull") for mode in ("overlay", "seamless")}


def model(folder: Path) -> ModelPredictor:
    """A `quick` of random weights, loaded as the merge loads a trained one."""
    place = folder / "quick"
    if not place.exists():
        about = about_model(place, ModelWish("quick"))
        weights = build(about.architecture, about.network).state_dict()
        save_checkpoint(place, Checkpoint(1, weights, weights))
    return load_predictor(place, "cpu")


def footage(folder: Path, *, frames: int, height: int = HEIGHT, faces: int = 1) -> tuple[Path, Faceset]:
    """A clip with `faces` actors side by side, and its faceset; filmed where it is missing."""
    place = folder / f"{frames}-{height}-{faces}"
    if not (place / "whole").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        _film(place, frames=frames, height=height, faces=faces)
        (place / "whole").touch()
    return place / "dst.mp4", Faceset(place / "faces")


def _film(place: Path, *, frames: int, height: int, faces: int) -> None:
    width, rng = height * 16 // 9, np.random.default_rng(3)
    shots = [
        (shown.rgb, shown.landmarks_68)
        for shown in render_frames(DEMO_DST, dst_track(RENDERED, 7), size_px=RENDER_PX, processes=1)
    ]
    side = int(min(height, width // faces) * SHARE)
    grain = rng.normal(0, 2.5, (height + 32, width + 32, 3)).astype(np.float32)
    size = {"width": width, "height": height, "time_base": Fraction(1, 25), "rate": Fraction(25)}
    with (
        Faceset(place / "faces") as store,
        MovieWriter(place / "dst.mp4", **size, color=BT709, preset="ultrafast", crf=14) as writer,
    ):
        for index in range(frames):
            at = index % (2 * RENDERED - 2)
            rgb, points = shots[min(at, 2 * RENDERED - 2 - at)]
            plate = np.tile(np.linspace(60, 150, width, dtype=np.float32)[None, :, None], (height, 1, 3))
            for number in range(faces):
                x, y = number * width // faces + (width // faces - side) // 2, (height - side) // 2
                face = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_CUBIC)
                plate[y : y + side, x : x + side] = face
                there = points * side / RENDER_PX + (x, y)
                store.add(np.zeros((16, 16, 3), np.uint8), _record(index, there, (width, height), number))
            dy, dx = rng.integers(0, 32, 2)
            plate += grain[dy : dy + height, dx : dx + width]
            writer.write(np.clip(plate, 0, 255).astype(np.uint8), index)


def _record(frame: int, points: np.ndarray, size: tuple[int, int], number: int) -> FaceRecord:
    matrix = geometry.crop_from_frame(points, face_type="full", size_px=16)
    return FaceRecord(
        clip="dst",
        frame=frame,
        time_s=frame / 25,
        frame_size=size,
        score=1.0,
        box_xyxy=(*points.min(0).tolist(), *points.max(0).tolist()),
        landmarks_68=[(float(x), float(y)) for x, y in points],
        face_type="full",
        size_px=16,
        crop_from_frame=matrix.tolist(),
        track=number,
        person=number + 1,
    )


def merged(clip: Path, faces: Faceset, predictor: ModelPredictor, options: MergeOptions) -> Iterator[int]:
    """Merge into an empty folder; the frames as they are done."""
    out = clip.parent / "merged"
    shutil.rmtree(out, ignore_errors=True)
    for event in merge(clip, faces=faces, predictor=predictor, folder=out, options=options):
        if isinstance(event, Progress):
            yield event.done


def plainly(clip_path: Path, faces: Faceset, predictor: ModelPredictor) -> Iterator[int]:
    """The same footage, one step after the other, with OpenCV's own cloning and its own PNG writer."""
    out = clip_path.parent / "plain"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    records = {face.record.frame: face.record for face in faces.faces()}
    size = predictor.size_px
    with open_clip(clip_path) as clip:
        for frame in clip.frames():
            points = records[frame.index].landmarks()
            matrix = geometry.crop_from_frame(points, face_type=predictor.face_type, size_px=size)
            crop = cv2.warpAffine(frame.rgb, matrix, (size, size), flags=cv2.INTER_AREA)
            painted = (predictor.predict(crop[None]).rgb_NHWC[0] * 255).astype(np.uint8)
            height, width = frame.rgb.shape[:2]
            warped = cv2.warpAffine(painted, matrix, (width, height), flags=cv2.WARP_INVERSE_MAP)
            mask = (hull_mask(points, width, height) > 0.5).astype(np.uint8) * 255
            x, y, w, h = cv2.boundingRect(mask)
            result = cv2.seamlessClone(warped, frame.rgb, mask, (x + w // 2, y + h // 2), cv2.NORMAL_CLONE)
            cv2.imwrite(str(out / f"{frame.index:06d}.png"), result[..., ::-1])
            yield frame.index


def steps(folder: Path, frames: int) -> None:
    """CPU time of every step, one after the other in one thread."""
    cv2.setNumThreads(1)
    clip_path, faces = footage(folder, frames=frames)
    predictor = model(folder)
    records = {face.record.frame: face.record for face in faces.faces()}
    for mode, options in OPTIONS.items():
        spent: dict[str, float] = {}

        def timed(name: str, work: Callable, *given: object, spent: dict = spent, **more: object) -> object:
            began = time.process_time()
            result = work(*given, **more)
            spent[name] = spent.get(name, 0.0) + time.process_time() - began
            return result

        with open_clip(clip_path) as clip:
            source, size = clip.frames(), predictor.size_px
            predictor.predict(np.zeros((8, size, size, 3), np.uint8))
            for _ in range(frames // 8):
                batch = [timed("decode", next, source) for _ in range(8)]
                matrices = [
                    geometry.crop_from_frame(records[one.index].landmarks(), face_type="full", size_px=size)
                    for one in batch
                ]
                pairs = list(zip(batch, matrices, strict=True))
                crops = [timed("cut", own_crop, one.rgb, matrix, size) for one, matrix in pairs]
                prediction = timed("predict", predictor.predict, np.stack(crops))
                painted = []
                for index, (one, matrix) in enumerate(pairs):
                    how = {"record": records[one.index], "crop_from_frame": matrix, "options": options}
                    face = timed("mask, measure colours", painted_face, crops[index], prediction, index, **how)
                    painted.append(face)
                for index, (one, _) in enumerate(pairs):
                    near = [(other - index, face) for other, face in enumerate(painted)]
                    face = timed("steady", steadied, painted[index], near, reach=options.steady_reach)
                    face = timed("enlarge", enlarged, face, options)
                    picture = timed("grade, warp, blend", composite, one.rgb, [face], options)
                    data = timed("PNG", encode_png, picture)
                    timed("write", (folder / "one.png").write_bytes, data)
        total = sum(spent.values())
        print(f"{mode}: {total / frames * 1e3:.0f} ms of CPU a frame, its PNG {len(data) / 1e6:.2f} MB")
        for name, seconds in spent.items():
            print(f"  {name:<22}{seconds / frames * 1e3:7.1f} ms {seconds / total:6.1%}")


def rate(frames: Iterator[int], *, skip: int = 8) -> float:
    """Frames a second after the first few, which wait for libraries and processes to be loaded."""
    began, count = time.perf_counter(), 0
    for count, _ in enumerate(frames, 1):
        if count == skip:
            began = time.perf_counter()
    return (count - skip) / (time.perf_counter() - began)


def speed(folder: Path, frames: int) -> None:
    """Frames a second, the best of some rounds that take turns."""
    clip, faces = footage(folder, frames=frames)
    predictor = model(folder)
    ways: dict[str, Callable[[], float]] = {"plainly": lambda: rate(plainly(clip, faces, predictor))}
    for mode, options in OPTIONS.items():
        for workers in (1, psutil.cpu_count() or 1):
            how = options.changed(workers=workers)
            shown = (clip, faces) if workers == 1 else longer(folder, clip, frames, LONGER)
            skip = 8 if workers == 1 else frames
            ways[f"{mode}, workers {workers}"] = lambda how=how, shown=shown, skip=skip: rate(
                merged(*shown, predictor, how), skip=skip
            )
    best = dict.fromkeys(ways, 0.0)
    for _ in range(ROUNDS):
        for name, way in ways.items():
            best[name] = max(best[name], way())
    for name, found in best.items():
        print(f"  {name:<22}{found:7.2f} frames/s   {found / best['plainly']:5.2f} x plainly")


def growth(folder: Path, frames: int) -> None:
    """CPU time a frame in one process, and its ratio to the first line."""
    predictor = model(folder)
    cases = {
        "1 face, 540 lines": (frames, 540, 1),
        f"1 face, 540 lines, {4 * frames} frames": (4 * frames, 540, 1),
        "2 faces, 540 lines": (frames, 540, 2),
        "4 faces, 540 lines": (frames, 540, 4),
        "1 face, 1080 lines": (frames, 1080, 1),
        "1 face, 2160 lines": (frames, 2160, 1),
    }
    for mode, options in OPTIONS.items():
        first = 0.0
        print(mode)
        for name, (count, height, people) in cases.items():
            clip, faces = footage(folder, frames=count, height=height, faces=people)
            began = time.process_time()
            for _ in merged(clip, faces, predictor, options.changed(workers=1)):
                pass
            cost = (time.process_time() - began) / count
            first = first or cost
            print(f"  {name:<34}{cost * 1e3:7.1f} ms a frame {cost / first:6.2f} x")


def longer(folder: Path, clip: Path, frames: int, times: int) -> tuple[Path, Faceset]:
    """The clip `times` times over, packets as they are, and its faceset."""
    place = folder / f"{frames * times}-long"
    if not (place / "whole").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        with av.open(str(place / "dst.mp4"), "w") as out, Faceset(place / "faces") as store:
            stream = None
            for turn in range(times):
                with av.open(str(clip)) as source:
                    video = source.streams.video[0]
                    stream = stream or out.add_stream_from_template(video)
                    step = round(Fraction(1, 25) / video.time_base)
                    for packet in source.demux(video):
                        if packet.dts is None:
                            continue
                        packet.pts += turn * frames * step
                        packet.dts += turn * frames * step
                        packet.stream = stream
                        out.mux(packet)
            with Faceset(clip.parent / "faces") as short:
                records = [face.record for face in short.faces()]
            for turn in range(times):
                for one in records:
                    index = one.frame + turn * frames
                    moved = one.model_copy(update={"frame": index, "time_s": index / 25})
                    store.add(np.zeros((16, 16, 3), np.uint8), moved)
        (place / "whole").touch()
    return place / "dst.mp4", Faceset(place / "faces")


@contextmanager
def watched() -> Iterator[dict[int, int]]:
    """The largest resident memory of this process and of each of its children, by their number."""
    most: dict[int, int] = {}
    over = threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not over.wait(0.2):
            for process in (me, *me.children(recursive=True)):
                try:
                    used = process.memory_info().rss
                except psutil.Error:
                    continue
                most[process.pid] = max(most.get(process.pid, 0), used)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def memory(folder: Path, frames: int) -> None:
    """The largest resident memory at `frames` and at ten times as many; what is written is removed."""
    clip, faces = footage(folder, frames=frames)
    predictor = model(folder)
    for path, store, count in ((clip, faces, frames), (*longer(folder, clip, frames, 10), 10 * frames)):
        with watched() as most:
            for done in merged(path, store, predictor, OPTIONS["overlay"].changed(workers=2)):
                if done % 100 == 0:
                    for picture in (path.parent / "merged").glob("0*.png"):
                        picture.unlink(missing_ok=True)
        said = ", ".join(f"{used / 1e6:.0f}" for used in most.values())
        print(f"  {count} frames: MB of this process and its {len(most) - 1} others: {said}", flush=True)


if __name__ == "__main__":
    place, what = Path(sys.argv[1]), {"steps": steps, "speed": speed, "growth": growth, "memory": memory}
    default = {"steps": 48, "speed": 96, "growth": 24, "memory": 500}
    what[sys.argv[2]](place, int(sys.argv[3]) if len(sys.argv) > 3 else default[sys.argv[2]])
