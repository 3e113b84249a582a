"""Files as DeepFaceLab and faceswap write them, made from their formats alone and by nothing of ours."""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from understudy.faces.pose import rotation
from understudy.mean_face import MEAN_FACE_51_IN_UNIT, MEAN_FACE_68_IN_SPACE

FRAME_SIZE = (320, 240)
SIDES = {  # of the crop, in sides of the unit square
    "half_face": 1.0,
    "midfull_face": 1 + 2 * 0.0675 * np.sqrt(2),
    "full_face": 1 + 2 * 0.2109375 * np.sqrt(2),
    "whole_face": 1 + 2 * 0.40 * np.sqrt(2),
    "head": 1 + 2 * 0.70 * np.sqrt(2),
}
UP = {"whole_face": 0.07, "head": 0.5}


def landmarks(yaw=0.0, pitch=0.0, roll=0.0, *, size=0.6, at=(160.0, 120.0)) -> np.ndarray:
    """68 points of a turned head, counted from the first pixel's middle, as their programs do."""
    turned = MEAN_FACE_68_IN_SPACE @ rotation(np.radians([yaw, pitch, roll])).T
    return turned[:, :2] * size + np.asarray(at)


def frame(seed=0, size=FRAME_SIZE) -> np.ndarray:
    """A soft random picture, (height, width, 3)."""
    rng = np.random.default_rng(seed)
    rough = rng.integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
    return cv2.resize(rough, size, interpolation=cv2.INTER_CUBIC)


def dfl_matrix(points: np.ndarray, face_type: str, size: int) -> np.ndarray:
    """frame to aligned, between pixel middles: fit 33 points, then crop about the unit square's middle."""
    used = [*range(17, 48), 48, 54]
    goal = MEAN_FACE_51_IN_UNIT[np.array(used) - 17]
    start = points[used]
    a, b = start - start.mean(0), goal - goal.mean(0)
    # The least-squares similarity of two sets of points, as complex numbers.
    za, zb = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    factor = (np.conj(za) @ zb) / (np.conj(za) @ za)
    linear = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    shift = goal.mean(0) - linear @ start.mean(0)
    side = SIDES[face_type]
    offset = np.array([side / 2 - 0.5, side / 2 - 0.5 + UP.get(face_type, 0.0)])
    if face_type == "head":
        unit = points @ linear.T + shift
        k = np.arange(3)
        yaw = (unit[16 - k, 0] - unit[27 + k, 0]).mean() - (unit[27 + k, 0] - unit[k, 0]).mean()
        offset[0] -= 0.5 * yaw * abs(np.tanh(2 * yaw))
    scale = size / side
    return np.column_stack([linear * scale, (shift + offset) * scale])


def moved(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


def aligned(picture: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LANCZOS4)


def dfl_values(points=None, face_type="full_face", size=128, *, name="00012.png", **more) -> dict:
    """The fields of a face of 2020 to 2022."""
    points = landmarks() if points is None else points
    matrix = dfl_matrix(points, face_type, size)
    box = [*points.min(0), *points.max(0)]
    values = {
        "face_type": face_type,
        "landmarks": moved(matrix, points).tolist(),
        "source_filename": name,
        "source_rect": [int(x) for x in box],
        "source_landmarks": points.tolist(),
        "eyebrows_expand_mod": 1.0,
    }
    return {key: value for key, value in {**values, **more}.items() if value is not None}


def dfl_picture(values: dict, size=128) -> np.ndarray:
    points = np.asarray(values.get("source_landmarks", landmarks()), float)
    return aligned(frame(), dfl_matrix(points, values.get("face_type", "full_face"), size), size)


def jpeg(picture: np.ndarray, quality=90) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=quality)
    return out.getvalue()


def png(picture: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    return out.getvalue()


def with_app15(image: bytes, payload: bytes) -> bytes:
    """An APP15 behind JFIF's APP0."""
    (length,) = struct.unpack_from(">H", image, 4)
    at = 4 + length
    return image[:at] + b"\xff\xef" + struct.pack(">H", 2 + len(payload)) + payload + image[at:]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk_at_end(image: bytes, kind: bytes, data: bytes) -> bytes:
    end = image.rindex(b"IEND") - 4
    return image[:end] + chunk(kind, data) + image[end:]


def dfl_jpeg(values: dict | None = None, picture=None, *, protocol=4, size=128) -> bytes:
    values = dfl_values(size=size) if values is None else values
    picture = dfl_picture(values, size) if picture is None else picture
    return with_app15(jpeg(picture), pickle.dumps(values, protocol))


def dfl_png(values: dict | None = None, picture=None, *, protocol=3, size=128) -> bytes:
    values = dfl_values(size=size) if values is None else values
    picture = dfl_picture(values, size) if picture is None else picture
    return with_chunk_at_end(png(picture), b"fcWp", pickle.dumps(values, protocol))


def pak(configs: list, images: list[bytes], *, version=1) -> bytes:
    """With the last offset as DeepFaceLab writes it: the place in the file, not behind the table."""
    config = pickle.dumps(configs, 4)
    head = struct.pack("<QQ", version, len(config)) + config
    offsets = [0]
    for image in images:
        offsets.append(offsets[-1] + len(image))
    offsets[-1] += len(head) + 8 * len(offsets)
    return head + struct.pack(f"<{len(offsets)}Q", *offsets) + b"".join(images)


def pak_config(name: str, values: dict, size=128, **more) -> dict:
    return {
        "sample_type": 1,
        "filename": name,
        "face_type": 2,
        "shape": (size, size, 3),
        "landmarks": values["landmarks"],
        "seg_ie_polys": values.get("seg_ie_polys", {"polys": []}),
        "xseg_mask": None,
        "xseg_mask_compressed": values.get("xseg_mask"),
        "eyebrows_expand_mod": 1.0,
        "source_filename": values["source_filename"],
        "person_name": None,
        **more,
    }


def faceswap_mask(matrix: np.ndarray, grey: np.ndarray, centring="face") -> dict:
    return {
        "mask": zlib.compress(grey.tobytes()),
        "affine_matrix": matrix.tolist(),
        "interpolator": 2,
        "stored_size": len(grey),
        "stored_centering": centring,
    }


def faceswap_entry(points=None, **masks) -> dict:
    points = landmarks() if points is None else points
    left, top, right, bottom = (int(x) for x in [*points.min(0), *points.max(0)])
    return {
        "x": left, "y": top, "w": right - left, "h": bottom - top,
        "landmarks_xy": points.tolist(), "mask": masks, "identity": {},
    }  # fmt: skip


def faceswap_png(entry: dict | None = None, picture=None, *, name="clip_000012.png", text=None) -> bytes:
    picture = frame(size=(128, 128)) if picture is None else picture
    values = {
        "alignments": entry or faceswap_entry(),
        "source": {
            "alignments_version": 2.4, "original_filename": "clip_000012_0.png", "face_index": 0,
            "source_filename": name, "source_is_video": True, "source_frame_dims": (240, 320),
        },
    }  # fmt: skip
    data = b"faceswap" + b"\x00" * 5 + (repr(values) if text is None else text).encode()
    image = png(picture)
    at = image.index(b"IDAT") - 4
    return image[:at] + chunk(b"iTXt", data) + image[at:]


def fsa(frames: dict, version: float | None = 2.4) -> bytes:
    data: dict = {"__data__": frames}
    if version is not None:
        data["__meta__"] = {"version": version}
    return zlib.compress(pickle.dumps(data))


def dfl_aligned(folder: Path) -> Path:
    """A folder `data_src/aligned` in `folder` with three faces as DeepFaceLab keeps them."""
    aligned = folder / "data_src" / "aligned"
    aligned.mkdir(parents=True)
    for n in range(3):
        values = dfl_values(landmarks(yaw=n * 10), name=f"{n + 1:05d}.png")
        (aligned / f"{n + 1:05d}_0.jpg").write_bytes(dfl_jpeg(values))
    return aligned
