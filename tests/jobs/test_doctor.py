"""The doctor tries things for real, and its report holds nothing private."""

from __future__ import annotations

import json
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import psutil
import pytest
import torch

from understudy.errors import WeightsMissing
from understudy.jobs import doctor
from understudy.jobs.doctor import Finding, examine, report
from understudy.provenance.identity import HOME_VARIABLE, load_identity
from understudy.training import timing
from understudy.training.machine import compiling, device
from understudy.training.machine.device import Compute
from understudy.training.timing import Played

LOOKS = ("_software", "_memory", "_disk", "_devices", "_codecs", "_weights", "_signing")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, still without a signing key."""
    folder = tmp_path / "home"
    monkeypatch.setenv(HOME_VARIABLE, str(folder))
    return folder


def _only(monkeypatch: pytest.MonkeyPatch, *kept: str) -> None:
    """Leave out all looks but these."""
    for name in set(LOOKS) - set(kept):
        monkeypatch.setattr(doctor, name, lambda *_: iter(()))


def _failing(error: BaseException) -> object:
    def fail(*_: object, **__: object) -> object:
        raise error

    return fail


def test_every_codec_weight_and_device_is_tried_and_works_here(tmp_path: Path) -> None:
    findings = list(examine(tmp_path))
    assert {f.topic for f in findings} == {"software", "machine", "devices", "codecs", "weights", "marks"}
    assert [f.name for f in findings if f.state == "missing"] == []
    assert {"cpu", "h264", "mtcnn"} <= {f.name for f in findings}


def test_the_report_names_versions_and_no_paths_of_the_user(tmp_path: Path) -> None:
    project = tmp_path / "secret project 影"
    project.mkdir()
    path = tmp_path / "report.zip"
    report(list(examine(project)), path)
    with zipfile.ZipFile(path) as bundle:
        assert sorted(bundle.namelist()) == ["findings.json", "versions.json"]
        said = "".join(bundle.read(name).decode() for name in bundle.namelist())
        assert "torch" in json.loads(bundle.read("versions.json"))
    assert "secret" not in said and str(tmp_path) not in said and str(Path.home()) not in said


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    "kind", [ImportError, RuntimeError, AttributeError, PackageNotFoundError, OSError, ValueError, psutil.Error]
)
def test_a_look_that_fails_is_a_finding_without_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: str, kind: type[Exception]
) -> None:
    _only(monkeypatch)
    monkeypatch.setattr(doctor, look, _failing(kind(f"{Path.home()} {Path.cwd()} {tmp_path}")))
    (finding,) = examine(tmp_path)
    assert (finding.state, finding.words) == ("missing", f"fails with {kind.__name__}")


def test_the_report_of_a_machine_where_nothing_works_holds_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = f"{Path.home()} {Path.cwd()} {tempfile.gettempdir()} {tmp_path}"
    _only(monkeypatch, "_software", "_disk", "_weights")
    monkeypatch.setattr("importlib.metadata.version", _failing(PackageNotFoundError(places)))
    monkeypatch.setattr(
        "understudy.faces.detect.DETECTORS", {"mtcnn": _failing(WeightsMissing("Not here.", places))}
    )
    monkeypatch.setattr(doctor, "_devices", _failing(OSError(2, "No such file", places)))
    findings = list(examine(tmp_path / "gone"))
    states = {finding.name: finding.state for finding in findings}
    assert {name for name in states if states[name] == "missing"} >= {"torch", "accelerators", "disk", "mtcnn"}
    assert "Not here." in [finding.words for finding in findings]
    path = tmp_path / "report.zip"
    report(findings, path)
    with zipfile.ZipFile(path) as bundle:
        said = "".join(bundle.read(name).decode() for name in bundle.namelist())
    for place in (Path.home(), Path.cwd(), tempfile.gettempdir(), tmp_path):
        assert str(place) not in said


def _key(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Finding:
    _only(monkeypatch, "_signing")
    (finding,) = examine(folder)
    return finding


def test_no_signing_key_is_made_by_looking_for_it(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = _key(monkeypatch, tmp_path)
    assert finding.state == "ok" and "first export" in finding.words
    assert not home.exists()


def test_a_signing_key_counts_only_when_it_signs(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_identity()
    signer = home / "identity" / "signer.pem"
    before = signer.read_bytes()
    finding = _key(monkeypatch, tmp_path)
    assert finding.state == "ok" and "signs" in finding.words
    assert signer.read_bytes() == before
    signer.write_bytes(b"no key")
    finding = _key(monkeypatch, tmp_path)
    assert finding.state == "missing" and "can't be read" in finding.words
    assert str(home) not in finding.words


_PLAYED = {
    ("small", "played back"): Played(2.76, apart=0.0),
    ("large", "played back"): Played(1.4, apart=0.0),
    ("large", "compiled and played back"): Played(1.7, apart=0.0),
}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], float]:
    """What was kept of the measurements by (kind of step, device), on a machine with a GPU and a processor."""
    found: dict[tuple[str, str], float] = {}
    _only(monkeypatch)
    monkeypatch.setattr(device, "describe_devices", lambda: iter([("cuda:0", "a GPU"), ("cpu", "a processor")]))
    monkeypatch.setattr(device, "choose_device", lambda name: Compute(torch.device(name), uses_bfloat16=False))
    monkeypatch.setattr(timing, "compiled_ratio", lambda _, size: 1.2 if size == "small" else 1.3)
    monkeypatch.setattr(timing, "played", lambda _, size, way: _PLAYED[size, way])

    def keep(way: str, on: Compute, ratio: float, size: str) -> None:
        found[way, on.device.type if size == "small" else f"{on.device.type}, large"] = ratio

    monkeypatch.setattr(compiling, "keep", keep)
    return found


def _of_training(folder: Path) -> list[tuple[str, str, str]]:
    return [(f.name, f.state, f.words) for f in examine(folder, training=True)]


def test_on_gpus_steps_that_are_played_back_are_measured_too(
    tmp_path: Path, kept: dict[tuple[str, str], float]
) -> None:
    fast = "times as fast as a plain one"
    assert _of_training(tmp_path) == [
        ("cuda:0", "ok", f"a compiled step is 1.20 {fast}"),
        ("cuda:0", "ok", f"a step that is played back is 2.76 {fast}"),
        ("cuda:0", "ok", f"a compiled step of a large network is 1.30 {fast}"),
        ("cuda:0", "ok", f"a step of a large network that is played back is 1.40 {fast}"),
        ("cuda:0", "ok", f"a compiled step of a large network that is played back is 1.70 {fast}"),
        ("cpu", "ok", f"a compiled step is 1.20 {fast}"),
    ]
    assert kept == {
        ("compiled", "cuda"): 1.2,
        ("played back", "cuda"): 2.76,
        ("compiled", "cuda, large"): 1.3,
        ("played back", "cuda, large"): 1.4,
        ("compiled and played back", "cuda, large"): 1.7,
        ("compiled", "cpu"): 1.2,
    }


@pytest.mark.parametrize(
    "found, words",
    [
        (Played(2.0, 0.0, "not permitted"), "a step can't be recorded (not permitted), so none is played back"),
        (
            Played(2.0, apart=0.02),
            "a step that is played back is 2.00 times as fast as a plain one, but its loss is 2% apart, "
            "so none is played back",
        ),
        (
            Played(2.0, apart=1e-6),
            "a step that is played back is 2.00 times as fast as a plain one, but its loss is 0.0001% apart, "
            "so none is played back",
        ),
        (RuntimeError("/home/somebody"), "a step can't be played back: fails with RuntimeError"),
    ],
)
def test_a_recording_that_fails_or_learns_something_else_has_not_won_and_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kept: dict[tuple[str, str], float],
    found: Played | Exception,
    words: str,
) -> None:
    kept["played back", "cuda"] = 2.0  # of an earlier look
    monkeypatch.setattr(
        timing, "played", _failing(found) if isinstance(found, Exception) else lambda *_, **__: found
    )
    assert _of_training(tmp_path)[1] == ("cuda:0", "weak", words)
    assert kept["played back", "cuda"] == 0


def test_compiling_that_fails_has_not_won_whatever_was_found_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: dict[tuple[str, str], float]
) -> None:
    kept["compiled", "cpu"] = kept["compiled", "cuda, large"] = 2.0  # of an earlier look
    monkeypatch.setattr(timing, "compiled_ratio", _failing(RuntimeError("/home/somebody")))
    assert _of_training(tmp_path)[-1] == ("cpu", "weak", "can't be compiled: fails with RuntimeError")
    assert _of_training(tmp_path)[2][2] == "a large network can't be compiled: fails with RuntimeError"
    assert kept["compiled", "cpu"] == kept["compiled", "cuda, large"] == 0
