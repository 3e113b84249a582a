"""What happened to a model tells one history, whatever was torn."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import FolderUnwritable
from understudy.training.keeping.milestones import MILESTONES_NAME, add_milestone, cut_milestones, milestones


def test_what_happened_comes_back_in_order_with_its_details(tmp_path: Path) -> None:
    assert milestones(tmp_path) == []
    add_milestone(tmp_path, 0, "start", "begins on cpu")
    add_milestone(tmp_path, 40, "change", "batch_size is now 2", changed={"batch_size": 2})
    start, change = milestones(tmp_path)
    assert (start["iteration"], start["kind"], start["words"]) == (0, "start", "begins on cpu")
    assert change["changed"] == {"batch_size": 2} and change["at_s"] >= start["at_s"]


def test_what_training_went_back_behind_did_not_happen(tmp_path: Path) -> None:
    for iteration in (0, 40, 80):
        add_milestone(tmp_path, iteration, "backup", "backup")
    cut_milestones(tmp_path, 40)
    assert [said["iteration"] for said in milestones(tmp_path)] == [0, 40]


@pytest.mark.parametrize(
    "torn",
    [
        b'{"iteration": 2, "ki\n3\n{"iteration": "x", "kind": "end"}\n',
        b'{"iteration": 2, "ki',
        b'{"iteration": 2, "words": "caf\xc3',
    ],
)
def test_a_torn_line_loses_only_itself(tmp_path: Path, torn: bytes) -> None:
    add_milestone(tmp_path, 0, "start", "begins")
    with (tmp_path / MILESTONES_NAME).open("ab") as file:
        file.write(torn)
    add_milestone(tmp_path, 40, "end", "stopped")
    assert [said["kind"] for said in milestones(tmp_path)] == ["start", "end"]


def test_a_stranger_s_link_in_their_place_is_not_written_through(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("mine")
    (tmp_path / MILESTONES_NAME).symlink_to(letter)
    with pytest.raises(FolderUnwritable, match="A link stands"):
        add_milestone(tmp_path, 0, "start", "begins")
    assert letter.read_text() == "mine"
