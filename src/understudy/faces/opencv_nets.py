"""Open the networks that OpenCV runs itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import cv2

from understudy.errors import UnsafeFile

T = TypeVar("T")


def opened(make: Callable[[], T], path: Path, *, what: str) -> T:
    """What `make` makes of the file at `path`. Raises UnsafeFile, in whose words the file should be `what`."""
    level = cv2.utils.logging.getLogLevel()
    # It warns at every opening that targets can't be chosen, which nobody asked for.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        return make()
    except cv2.error as error:
        raise UnsafeFile(f"OpenCV can't read this file as a {what}.", path) from error
    finally:
        cv2.utils.logging.setLogLevel(level)
