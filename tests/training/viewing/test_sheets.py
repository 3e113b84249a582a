"""A sheet on disk says what it shows; history is kept thin, looks replace each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.errors import FacesUnknown
from understudy.training.viewing.sheets import (
    Layout,
    Preview,
    cell_of,
    iteration_of,
    newest_sheet,
    preview_paths,
    read_layout,
    read_preview,
    set_undone_aside,
    write_look,
    write_preview,
)


def test_old_sheets_are_thinned_and_the_first_and_the_newest_stay(tmp_path: Path) -> None:
    tiny = Preview(np.zeros((8, 8, 3), np.uint8), Layout(["1"], ["dst as src"], 8, [0], [0]))
    for iteration in range(1, 131):
        write_preview(tmp_path, iteration, tiny)
    names = [int(path.stem) for path in preview_paths(tmp_path)]
    assert len(names) <= 120 and names[0] == 1 and names[-30:] == list(range(101, 131))


def test_sheets_of_iterations_that_were_lost_are_kept_aside(tmp_path: Path) -> None:
    tiny = Preview(np.zeros((8, 8, 3), np.uint8), Layout(["1"], ["dst as src"], 8, [0], [0]))
    for iteration in (5, 10, 15):
        write_preview(tmp_path, iteration, tiny)
    set_undone_aside(tmp_path, newer_than=5)
    assert [path.stem for path in preview_paths(tmp_path)] == ["000000005"]
    assert len(list((tmp_path / "previews").glob("undone-*.png"))) == 2


def test_a_look_replaces_the_one_before_and_is_no_part_of_the_history(tmp_path: Path) -> None:
    made = Preview(np.zeros((8, 8, 3), np.uint8), Layout(["1"], ["dst as src"], 8, [0], [0]))
    assert newest_sheet(tmp_path) is None
    kept = write_preview(tmp_path, 20, made)
    write_look(tmp_path, 25, made)
    look = write_look(tmp_path, 30, made)
    assert preview_paths(tmp_path) == [kept] and newest_sheet(tmp_path) == look and iteration_of(look) == 30
    assert len(list(look.parent.iterdir())) == 2
    set_undone_aside(tmp_path, newer_than=22)
    assert newest_sheet(tmp_path) == kept


def test_a_sheet_on_disk_says_what_it_shows_and_where(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (20, 40, 3), np.uint8)
    made = Preview(picture, Layout(["1", "2"], ["dst", "dst as src"], 8, [0, 10], [2, 12]))
    path = write_preview(tmp_path, 40, made)
    back = read_preview(path)
    assert back is not None and back.layout == made.layout == read_layout(path)
    np.testing.assert_array_equal(back.picture, picture)
    np.testing.assert_array_equal(cell_of(back, "2", "dst as src"), picture[12:20, 10:18])
    with pytest.raises(FacesUnknown, match="'3'"):
        cell_of(back, "3", "dst")
    from understudy.media.images import encode_png

    path.write_bytes(encode_png(picture))
    assert read_preview(path) is None and read_layout(path) is None  # of an older version
