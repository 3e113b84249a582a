"""`understudy weights` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.networks.weight_catalogue import CATALOGUE
from understudy.networks.weight_store import FOLDER_VARIABLE


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "weights"))
    return tmp_path / "weights"


def test_the_list_shows_licence_state_and_hash_of_everything(capsys):
    assert main(["weights", "list", "--json"]) == 0
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert set(listed) == set(CATALOGUE)
    assert listed["mtcnn-pnet"]["state"] == "in wheel" and listed["yunet"]["state"] == "missing"
    assert all(entry["licence"] for entry in listed.values())
    assert main(["weights", "list"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in CATALOGUE) and CATALOGUE["yunet"].sha256 in said


def test_a_file_is_added_under_its_name(tmp_path, folder, capsys):
    (tmp_path / "script.zip").write_bytes(b"a program")
    assert main(["weights", "add", str(tmp_path / "script.zip"), "--as", "2dfan4-script"]) == 0
    assert "pinned by first use" in capsys.readouterr().out
    assert (folder / "2DFAN4-cd938726ad.zip").read_bytes() == b"a program"
    main(["weights", "add", str(tmp_path / "script.zip"), "--as", "2dfan4-script", "--json"])
    assert json.loads(capsys.readouterr().out)["state"] == "there"


def test_a_wrong_file_is_refused_in_one_sentence(tmp_path, capsys):
    (tmp_path / "a.onnx").write_bytes(b"not it")
    assert main(["weights", "add", str(tmp_path / "a.onnx"), "--as", "yunet"]) == 2
    assert "SHA-256" in capsys.readouterr().err


def test_unknown_weights_are_refused(capsys):
    assert main(["weights", "fetch", "nothing"]) == 2
    assert "Known:" in capsys.readouterr().err
