"""`understudy runs` at the terminal."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.jobs.runs.book import RunBook
from understudy.project.project import Project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Project.create(tmp_path / "shot").folder


def _ended(folder: Path) -> None:
    book = RunBook(Project.open(folder))
    end = time.monotonic() + 60
    while any(run.living for run in book.all()):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_run_is_started_listed_and_its_end_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list", str(folder)]) == 0
    assert "Nothing has run" in capsys.readouterr().out
    assert main(["runs", "start", str(folder), "extract", ".", "--workers=1"]) == 0
    id = capsys.readouterr().out.split()[0]
    _ended(folder)
    assert main(["runs", "list", str(folder), "--json"]) == 0
    (run,) = json.loads(capsys.readouterr().out)
    assert (run["id"], run["state"], run["words"]) == (id, "failed", ["extract", ".", "--workers=1", "--json"])
    assert main(["runs", "list", str(folder)]) == 0
    assert "no clips yet" in capsys.readouterr().out
    assert main(["runs", "log", str(folder), id]) == 0
    assert "no clips yet" in capsys.readouterr().out


def test_words_that_are_no_command_are_refused_before_they_are_queued(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in (
        (["merg", "."], 'Unknown command "merg". Did you mean "merge"?'),
        (["merge", ".", "--modl", "x"], "Unknown option: --modl. Did you mean --model?"),
        (["train", ".", "--minutes", "soon"], "'minutes' can't be 'soon'"),
        (["doctor"], "`understudy doctor` can't go on without a terminal"),
        (["keys", "show"], "`understudy keys show` can't go on without a terminal"),
        (["model", "nwe", "main"], 'Unknown command "nwe". Did you mean "new"?'),
        (["model"], "`understudy model` alone does nothing. Say which of its commands is meant: list, "),
        ([], "A run needs a command"),
        (["extract"], "needs the project's folder, which a run calls . because it begins there: `extract .`."),
        (["faceset", "reject", "--dry-run"], "begins there: `faceset reject . --dry-run`."),
    ):
        for queue in ([], ["--queue"]):
            assert main(["runs", "start", *queue, str(folder), *words]) == 2
            assert said in capsys.readouterr().err
    assert RunBook(Project.open(folder)).all() == []


def test_what_becomes_of_the_queue_is_chosen_and_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "queue", str(folder)]) == 0
    assert "what needs it is taken out of the queue" in capsys.readouterr().out
    assert main(["runs", "queue", str(folder), "--if-one-fails", "none"]) == 0
    assert "the queue goes on" in capsys.readouterr().out
    assert RunBook(Project.open(folder)).queue_options().if_one_fails == "none"


def test_one_that_waits_is_moved_and_taken_out_of_the_queue(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    until_asked = (sys.executable, "-c", "import time; time.sleep(600)")
    first = RunBook(Project.open(folder), program=until_asked).start(["advise", "."]).id
    assert main(["runs", "start", "--queue", str(folder), "extract", "."]) == 0
    words = capsys.readouterr().out.split()
    assert words[1].startswith("waits")
    assert main(["runs", "start", "--queue", str(folder), "merge", "."]) == 0
    later = capsys.readouterr().out.split()[0]
    assert main(["runs", "move", str(folder), later, "--before", words[0]]) == 0
    assert capsys.readouterr().out == f"1. {later}  merge .\n2. {words[0]}  extract .\n"
    assert main(["runs", "stop", str(folder), later]) == 0
    capsys.readouterr()
    assert main(["runs", "stop", str(folder), words[0]]) == 0
    assert "stopped" in capsys.readouterr().out
    assert main(["runs", "stop", str(folder), first, "--at-once"]) == 0
    _ended(folder)


def test_a_run_that_is_not_there_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "stop", str(folder), "nothing"]) == 2
    assert "no run" in capsys.readouterr().err


def test_a_run_from_elsewhere_is_listed_with_its_command_and_begins_when_accepted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = folder / "logs/runs/20260101-000000-000-new"
    run.mkdir(parents=True)
    (run / "run.json").write_text(
        '{"title": "Find faces", "words": ["extract", ".", "--json"], "created": 1.0}'
    )
    assert main(["runs", "list", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "from elsewhere: understudy extract . --json" in told and "understudy runs accept" in told
    assert main(["runs", "accept", str(folder), run.name]) == 0
    assert f"{run.name} runs: understudy extract . --json" in capsys.readouterr().out
    _ended(folder)
    assert main(["runs", "accept", str(folder), run.name]) == 2
    assert "no run that waits from elsewhere; it is failed" in capsys.readouterr().err


def test_a_command_from_elsewhere_is_shown_whole_whatever_would_steer_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = RunBook(Project.open(folder)).folder / "20260101-120000-000-train"
    strange.mkdir(parents=True)
    hidden = ["clean", ".", "models\x1b[2K\rtrain\n\x9b8m\u202e"]
    (strange / "run.json").write_text(json.dumps({"title": "a\x1b]0;b\x07", "words": hidden, "created": 1.0}))
    (strange / "events.jsonl").write_text('{"event": "Notice", "text": "\\u009b2J"}\n')
    (strange / "output.log").write_text("one\ttwo\nthree\x1bc\n")
    for words in (["list"], ["list", "--json"], ["log", strange.name], ["stop", strange.name]):
        assert main(["runs", words[0], str(folder), *words[1:]]) == 0
        told = capsys.readouterr().out
        assert all(letter.isprintable() or letter in "\n\t" for letter in told)
        if words == ["list"]:
            (line,) = (line for line in told.splitlines() if strange.name in line)
            assert r"understudy clean . 'models\u001b[2K\rtrain\n" in line
        if words[0] == "log":
            assert told.endswith("one\ttwo\nthree\\u001bc\n")
