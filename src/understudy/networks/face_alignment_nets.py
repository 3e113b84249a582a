"""The network classes of the `face-alignment` package, taken out of its files one by one.

The package itself is never imported: its `__init__` needs scikit-image, numba and opencv-python, which would
overwrite the headless OpenCV. The two files used here need nothing but torch.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from pathlib import Path

from torch import nn

from understudy.errors import PackageMissing

VERSION = "1.5.0"
_HOW_TO_GET_IT = f"Install it with: pip install --no-deps face-alignment=={VERSION}"


def s3fd_network() -> nn.Module:
    """S3FD, unfilled: RGB-free pixels (B, 3, H, W) to six pairs of class maps and box offsets."""
    return _class("detection/sfd/net_s3fd.py", "s3fd")()


def fan_network() -> nn.Module:
    """2DFAN-4, unfilled: faces (B, 3, 256, 256), RGB 0..1, to four tensors of heat maps (B, 68, 64, 64)."""
    return _class("models/fan.py", "FAN")(4)


def require_package() -> Path:
    """The package's folder. Raises PackageMissing."""
    try:
        found = importlib.metadata.distribution("face-alignment")
    except importlib.metadata.PackageNotFoundError:
        raise PackageMissing(
            f"This needs the network classes of the package face-alignment. {_HOW_TO_GET_IT}"
        ) from None
    return Path(str(found.locate_file("face_alignment")))


def _class(file: str, name: str) -> type[nn.Module]:
    path = require_package() / file
    unlike = f"The face-alignment package here is not one this version knows. {_HOW_TO_GET_IT}"
    if not path.is_file():
        raise PackageMissing(unlike, path)
    module_name = f"understudy_outside.face_alignment.{path.stem}"
    if module_name not in sys.modules:
        spec = importlib.util.spec_from_file_location(module_name, path)
        if spec is None or spec.loader is None:
            raise PackageMissing(unlike, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[module_name] = module
    found = getattr(sys.modules[module_name], name, None)
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise PackageMissing(unlike, path)
    return found
