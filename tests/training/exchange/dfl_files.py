"""Model files of DeepFaceLab 2, written from their specification, and what they paint, computed its way.

The arithmetic here is numpy on (N, height, width, channels) with kernels (height, width, in, out): none of it
is shared with our networks, so an error in a layout can't hide.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
Parts = dict[str, Arrays]


class Maker:
    """Draws the arrays of layers."""

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)

    def conv(self, part: Arrays, path: str, wide_in: int, wide_out: int, kernel: int) -> None:
        shape = (kernel, kernel, wide_in, wide_out)
        spread = 1.5 / np.sqrt(kernel * kernel * wide_in)
        part[f"{path}/weight:0"] = (self.random.standard_normal(shape) * spread).astype(np.float32)
        part[f"{path}/bias:0"] = (self.random.standard_normal(wide_out) * 0.1).astype(np.float32)

    def dense(self, part: Arrays, path: str, wide_in: int, wide_out: int) -> None:
        weight = self.random.standard_normal((wide_in, wide_out)) / np.sqrt(wide_in)
        part[f"{path}/weight:0"] = weight.astype(np.float32)
        part[f"{path}/bias:0"] = (self.random.standard_normal(wide_out) * 0.1).astype(np.float32)

    def up(self, part: Arrays, path: str, wide_in: int, wide_out: int) -> None:
        self.conv(part, f"{path}/conv1", wide_in, 4 * wide_out, 3)

    def residual(self, part: Arrays, path: str, wide: int) -> None:
        self.conv(part, f"{path}/conv1", wide, wide, 3)
        self.conv(part, f"{path}/conv2", wide, wide, 3)

    def encoder(self, e: int, letters: str) -> Arrays:
        part: Arrays = {}
        if "t" not in letters:
            for level, (a, b) in enumerate([(3, e), (e, 2 * e), (2 * e, 4 * e), (4 * e, 8 * e)]):
                self.conv(part, f"down1/downs_{level}/conv1", a, b, 5)
            return part
        self.conv(part, "down1/conv1", 3, e, 5)
        self.residual(part, "res1", e)
        for level, (a, b) in enumerate([(e, 2 * e), (2 * e, 4 * e), (4 * e, 8 * e), (8 * e, 8 * e)], start=2):
            self.conv(part, f"down{level}/conv1", a, b, 5)
        self.residual(part, "res5", 8 * e)
        return part

    def inter(self, features: int, ae: int, out: int, side: int, letters: str) -> Arrays:
        part: Arrays = {}
        self.dense(part, "dense1", features, ae)
        self.dense(part, "dense2", ae, side * side * out)
        if "t" not in letters:
            self.up(part, "upscale1", out, out)
        return part

    def decoder(self, wide: int, d: int, m: int, letters: str) -> Arrays:
        part: Arrays = {}
        factors = (8, 8, 4, 2) if "t" in letters else (8, 4, 2)
        before = wide
        for level, factor in enumerate(factors):
            self.up(part, f"upscale{level}", before, factor * d)
            self.residual(part, f"res{level}", factor * d)
            before = factor * d
        self.conv(part, "out_conv", before, 3, 1)
        if "d" in letters:
            for number in (1, 2, 3):
                self.conv(part, f"out_conv{number}", before, 3, 3)
        before = wide
        for level, factor in enumerate((*factors, 1) if "d" in letters else factors):
            self.up(part, f"upscalem{level}", before, factor * m)
            before = factor * m
        self.conv(part, "out_convm", before, 1, 1)
        return part


def saehd_parts(archi: str, *, res: int = 64, ae: int = 32, e: int = 4, d: int = 4, m: int = 4) -> Parts:
    """The parts of a SAEHD."""
    make, (kind, _, letters) = Maker(), archi.partition("-")
    features = 8 * e * (res // (32 if "t" in letters else 16)) ** 2
    side = res // (32 if "d" in letters else 16)
    parts = {"encoder": make.encoder(e, letters)}
    if kind == "df":
        parts["inter"] = make.inter(features, ae, ae, side, letters)
        parts |= {name: make.decoder(ae, d, m, letters) for name in ("decoder_src", "decoder_dst")}
        return parts
    parts |= {name: make.inter(features, ae, 2 * ae, side, letters) for name in ("inter_AB", "inter_B")}
    return parts | {"decoder": make.decoder(4 * ae, d, m, letters)}


def amp_parts(*, res: int = 64, ae: int = 32, inter: int = 32, e: int = 16, d: int = 16, m: int = 16) -> Parts:
    """The parts of an AMP."""
    make = Maker()
    encoder = make.encoder(e, "udt")
    make.dense(encoder, "dense1", 8 * e * (res // 32) ** 2, ae)
    parts = {"encoder": encoder}
    for name in ("inter_src", "inter_dst"):
        parts[name] = {}
        make.dense(parts[name], "dense2", ae, inter * (res // 32) ** 2)
    return parts | {"decoder": make.decoder(inter, d, m, "udt")}


def write_model(
    folder: Path,
    parts: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    kind: str = "SAEHD",
    name: str = "new",
) -> Path:
    """Write the files of one model; returns the one with its settings."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, arrays in parts.items():
        (folder / f"{name}_{kind}_{part}.npy").write_bytes(pickle.dumps(dict(arrays), 4))
    data = {
        "iter": 12_345,
        "options": dict(options),
        "loss_history": [[0.9, 0.8], [np.float32(0.25), np.float32(0.5)]],
        "sample_for_preview": [[np.zeros((2, 4, 4, 3), np.float32)], [np.ones((2, 4, 4, 1), np.float32)]],
        "choosed_gpu_indexes": [0],
    }
    path = folder / f"{name}_{kind}_data.dat"
    path.write_bytes(pickle.dumps(data, 4))
    return path


def saehd_options(archi: str, *, res: int = 64, face: str = "wf") -> dict[str, Any]:
    """The settings that belong to `saehd_parts`."""
    sizes = {"ae_dims": 32, "e_dims": 4, "d_dims": 4, "d_mask_dims": 4}
    return {"resolution": res, "archi": archi, "face_type": face, "batch_size": 8, "ct_mode": "none", **sizes}


# --- what such a model paints


def conv(x: np.ndarray, part: Arrays, path: str, *, stride: int = 1) -> np.ndarray:
    """A convolution padded alike on all sides."""
    kernel, bias = part[f"{path}/weight:0"], part[f"{path}/bias:0"]
    size = kernel.shape[0]
    edge = size // 2
    padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nyxcij,ijco->nyxo", windows, kernel, optimize=True) + bias


def rectified(x: np.ndarray, leak: float, letters: str) -> np.ndarray:
    return x * np.cos(x) if "c" in letters else np.where(x > 0, x, leak * x)


def spread(x: np.ndarray) -> np.ndarray:
    """Depth to space, channel = (row * 2 + column) * C + c."""
    count, high, wide, channels = x.shape
    cells = x.reshape(count, high, wide, 2, 2, channels // 4).transpose(0, 1, 3, 2, 4, 5)
    return cells.reshape(count, 2 * high, 2 * wide, channels // 4)


def up(x: np.ndarray, part: Arrays, path: str, letters: str) -> np.ndarray:
    return spread(rectified(conv(x, part, f"{path}/conv1"), 0.1, letters))


def residual(x: np.ndarray, part: Arrays, path: str, letters: str) -> np.ndarray:
    inner = rectified(conv(x, part, f"{path}/conv1"), 0.2, letters)
    return rectified(x + conv(inner, part, f"{path}/conv2"), 0.2, letters)


def encoded(faces: np.ndarray, part: Arrays, letters: str) -> np.ndarray:
    """Flat features, channel by channel."""
    x = faces
    if "t" in letters:
        for level in range(1, 6):
            x = rectified(conv(x, part, f"down{level}/conv1", stride=2), 0.1, letters)
            if level in (1, 5):
                x = residual(x, part, f"res{level}", letters)
    else:
        for level in range(4):
            x = rectified(conv(x, part, f"down1/downs_{level}/conv1", stride=2), 0.1, letters)
    flat = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
    return flat / np.sqrt((flat**2).mean(1, keepdims=True) + 1e-6) if "u" in letters else flat


def dense(x: np.ndarray, part: Arrays, path: str) -> np.ndarray:
    return x @ part[f"{path}/weight:0"] + part[f"{path}/bias:0"]


def as_map(flat: np.ndarray, side: int) -> np.ndarray:
    return flat.reshape(len(flat), -1, side, side).transpose(0, 2, 3, 1)


def interred(flat: np.ndarray, part: Arrays, side: int, letters: str) -> np.ndarray:
    code = as_map(dense(dense(flat, part, "dense1"), part, "dense2"), side)
    return code if "t" in letters else up(code, part, "upscale1", letters)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def decoded(code: np.ndarray, part: Arrays, letters: str) -> tuple[np.ndarray, np.ndarray]:
    """(faces BGR, masks)."""
    levels = 4 if "t" in letters else 3
    x = code
    for level in range(levels):
        x = residual(up(x, part, f"upscale{level}", letters), part, f"res{level}", letters)
    if "d" in letters:
        x = spread(np.concatenate([conv(x, part, f"out_conv{n}") for n in ("", 1, 2, 3)], axis=-1))
    else:
        x = conv(x, part, "out_conv")
    mask = code
    for level in range(levels + ("d" in letters)):
        mask = up(mask, part, f"upscalem{level}", letters)
    return sigmoid(x), sigmoid(conv(mask, part, "out_convm"))


def saehd_swap(parts: Parts, archi: str, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a SAEHD paints of dst faces (N, S, S, 3) BGR as src: (faces BGR, masks)."""
    kind, _, letters = archi.partition("-")
    flat, side = encoded(faces, parts["encoder"], letters), faces.shape[1] // (32 if "d" in letters else 16)
    if kind == "df":
        return decoded(interred(flat, parts["inter"], side, letters), parts["decoder_src"], letters)
    common = interred(flat, parts["inter_AB"], side, letters)
    return decoded(np.concatenate([common, common], axis=-1), parts["decoder"], letters)


def amp_swap(parts: Parts, faces: np.ndarray, morph: float) -> tuple[np.ndarray, np.ndarray]:
    """What an AMP paints of dst faces with so much of src in them."""
    code = dense(encoded(faces, parts["encoder"], "udt"), parts["encoder"], "dense1")
    src, dst = (
        as_map(dense(code, parts[name], "dense2"), faces.shape[1] // 32) for name in ("inter_src", "inter_dst")
    )
    first = int(src.shape[-1] * morph)
    return decoded(np.concatenate([src[..., :first], dst[..., first:]], axis=-1), parts["decoder"], "udt")
