"""`understudy faceset` as a person types it."""

from __future__ import annotations

import inspect
import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from docstring_parser import parse

from understudy.cli.faceset import faceset as app
from understudy.cli.main import main
from understudy.events import StageStarted
from understudy.facesets.curation.choose import Choice, ranked_part
from understudy.facesets.sorting.told import Told
from understudy.jobs.facesets import long_sorts

VERBS = [name for name in app if not name.startswith("-")]


def _json(capsys: pytest.CaptureFixture[str]) -> list:
    return json.loads(capsys.readouterr().out)


def test_faces_are_listed_as_table_names_or_json(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faceset", "list", folder, "src", "--sort", "yaw_deg", "--backwards", "--limit", "2"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert "yaw_deg" in table[0] and "src-000003-1.jpg" in table[1] and table[-1] == "2 faces"
    main(["faceset", "list", folder, "src", "--where", "yaw_deg > 5 and frame < 3", "--only-names"])
    assert capsys.readouterr().out.split() == ["src-000001-1.jpg", "src-000002-1.jpg"]
    main(["faceset", "select", folder, "src", "--where", "yaw_deg > 5 and frame < 3", "--backwards"])
    assert capsys.readouterr().out.split() == ["src-000002-1.jpg", "src-000001-1.jpg"]
    main(["faceset", "select", folder, "src", "--limit", "1", "--json"])
    assert _json(capsys) == ["src-000000-1.jpg"]
    main(["faceset", "list", folder, "src/main", "src-000001-1", "--json"])
    assert [row["frame"] for row in _json(capsys)] == [1]


def test_what_was_not_measured_is_said_once_and_measured_when_it_is_asked_for(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["faceset", "list", folder, "src"])
    said = capsys.readouterr().out
    assert said.count("not measured yet") == 1 and "not known" not in said
    assert f"`understudy faceset list {folder} src --sort sharpness`" in said
    main(["faceset", "list", folder, "src", "--where", "sharpness > 3"])
    said = capsys.readouterr().out
    assert "0 faces" in said and "sharpness goes from 0." in said and "not measured" not in said
    main(["faceset", "list", folder, "src", "--where", "sharpness > 0"])
    assert "4 faces" in capsys.readouterr().out
    main(["faceset", "list", folder, "src"])
    assert "not measured" not in capsys.readouterr().out


def test_the_value_of_a_named_sort_is_listed(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["faceset", "list", folder, "src", "--sort", "blur", "--json"])
    out = capsys.readouterr().out
    rows = json.loads(out[out.index("[\n") :])
    assert [row["blur"] for row in rows] == sorted(row["blur_px"] for row in rows)
    main(["faceset", "list", folder, "src", "--sort", "blur"])
    assert "blur" in capsys.readouterr().out.splitlines()[0].split()


def test_a_list_of_names_can_be_rejected_and_comes_back(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "names.txt").write_text("src-000001-1.jpg\n\n")
    assert main(["faceset", "reject", folder, "src", "--from", str(tmp_path / "names.txt"), "--json"]) == 0
    assert _json(capsys) == ["src-000001-1.jpg"]
    monkeypatch.setattr("sys.stdin", io.StringIO("src-000002-1.jpg\n"))
    assert main(["faceset", "keep", folder, "src", "--from", "-", "--dry-run"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["1 face would stay, 2 would go to the trash", "would go to the trash:"]
    assert said[2:] == ["  src-000000-1.jpg", "  src-000003-1.jpg"]
    assert main(["faceset", "history", folder, "src", "--json"]) == 0
    assert [entry["verb"] for entry in _json(capsys)] == ["reject"]
    main(["faceset", "restore", folder, "src", "--dry-run", "--json"])
    assert _json(capsys) == ["src-000001-1.jpg"]
    main(["faceset", "restore", folder, "src", "--dry-run"])
    assert capsys.readouterr().out.splitlines() == ["src-000001-1.jpg", "1 face can come back"]
    assert main(["faceset", "undo", folder, "src"]) == 0
    assert "taken back: reject 1 face " in capsys.readouterr().out
    assert main(["faceset", "redo", folder, "src"]) == 0
    assert main(["faceset", "restore", folder, "src"]) == 0
    assert "1 face came back" in capsys.readouterr().out


def test_a_rejection_says_how_it_is_taken_back(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["faceset", "reject", folder, "src", "--limit", "1", "--dry-run"])
    assert capsys.readouterr().out.splitlines()[0] == "1 face would go to the trash, 3 would stay"
    main(["faceset", "reject", folder, "src", "--limit", "1"])
    undo = f"`understudy faceset undo {folder} src`"
    assert capsys.readouterr().out == f"1 face went to the trash; {undo} brings it back\n"
    main(["faceset", "keep", folder, "src", "--limit", "1"])
    assert capsys.readouterr().out == f"1 face stayed\n2 faces went to the trash; {undo} brings them back\n"
    main(["faceset", "keep", folder, "src", "--limit", "1"])
    assert "nothing was changed" in capsys.readouterr().out


@pytest.fixture
def long_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sort lasts until somebody is told that it began."""
    began = threading.Event()

    def slowly(table: Any, choice: Choice, told: Told) -> Any:
        began.wait(60)
        return ranked_part(table, choice, told)

    def started(**said: Any) -> StageStarted:
        began.set()
        return StageStarted(**said)

    monkeypatch.setattr(long_sorts, "ranked_part", slowly)
    monkeypatch.setattr(long_sorts, "StageStarted", started)
    monkeypatch.setattr(long_sorts, "_QUIET_S", 0.01)


@pytest.mark.usefixtures("long_sort")
@pytest.mark.parametrize("verb", ["list", "reject", "keep", "rename"])
def test_a_long_sort_says_how_far_it_is(verb: str, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    limit = [] if verb == "rename" else ["--limit", "2"]
    assert main(["faceset", verb, folder, "src", "--sort", "face-yaw", *limit]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["sort: 0 of 100 %", "sort: done"]


@pytest.mark.usefixtures("long_sort")
@pytest.mark.parametrize("verb", ["list", "select", "reject", "keep"])
def test_a_long_sort_for_a_program_says_so_beside_the_output_at_a_terminal(
    verb: str, folder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal
    assert main(["faceset", verb, folder, "src", "--sort", "face-yaw", "--limit", "2", "--json"]) == 0
    said = capsys.readouterr()
    assert len(json.loads(said.out)) == 2 and "sort " in said.err and "done in" in said.err


@pytest.mark.usefixtures("long_sort")
def test_a_long_sort_for_a_program_says_nothing_where_nobody_looks(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["faceset", "reject", folder, "src", "--sort", "face-yaw", "--limit", "2", "--json"]) == 0
    said = capsys.readouterr()
    assert len(json.loads(said.out)) == 2 and said.err == ""


def test_where_nothing_matches_no_undo_is_promised(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faceset", "reject", folder, "src", "--where", "clip == 'scr'"]) == 0
    said = capsys.readouterr().out
    assert said == "No face matched, so nothing was changed.\nNo face has clip 'scr'; there are 'src'.\n"
    assert main(["faceset", "keep", folder, "src", "--where", "clip == 'scr'"]) == 2
    assert "there are 'src'" in capsys.readouterr().err
    main(["faceset", "reject", folder, "src", "--where", "frame > 99"])
    assert capsys.readouterr().out == "No face matched, so nothing was changed.\n"
    main(["faceset", "history", folder, "src", "--json"])
    assert _json(capsys) == []


def test_names_follow_an_order_and_come_back(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faceset", "rename", folder, "src", "--by", "yaw_deg", "--dry-run"]) == 0
    assert "4 faces would be renamed" in capsys.readouterr().out
    assert main(["faceset", "rename", folder, "src", "--by", "yaw_deg", "--backwards"]) == 0
    main(["faceset", "list", folder, "src", "--only-names"])
    assert capsys.readouterr().out.splitlines()[-4:] == [f"{n:05d}.jpg" for n in (3, 2, 1, 0)]
    assert main(["faceset", "recover-names", folder, "src"]) == 0
    assert main(["faceset", "history", folder, "src"]) == 0
    assert "rename by yaw_deg backwards: 4 faces" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("undo", "nobody"), "src/main"),
        (("reject", "src"), "which faces"),
        (("list", "src", "--where", "open('x')"), "open"),
        (("list", "src", "--sort", "beauty"), "beauty"),
        (("list", "src", "--from", "missing.txt"), "missing.txt"),
        (("undo", "src"), "Nothing"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_sentence(
    folder: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], word: str
) -> None:
    verb, *rest = arguments
    assert main(["faceset", verb, folder, *rest]) == 2
    said = capsys.readouterr().err
    assert said.startswith("understudy: ") and said.count("\n") == 1 and word in said


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_each_of_its_flags(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faceset", verb, "--help"]) == 0
    assert "Usage:" in capsys.readouterr().out
    function = app[verb].default_command
    assert function is not None
    explained = parse(function.__doc__ or "").params
    with_words = {parameter.arg_name for parameter in explained if parameter.description}
    assert set(inspect.signature(function).parameters) - {"which", "options"} == with_words
