"""Weights are the ones they must be, every time they are used."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from understudy.errors import OptionInvalid, WeightsChanged, WeightsMissing
from understudy.networks.weight_catalogue import Weights
from understudy.networks.weight_store import FOLDER_VARIABLE, WeightStore, weights_folder

KNOWN, UNKNOWN = b"known weights", b"weights nobody knows"


@pytest.fixture
def store(tmp_path: Path) -> WeightStore:
    def entry(name: str, sha256: str = "") -> Weights:
        return Weights(
            name=name,
            file_name=f"{name}.pth",
            used_by="tests",
            licence="MIT",
            url=f"https://example.org/{name}.pth",
            layout="state dict",
            sha256=sha256,
        )

    known = entry("known", hashlib.sha256(KNOWN).hexdigest())
    return WeightStore(tmp_path / "weights", catalogue={"known": known, "unknown": entry("unknown")})


def file_of(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_missing_weights_say_the_address_the_name_and_the_command(store):
    with pytest.raises(WeightsMissing) as refused:
        store.path_of("known")
    for words in ("weights fetch known", "https://example.org/known.pth", "weights add known.pth"):
        assert words in refused.value.message


def test_a_file_is_known_by_its_name_or_by_what_is_in_it(store, tmp_path):
    assert store.add(file_of(tmp_path, "unknown.pth", UNKNOWN)).name == "unknown"
    assert store.add(file_of(tmp_path, "download (3)", KNOWN)).name == "known"
    assert store.path_of("known").read_bytes() == KNOWN


def test_a_file_nobody_knows_needs_a_name(store, tmp_path):
    file = file_of(tmp_path, "what.bin", UNKNOWN)
    with pytest.raises(OptionInvalid, match="--as NAME: known, unknown"):
        store.add(file)
    assert store.add(file, name="unknown").state == "there"


def test_a_file_that_is_not_what_it_is_called_is_refused(store, tmp_path):
    with pytest.raises(WeightsChanged, match="checked with"):
        store.add(file_of(tmp_path, "known.pth", UNKNOWN))
    assert not store.has("known")


def test_replacing_does_not_get_round_the_catalogue(store, tmp_path):
    with pytest.raises(WeightsChanged):
        store.add(file_of(tmp_path, "known.pth", UNKNOWN), replace=True)


def test_weights_that_change_under_us_are_refused_with_a_way_out(store, tmp_path):
    store.add(file_of(tmp_path, "unknown.pth", UNKNOWN))
    store.path_of("unknown").write_bytes(b"other")
    with pytest.raises(WeightsChanged, match="add FILE --as unknown --replace"):
        store.path_of("unknown")
    assert [state.state for state in store.states()] == ["missing", "changed"]
    store.add(file_of(tmp_path, "new.pth", b"new"), name="unknown", replace=True)
    assert store.path_of("unknown").read_bytes() == b"new"


def test_a_file_laid_into_the_folder_by_hand_is_pinned_at_its_first_use(store):
    store.folder.mkdir()
    file_of(store.folder, "unknown.pth", UNKNOWN)
    assert store.state(store.entry("unknown")).pinned_by == "nobody yet"
    store.path_of("unknown")
    state = store.state(store.entry("unknown"))
    assert (state.pinned_by, state.sha256) == ("first use", hashlib.sha256(UNKNOWN).hexdigest())


def test_a_damaged_list_of_pins_trusts_nothing(store, tmp_path):
    store.add(file_of(tmp_path, "unknown.pth", UNKNOWN))
    (store.folder / "pins.json").write_text("[1", encoding="utf-8")
    with pytest.raises(WeightsChanged, match="can't be read"):
        store.path_of("unknown")


def test_unknown_names_are_refused(store):
    with pytest.raises(OptionInvalid, match="Known: known, unknown"):
        store.path_of("nothing")


def test_the_wheels_weights_are_seen_and_whole():
    states = {state.name: state for state in WeightStore(Path("nowhere")).states()}
    assert {states[name].state for name in ("mtcnn-pnet", "mtcnn-rnet", "mtcnn-onet")} == {"in wheel"}


def test_the_folder_can_be_said(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert weights_folder() == WeightStore().folder == tmp_path
    monkeypatch.delenv(FOLDER_VARIABLE)
    assert weights_folder().name == "weights"
