"""A face-alignment package that isn't one: its files hold stand-ins, and importing the package is a mistake."""

from __future__ import annotations

from pathlib import Path

_S3FD = """
from tests.faces.nets import RedS3fd
class s3fd(RedS3fd):
    pass
"""
_FAN = """
import torch
from tests.faces.nets import SpotFan
class FAN(SpotFan):
    def __init__(self, num_modules):
        super().__init__()
        assert num_modules == 4
        self.scale = torch.nn.Parameter(torch.zeros(1))
"""


def write_package(folder: Path) -> Path:
    package = folder / "face_alignment"
    for name, text in (
        ("__init__.py", "raise RuntimeError('the package must not be imported')"),
        ("detection/sfd/net_s3fd.py", _S3FD),
        ("models/fan.py", _FAN),
    ):
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    info = folder / "face_alignment-1.5.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: face_alignment\nVersion: 1.5.0\n", encoding="utf-8"
    )
    return folder
