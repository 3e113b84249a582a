"""From names and files to programs that are ready to look."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.faces.nets import RedS3fd, SpotFan
from tests.faces.people import frames_of
from tests.faces.test_fan import box_at, spot
from tests.faces.test_s3fd import painted
from tests.networks.outside import write_package
from understudy.errors import FindsUnusable, PackageMissing, WeightsMissing, WeightsUntrusted
from understudy.faces.finders import (
    fetched,
    import_file_of,
    made_detector,
    made_follower,
    made_landmarker,
    readiness,
    sources_sha256,
    weights_used,
)
from understudy.faces.inputs import FinderInputs
from understudy.faces.landmark import LANDMARKERS
from understudy.faces.passes import DrawnLandmarker
from understudy.networks import dense_face, weight_catalogue
from understudy.networks.weight_store import WeightStore


@pytest.fixture
def package(tmp_path, monkeypatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(write_package(tmp_path / "site")))
    yield
    for name in [name for name in sys.modules if name.startswith("understudy_outside")]:
        del sys.modules[name]


@pytest.fixture
def no_package(monkeypatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.distribution", missing)


@pytest.fixture
def store(tmp_path, monkeypatch) -> WeightStore:
    """The real entries, with nobody knowing a hash, so that stand-ins are taken."""
    entries = {}
    for name, entry in weight_catalogue.CATALOGUE.items():
        said = {
            key: getattr(entry, key) for key in ("name", "file_name", "used_by", "licence", "url", "layout")
        }
        entries[name] = weight_catalogue.Weights(**said)
    monkeypatch.setattr(
        "understudy.networks.weight_store.WeightStore.__init__.__kwdefaults__", {"catalogue": entries}
    )
    return WeightStore(tmp_path / "weights")


def inputs_of(store: WeightStore, **more) -> FinderInputs:
    return FinderInputs(weights_folder=store.folder, **more)


def added(store: WeightStore, tmp_path: Path, name: str, network: torch.nn.Module) -> None:
    torch.save(network.state_dict(), tmp_path / "w.pth")
    store.add(tmp_path / "w.pth", name=name)


def test_s3fd_looks_with_the_packages_class_and_the_stores_weights(package, store, tmp_path):
    added(store, tmp_path, "s3fd", RedS3fd())
    (faces,) = made_detector("s3fd", inputs_of(store)).detect(frames_of(painted((320, 192, 32))))
    assert len(faces) == 1


def test_fan_looks_with_the_packages_class_and_the_stores_weights(package, store, tmp_path):
    network = SpotFan()
    network.scale = torch.nn.Parameter(torch.zeros(1))
    added(store, tmp_path, "2dfan4", network)
    points = made_landmarker("fan", inputs_of(store)).landmarks_68(
        frames_of(spot(150, 120)), [[box_at(148, 118, 90)]]
    )
    assert np.abs(points[0][0, 0] - [150, 120]).max() < 0.3


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fan_as_torchscript_needs_no_package_but_trust(store, tmp_path):
    class Plain(SpotFan):
        def forward(self, faces_BCHW):
            return super().forward(faces_BCHW)[-1]

    torch.jit.save(
        torch.jit.trace(Plain(), torch.rand(1, 3, 256, 256), check_trace=False), str(tmp_path / "f.zip")
    )
    store.add(tmp_path / "f.zip", name="2dfan4-script")
    with pytest.raises(WeightsUntrusted, match="--trust"):
        made_landmarker("fan", inputs_of(store))
    landmarker = made_landmarker("fan", inputs_of(store, trust=True))
    points = landmarker.landmarks_68(frames_of(spot(150, 120)), [[box_at(148, 118, 90)]])
    assert np.abs(points[0][0, 0] - [150, 120]).max() < 0.3


def test_a_missing_package_is_said_before_anything_is_fetched(store, no_package):
    with pytest.raises(PackageMissing, match="pip install --no-deps face-alignment"):
        list(fetched("s3fd", "five-point", inputs_of(store)))


def test_missing_weights_are_fetched_before_the_search(store, monkeypatch):
    monkeypatch.setattr("understudy.networks.weight_fetching._TRIES", 1)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(WeightsMissing, match=r"opencv_zoo.*face_detection_yunet_2023mar\.onnx"):
        list(fetched("yunet", "five-point", inputs_of(store)))
    assert list(fetched("mtcnn", "five-point", inputs_of(store))) == []


def test_a_clip_nobody_drew_in_is_said_so(store, tmp_path):
    with pytest.raises(FindsUnusable, match="'dst'"):
        list(fetched("manual", "five-point", inputs_of(store, clip_name="dst", manual_file=tmp_path / "a")))


def test_files_that_finds_come_from_are_told_apart_by_content(tmp_path):
    file = tmp_path / "faces.json"
    inputs = FinderInputs(import_file=file, manual_file=file)
    assert sources_sha256("mtcnn", "fan", inputs) == {}
    assert sources_sha256("import", "fan", inputs) == {"import": ""}
    file.write_text("{}", encoding="utf-8")
    one = sources_sha256("manual", "import", inputs)
    file.write_text("{ }", encoding="utf-8")
    assert set(one) == {"import", "manual"} and one != sources_sha256("manual", "import", inputs)


def test_a_folder_of_files_has_one_for_every_clip(tmp_path):
    assert import_file_of("", "dst") is None
    assert import_file_of(str(tmp_path), "dst") == tmp_path / "dst.json"
    assert import_file_of(str(tmp_path / "a.json"), "dst") == tmp_path / "a.json"


def test_the_doctor_is_told_how_every_program_stands(store):
    found = {(one.kind, one.name): one for one in readiness(store)}
    assert found["detector", "mtcnn"].ready and found["landmarker", "five-point"].ready
    assert found["detector", "manual"].ready and found["detector", "import"].ready
    assert not found["detector", "yunet"].ready and "weights fetch yunet" in found["detector", "yunet"].words
    assert not found["landmarker", "fan"].ready


def test_the_doctor_is_told_of_a_missing_package(store, monkeypatch):
    monkeypatch.setattr("understudy.networks.face_alignment_nets.require_package", _no_package)
    found = {(one.kind, one.name): one for one in readiness(store)}
    assert found["landmarker", "fan"].words == "pip install it"


def test_our_own_network_is_ready_where_its_weights_are(store, tmp_path, monkeypatch):
    monkeypatch.setattr(dense_face, "WEIGHTS_PATH", tmp_path / "dense.safetensors")
    found = {(one.kind, one.name): one for one in readiness(store)}
    assert not found["landmarker", "dense"].ready
    assert "made without its weights" in found["landmarker", "dense"].words
    (tmp_path / "dense.safetensors").write_bytes(b"1")
    found = {(one.kind, one.name): one for one in readiness(store)}
    assert found["landmarker", "dense"].ready


def test_a_landmarker_that_sees_to_turns_and_passes_itself_is_told_of_them_and_not_wrapped(monkeypatch):
    class Told:
        def __init__(self, inputs: FinderInputs) -> None:
            self.inputs = inputs

    monkeypatch.setitem(LANDMARKERS, "dense", Told)
    made = made_landmarker("dense", FinderInputs(device="meta"), second_pass=True, re_feed=3)
    assert isinstance(made, DrawnLandmarker) and isinstance(made.inner, Told)
    assert made.inner.inputs == FinderInputs(device="meta", second_pass=True, re_feed=3)


def test_only_what_goes_on_from_points_makes_a_follower():
    detector = made_detector("mtcnn", FinderInputs())
    with pytest.raises(TypeError, match="does not go on from points"):
        made_follower(detector, made_landmarker("five-point", FinderInputs()), every=4)


def _no_package() -> None:
    raise PackageMissing("pip install it")


def test_the_script_is_used_only_where_the_plain_weights_are_missing(store, tmp_path):
    assert weights_used("mtcnn", "fan", store) == ["2dfan4"]
    (tmp_path / "a").write_bytes(b"1")
    store.add(tmp_path / "a", name="2dfan4-script")
    assert weights_used("s3fd", "fan", store) == ["s3fd", "2dfan4-script"]
    store.add(tmp_path / "a", name="2dfan4")
    assert weights_used("yunet", "fan", store) == ["yunet", "2dfan4"]
