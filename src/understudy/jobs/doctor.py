"""What works on this machine: devices, memory, disk, codecs, weights, each tried for real.

`report` packs the findings into a zip to send with a question: versions and settings, never pictures, paths
of projects, or keys.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psutil

from understudy import __version__
from understudy.errors import UnderstudyError
from understudy.files import written_aside
from understudy.workers.cores import cores

if TYPE_CHECKING:
    from understudy.training.machine.compiling import Size, Way
    from understudy.training.machine.device import Compute

# No other device records, and on a processor a large network takes too long to compile.
_MEASURED_ELSEWHERE: tuple[tuple[Size, Way], ...] = (("small", "compiled"),)
_MEASURED: tuple[tuple[Size, Way], ...] = (
    *_MEASURED_ELSEWHERE,
    ("small", "played back"),
    ("large", "compiled"),
    ("large", "played back"),
    ("large", "compiled and played back"),
)
_LOW_MEMORY_BYTES = 4e9
_LOW_DISK_BYTES = 5e9
# What a machine answers with when something on it is missing or broken. Libraries that don't fit each other
# show as ImportError and AttributeError, a driver that gives up as RuntimeError.
_REFUSALS = (
    UnderstudyError,
    ImportError,
    AttributeError,
    RuntimeError,
    LookupError,
    OSError,
    ValueError,
    psutil.Error,
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `state` is ok, weak (it works, with a limit) or missing."""

    topic: str
    name: str
    state: Literal["ok", "weak", "missing"]
    words: str


def examine(folder: Path, *, training: bool = False) -> Iterator[Finding]:
    """Look at everything in turn; `folder` is where projects would be made. A look that fails is a finding.

    `training` also measures, for minutes, whether compiled steps and steps that are played back are faster
    here, and keeps the answers.
    """
    looks: tuple[tuple[str, str, Callable[[], Iterator[Finding]]], ...] = (
        ("software", "versions", _software),
        ("machine", "memory", _memory),
        ("machine", "disk", lambda: _disk(folder)),
        ("devices", "accelerators", _devices),
        ("codecs", "all", _codecs),
        ("weights", "all", _weights),
        ("marks", "signing key", _signing),
        *([("training", "faster steps", _faster_steps)] if training else []),
    )
    for topic, name, look in looks:
        try:
            yield from look()
        except _REFUSALS as error:
            yield Finding(topic, name, "missing", _words(error))


def report(findings: list[Finding], path: Path) -> None:
    """Write the findings and the installed versions to a zip at `path`."""
    # A half-removed package has neither name nor version.
    versions = {str(d.name): str(d.version) for d in importlib.metadata.distributions()}
    with written_aside(path) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("findings.json", json.dumps([asdict(f) for f in findings], indent=2))
        bundle.writestr("versions.json", json.dumps(dict(sorted(versions.items())), indent=2))


def _software() -> Iterator[Finding]:
    yield Finding("software", "understudy", "ok", __version__)
    yield Finding("software", "Python", "ok", f"{platform.python_version()} on {platform.platform()}")
    for name in ("torch", "av", "opencv-python-headless", "numpy"):
        yield _tried("software", name, lambda name=name: importlib.metadata.version(name))


def _memory() -> Iterator[Finding]:
    memory = psutil.virtual_memory()
    words = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    yield Finding("machine", "memory", "ok" if memory.available >= _LOW_MEMORY_BYTES else "weak", words)
    yield Finding("machine", "processor", "ok", f"{_cores_told()}, {platform.machine()}")


def _cores_told() -> str:
    there, given = os.cpu_count() or 1, cores()
    return f"{there} cores" if given >= there else f"{given} of {there} cores for this process"


def _disk(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    yield Finding(
        "machine",
        "disk",
        "ok" if free >= _LOW_DISK_BYTES else "weak",
        f"{free / 1e9:.1f} GB free in this folder",
    )


def _devices() -> Iterator[Finding]:
    from understudy.training.machine.device import describe_devices

    for device, words in describe_devices():
        yield Finding("devices", device, "ok", words)


def _faster_steps() -> Iterator[Finding]:
    from understudy.training.machine.compiling import keep
    from understudy.training.machine.device import choose_device, describe_devices

    for device, _ in describe_devices():
        compute = choose_device(device)
        sizes = _MEASURED if compute.device.type == "cuda" else _MEASURED_ELSEWHERE
        for size, way in sizes:
            keep(way, compute, 0.0, size)  # what fails from here on has not won, whatever was found before
        for size, way in sizes:
            look = partial(_compiled_steps, size) if way == "compiled" else partial(_played_steps, size, way)
            yield look(device, compute)


def _compiled_steps(size: Size, device: str, compute: Compute) -> Finding:
    from understudy.training.machine.compiling import keep
    from understudy.training.timing import compiled_ratio

    try:
        ratio = compiled_ratio(compute, size)
    except (*_REFUSALS, AssertionError) as error:  # no C++ compiler, or no support for the device
        what = "can't be compiled" if size == "small" else "a large network can't be compiled"
        return Finding("training", device, "weak", f"{what}: {_words(error)}")
    keep("compiled", compute, ratio, size)
    words = f"{_step('a compiled step', size)} is {ratio:.2f} times as fast as a plain one"
    return Finding("training", device, "ok", words)


def _played_steps(size: Size, way: Way, device: str, compute: Compute) -> Finding:
    from understudy.training.machine.compiling import keep
    from understudy.training.timing import played

    name = _step("a step" if way == "played back" else "a compiled step", size)
    try:
        found = played(compute, size=size, way=way)
    except (*_REFUSALS, AssertionError) as error:
        return Finding("training", device, "weak", f"{name} can't be played back: {_words(error)}")
    if found.refused:
        words = f"{name} can't be recorded ({found.refused}), so none is played back"
        return Finding("training", device, "weak", words)
    keep(way, compute, found.ratio_to_keep, size)
    words = f"{name} that is played back is {found.ratio:.2f} times as fast as a plain one"
    if not found.ratio_to_keep:
        words += f", but its loss is {100 * found.apart:.2g}% apart, so none is played back"
        return Finding("training", device, "weak", words)
    return Finding("training", device, "ok", words)


def _step(words: str, size: Size) -> str:
    return words if size == "small" else f"{words} of a large network"


def _codecs() -> Iterator[Finding]:
    from understudy.media.codecs import CODECS

    for name, choice in CODECS.items():
        found = _tried("codecs", name, lambda name=name: _write_two_frames(name))
        if choice.needs and found.state == "missing":
            found = Finding("codecs", name, "weak", f"not here: it needs {choice.needs}")
        yield found


def _write_two_frames(codec: str) -> str:
    from fractions import Fraction

    import numpy as np

    from understudy.media.clip import ColorTags
    from understudy.media.codecs import CODECS
    from understudy.media.movie import MovieWriter
    from understudy.media.opening import open_clip

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"two{CODECS[codec].suffixes[0]}"
        picture = np.full((128, 256, 3), 128, np.uint8)
        rate = Fraction(25)
        with MovieWriter(
            path, width=256, height=128, time_base=1 / rate, rate=rate, color=ColorTags(), codec=codec
        ) as movie:
            movie.write(picture, 0)
            movie.write(picture, 1)
        with open_clip(path) as clip:
            return f"writes and reads ({clip.info.pixel_format})"


def _weights() -> Iterator[Finding]:
    def load() -> str:
        from understudy.faces.detect import DETECTORS
        from understudy.faces.inputs import FinderInputs

        DETECTORS["mtcnn"](FinderInputs())
        return "its weights are whole and load"

    yield _tried("weights", "mtcnn", load)
    from understudy.faces.finders import readiness
    from understudy.networks.weight_store import WeightStore

    for found in readiness(WeightStore()):
        state = "ok" if found.ready else "weak"  # optional: it can be had
        yield Finding("weights", f"{found.kind} {found.name}", state, found.words)


def _signing() -> Iterator[Finding]:
    from understudy.provenance.identity import identity_folder, load_identity

    if not identity_folder().exists():
        yield Finding("marks", "signing key", "ok", "will be made at the first export")
        return

    def sign() -> str:
        identity = load_identity()  # there is one, so none is made
        identity.sign(b"")
        return f"there is one and it signs, until {identity.valid_until:%Y-%m-%d}"

    yield _tried("marks", "signing key", sign)


def _tried(topic: str, name: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(topic, name, "ok", attempt())
    except _REFUSALS as error:
        return Finding(topic, name, "missing", _words(error))


def _words(error: BaseException) -> str:
    """What failed, without a path: those of the operating system's and the libraries' errors name files."""
    return error.message if isinstance(error, UnderstudyError) else f"fails with {type(error).__name__}"
