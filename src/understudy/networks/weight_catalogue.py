"""Every file of weights that understudy can use, written out: what for, whose, under which licence, from where.

A SHA-256 stands here only where it could be read somewhere outside; where it is "", the store pins what it sees
first (`weight_store.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from understudy.networks.weights import MTCNN_SHA256

Layout = Literal["wheel", "onnx", "state dict", "torchscript"]

_ZOO = "https://github.com/opencv/opencv_zoo/raw/47534e27c9851bb1128ccc0102f1145e27f23f98/models"
_FAN = "https://www.adrianbulat.com/downloads/python-fan"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One file of weights. `sha256` is "" and `size_bytes` None where nobody says them."""

    name: str
    file_name: str  # as its publisher calls it
    used_by: str
    licence: str
    url: str  # its publisher's; "" for what comes with a Python package
    layout: Layout
    sha256: str = ""
    size_bytes: int | None = None


def _mtcnn(part: str) -> Weights:
    return Weights(
        name=f"mtcnn-{part}",
        file_name=f"{part}.lz4",
        used_by="detector mtcnn, landmarker five-point",
        licence="MIT",
        url="",
        layout="wheel",
        sha256=MTCNN_SHA256[part],
    )


_LISTED = (
    *(_mtcnn(part) for part in MTCNN_SHA256),
    # Address from OpenCV's zoo, pinned to a commit; SHA-256 and size from the zoo's own Git LFS pointer.
    Weights(
        name="yunet",
        file_name="face_detection_yunet_2023mar.onnx",
        used_by="detector yunet",
        licence="MIT",
        url=f"{_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx",
        layout="onnx",
        sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        size_bytes=232_589,
    ),
    # Address from OpenCV's zoo, pinned to a commit; SHA-256 as two other programs pin it, one at this commit.
    Weights(
        name="sface",
        file_name="face_recognition_sface_2021dec.onnx",
        used_by="sort by identity",
        licence="Apache-2.0",
        url=f"{_ZOO}/face_recognition_sface/face_recognition_sface_2021dec.onnx",
        layout="onnx",
        sha256="0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
        size_bytes=38_696_353,
    ),
    # Address from face-alignment 1.5.0 (sfd_detector.py); SHA-256 is the Git LFS name of a copy on Hugging Face
    # and begins with the digits in the publisher's file name.
    Weights(
        name="s3fd",
        file_name="s3fd-619a316812.pth",
        used_by="detector s3fd",
        licence="BSD-3-Clause (that of face-alignment, which publishes them)",
        url=f"{_FAN}/s3fd-619a316812.pth",
        layout="state dict",
        sha256="619a31681264d3f7f7fc7a16a42cbbe8b23f31a256f75a366e5a1bcd59b33543",
    ),
    # Address from face-alignment 1.5.0 (api.py); SHA-256 as two other programs pin it, and it begins with the
    # digits in the publisher's file name.
    Weights(
        name="2dfan4",
        file_name="2DFAN4-11f355bf06.pth.tar",
        used_by="landmarker fan",
        licence="BSD-3-Clause (that of face-alignment, which publishes them)",
        url=f"{_FAN}/2DFAN4-11f355bf06.pth.tar",
        layout="state dict",
        sha256="11f355bf0693120222f5955ce3f9dc8fb5763ebb30a47d7906e509490d32e4aa",
    ),
    # Address from face-alignment 1.3 and 1.4. A program in TorchScript: used only with --trust, when 2dfan4 is
    # not there. Nobody was found who says its SHA-256.
    Weights(
        name="2dfan4-script",
        file_name="2DFAN4-cd938726ad.zip",
        used_by="landmarker fan with --trust",
        licence="BSD-3-Clause (that of face-alignment, which publishes them)",
        url=f"{_FAN}/2DFAN4-cd938726ad.zip",
        layout="torchscript",
    ),
)

CATALOGUE: Mapping[str, Weights] = {weights.name: weights for weights in _LISTED}
