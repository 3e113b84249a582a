"""`understudy faceset` as a person types it."""

from __future__ import annotations

import inspect
import io
import json
from pathlib import Path

import pytest
from docstring_parser import parse

from understudy.cli.faceset import faceset as app
from understudy.cli.main import main

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


def test_a_list_of_names_can_be_rejected_and_comes_back(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "names.txt").write_text("src-000001-1.jpg\n\n")
    assert main(["faceset", "reject", folder, "src", "--from", str(tmp_path / "names.txt"), "--json"]) == 0
    assert _json(capsys) == ["src-000001-1.jpg"]
    monkeypatch.setattr("sys.stdin", io.StringIO("src-000002-1.jpg\n"))
    assert main(["faceset", "keep", folder, "src", "--from", "-", "--dry-run"]) == 0
    assert "2 faces would go" in capsys.readouterr().out
    assert main(["faceset", "history", folder, "src", "--json"]) == 0
    assert [entry["verb"] for entry in _json(capsys)] == ["reject"]
    main(["faceset", "restore", folder, "src", "--dry-run", "--json"])
    assert _json(capsys) == ["src-000001-1.jpg"]
    main(["faceset", "restore", folder, "src", "--dry-run"])
    assert capsys.readouterr().out.splitlines() == ["src-000001-1.jpg", "1 faces can come back"]
    assert main(["faceset", "undo", folder, "src"]) == 0
    assert "taken back: reject 1 faces" in capsys.readouterr().out
    assert main(["faceset", "redo", folder, "src"]) == 0
    assert main(["faceset", "restore", folder, "src"]) == 0
    assert "1 faces came back" in capsys.readouterr().out


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
