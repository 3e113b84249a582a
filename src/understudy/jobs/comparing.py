"""`measure` as a job: chooses the device, the rest is in the room of that name."""

from __future__ import annotations

from pathlib import Path

from understudy.events import Events
from understudy.measure.shots import measure_clips
from understudy.training.device import choose_device


def compare(result: Path, truth: Path, *, device: str) -> Events:
    """Measure `result` against `truth` inside the face. Raises DeviceUnavailable and what measuring raises."""
    yield from measure_clips(result, truth, device=str(choose_device(device).device))
