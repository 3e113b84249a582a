"""Runs of a project: started, queued, stopped, found again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from understudy.errors import OptionInvalid, RunImpossible, RunUnknown
from understudy.files import read_json, write_json
from understudy.jobs.runs import book as books
from understudy.jobs.runs import keeper
from understudy.jobs.runs.book import RunBook
from understudy.jobs.runs.keeper import keep
from understudy.jobs.runs.run import KEEPER, PROCESS, RUN, STOP, Run, this_process
from understudy.project.project import Project

Until = Callable[[Callable[[], object]], None]
Ended = Callable[[str], Run]


def _speaks(book: RunBook, id: str) -> bool:
    """Whether a run has said something, and its keeper, which may be slower, has noted its process."""
    return bool(book.events(id)[0]) and (book.folder / id / PROCESS).exists()


def test_a_run_ends_with_its_code_and_its_events_are_kept(book: RunBook, ended: Ended) -> None:
    run = book.start(["extract", ".", "--accuracy", "2"], title="Find faces")
    end = ended(run.id)
    assert (end.state, end.exit_code, end.sentence, end.title) == ("done", 0, "", "Find faces")
    assert end.words == ("extract", ".", "--accuracy", "2", "--json")
    assert [event["event"] for event in book.events(run.id)[0]] == ["StageFinished"]
    assert end.started is not None and end.ended is not None and end.created <= end.started <= end.ended


def test_the_sentence_of_a_refusal_and_the_last_line_of_a_bug_are_kept(book: RunBook, ended: Ended) -> None:
    refused, broken = book.start(["refuse"]), book.start(["break"])
    assert (ended(refused.id).state, ended(refused.id).sentence) == ("failed", "There is no such clip.")
    assert (ended(broken.id).exit_code, ended(broken.id).sentence) == (1, "ValueError: a bug")
    text, place = book.output(broken.id)
    assert "Traceback" in text and "Traceback" in book.output_end(broken.id)
    assert book.output(broken.id, place) == ("", place)


def test_a_run_that_is_asked_to_stop_ends_by_itself(book: RunBook, until: Until, ended: Ended) -> None:
    run = book.start(["wait", "well"])
    until(lambda: len(book.events(run.id)[0]) == 3 and _speaks(book, run.id))
    assert book.get(run.id).state == "running"
    standing = book.standing(run.id)
    assert (standing.stage, standing.done, standing.total, standing.seconds_left) == ("wait", 3, 10, 4.0)
    book.stop(run.id)
    assert ended(run.id).state == "stopped"


def test_one_that_does_not_listen_is_ended_at_once(book: RunBook, until: Until, ended: Ended) -> None:
    run = book.start(["deaf"])
    until(lambda: _speaks(book, run.id))
    assert book.stop(run.id).state == "stopping"
    book.stop(run.id, at_once=True)
    end = ended(run.id)
    assert end.state == "stopped" and end.exit_code == -signal.SIGKILL


def test_one_that_was_stopped_before_it_had_a_process_never_has_one(book: RunBook) -> None:
    book.start(["wait", "well"])
    late = book.queue(["deaf"])
    folder = book.folder / late.id
    write_json(folder / STOP, {"at": 0.0, "at_once": False})
    keep(folder, book.program)
    end = book.get(late.id)
    assert (end.state, end.sentence.partition(".")[0]) == ("stopped", "Stopped before it began")
    assert not (folder / PROCESS).exists()


def test_one_that_was_to_end_at_once_while_it_got_a_process_ends_then(
    book: RunBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the keeper's own, not that of the tests
    book.start(["wait", "well"])
    late = book.queue(["deaf"])
    folder = book.folder / late.id

    def stopped_meanwhile(number: int) -> dict[str, object]:
        write_json(folder / STOP, {"at": 0.0, "at_once": True})
        return this_process(number)

    monkeypatch.setattr(keeper, "this_process", stopped_meanwhile)
    monkeypatch.setattr(keeper, "_claimed", lambda _folder: True)  # its own process is noted by nobody
    assert keep(folder, book.program) == -signal.SIGKILL
    assert book.get(late.id).state == "stopped"


def test_a_wish_to_stop_that_a_beginning_process_did_not_hear_is_said_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hard_of_hearing = f"""
import pathlib, signal, sys, time
heard = []
signal.signal(signal.SIGINT, lambda *_: sys.exit({keeper._STOPPED}) if heard else heard.append(1))
pathlib.Path(sys.argv[1]).write_text('{{"at": 0.0}}')  # asked only now, as by whoever saw the process
time.sleep(600)
"""
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the keeper's own, not that of the tests
    monkeypatch.setattr(keeper, "_SAID_AGAIN_S", 0.05)
    folder = tmp_path / "logs" / "runs" / "one"
    folder.mkdir(parents=True)
    write_json(folder / RUN, {"words": [str(folder / STOP)]})
    assert keep(folder, [sys.executable, "-c", hard_of_hearing]) == keeper._STOPPED


def test_a_wish_to_stop_that_was_made_just_now_is_not_said_again_before_it_could_be_answered(
    tmp_path: Path,
) -> None:
    """A second one ends at once what would have ended well."""
    signals = list[int]()

    class Silent:
        def __init__(self) -> None:
            self.waits = 0

        def wait(self, _seconds: float | None = None) -> int:
            self.waits += 1
            if self.waits == 1:  # it is asked to stop at the end of a look's wait
                write_json(tmp_path / STOP, {"at": 0.0})
            if self.waits < 3:
                raise subprocess.TimeoutExpired("run", 0)
            return keeper._STOPPED

        def send_signal(self, number: int) -> None:
            signals.append(self.waits)

    assert keeper._ended(Silent(), tmp_path) == keeper._STOPPED  # type: ignore[arg-type]
    assert signals == [2], "once, after a whole wait"


def test_queued_runs_go_one_after_the_other_without_anyone_waiting(
    book: RunBook, until: Until, ended: Ended
) -> None:
    first = book.start(["wait", "well"])
    second, third = book.queue(["extract"]), book.queue(["refuse"])
    until(lambda: _speaks(book, first.id))
    assert [run.state for run in book.all()] == ["queued", "queued", "running"]
    book.stop(first.id)
    assert ended(second.id).state == "done"
    last = ended(third.id)
    assert last.state == "failed"
    assert (ended(second.id).ended or 0) <= (last.started or 0)


def test_runs_that_wait_begin_in_the_order_they_were_moved_to(
    book: RunBook, until: Until, ended: Ended
) -> None:
    first = book.start(["wait", "well"])
    a, b, c = (book.queue([word]).id for word in ("train", "merge", "tidy"))
    book.move(c, before=a)
    book.move(a)
    assert [run.id for run in book.waiting()] == [c, b, a]
    assert book.get(b).after == (first.id, c) and book.get(a).after == (first.id, c, b)
    assert books.runs_ahead(book.all()) == {c: 1, b: 2, a: 3}
    until(lambda: _speaks(book, first.id))
    book.stop(first.id)
    begun = [ended(id).started or 0 for id in (c, b, a)]
    assert begun == sorted(begun)


def test_only_what_waits_is_moved(book: RunBook) -> None:
    first, waits = book.start(["deaf"], title="Tidy up").id, book.queue(["extract"]).id
    for id, before in ((first, waits), (waits, first)):
        with pytest.raises(RunImpossible, match="Tidy up does not wait in the queue any more"):
            book.move(id, before=before)
    with pytest.raises(RunUnknown):
        book.move(waits, before="nothing")
    assert book.move(waits, before=waits).state == "queued"


def test_a_run_that_waits_can_be_withdrawn(book: RunBook, until: Until) -> None:
    first, second = book.start(["deaf"]), book.queue(["extract"])
    until(lambda: _speaks(book, first.id))
    assert book.stop(second.id).state == "stopped"
    assert book.get(second.id).started is None


def test_a_run_survives_whoever_started_it_and_is_found_again(
    book: RunBook, until: Until, ended: Ended
) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom understudy.jobs.runs.book import RunBook\n"
        "from understudy.project.project import Project\n"
        f"book = RunBook(Project.open(Path({str(book.project.folder)!r})), program={book.program!r})\n"
        "print(book.start(['wait', 'well']).id, flush=True)\ntime.sleep(60)\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    id = starter.stdout.readline().strip()
    starter.kill()
    starter.wait()
    starter.stdout.close()
    until(lambda: _speaks(book, id))
    assert book.get(id).state == "running"
    book.stop(id)
    assert ended(id).state == "stopped"


def test_a_run_goes_on_when_its_keeper_is_killed_and_its_end_is_then_unknown(
    book: RunBook, until: Until, ended: Ended
) -> None:
    run = book.start(["wait", "well"])
    until(lambda: _speaks(book, run.id))
    os.kill(read_json(book.folder / run.id / KEEPER)["process"], signal.SIGKILL)
    assert book.get(run.id).state == "running"
    book.stop(run.id)
    end = ended(run.id)
    assert end.state == "lost" and "nobody saw" in end.sentence


def test_a_process_with_the_number_of_a_run_is_not_taken_for_it(
    book: RunBook, until: Until, ended: Ended
) -> None:
    run = book.start(["deaf"])
    until(lambda: _speaks(book, run.id))
    folder = book.folder / run.id
    process = read_json(folder / PROCESS)
    for name in (KEEPER, PROCESS):
        about = read_json(folder / name)
        earlier = {"started": about["started"] - 100, "ticks": about.get("ticks", 0) - 10_000}
        (folder / name).write_text(json.dumps(about | earlier), encoding="utf-8")
    assert book.get(run.id).state == "lost"
    book.stop(run.id, at_once=True)
    assert psutil.pid_exists(process["process"])
    (folder / PROCESS).write_text(json.dumps(process), encoding="utf-8")


def test_the_queue_goes_on_after_everything_was_switched_off(book: RunBook, ended: Ended, until: Until) -> None:
    first, second = book.start(["deaf"]), book.queue(["extract"])
    until(lambda: _speaks(book, first.id))
    folder = book.folder / first.id
    for name in (KEEPER, PROCESS):
        os.kill(read_json(folder / name)["process"], signal.SIGKILL)
    until(lambda: book.get(first.id).state == "lost")
    assert book.get(second.id).state == "queued"
    begun = RunBook(Project.open(book.project.folder), program=book.program).go_on()
    assert begun is not None and begun.id == second.id
    assert ended(second.id).state == "done"


def test_a_run_that_waits_for_a_model_goes_on_with_it_under_its_new_name(
    book: RunBook, until: Until, ended: Ended
) -> None:
    book.project.add_model("main")
    first = book.start(["wait", "well"])
    train = book.queue(["train", ".", "--model=main", "--minutes=9"], title="Train main")
    typed = book.queue(["merge", ".", "main", "--model", "main"])  # of a clip that is called so, too
    other = book.queue(["train", ".", "--model=other"])
    until(lambda: _speaks(book, first.id))
    book.rename_model("main", "hero")
    assert set(book.project.manifest.models) == {"hero"}
    assert book.get(train.id).words == ("train", ".", "--model=hero", "--minutes=9", "--json")
    assert book.get(train.id).title == "Train hero"
    assert book.get(typed.id).words == ("merge", ".", "main", "--model", "hero", "--json")
    assert book.get(typed.id).title == "merge . main --model hero"
    assert book.get(other.id) == other
    assert not any(run.from_elsewhere for run in book.all())
    book.stop(first.id)
    assert ended(other.id).state == "done" == ended(train.id).state


def test_a_kill_leaves_no_waiting_run_with_another_name_than_its_model_s(
    book: RunBook, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, name = Path.replace, "main"
    book.project.add_model(name)
    first, train = book.start(["deaf"]), book.queue(["train", ".", f"--model={name}"])
    until(lambda: _speaks(book, first.id))
    for steps in range(6):
        left = iter(range(steps))

        def killed(path: Path, goal: Path, left: Iterator[int] = left) -> Path:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return real(path, goal)

        with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
            patch.setattr(Path, "replace", killed)
            RunBook(Project.open(book.project.folder)).rename_model(name, f"after-{steps}")
        (name,) = Project.open(book.project.folder).manifest.models
        assert book.get(train.id).words == ("train", ".", f"--model={name}", "--json")
    assert name == "after-5"
    assert not book.get(train.id).from_elsewhere


def test_no_run_is_changed_where_a_model_keeps_its_name(book: RunBook, until: Until) -> None:
    for name in ("main", "hero"):
        book.project.add_model(name)
    first, train = book.start(["deaf"]), book.queue(["train", ".", "--model=main"])
    until(lambda: _speaks(book, first.id))
    with pytest.raises(OptionInvalid, match="called 'hero' already"):
        book.rename_model("main", "hero")
    assert book.get(train.id) == train


def test_old_runs_go_to_the_trash(book: RunBook, ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "_KEPT", 1)
    ids = []
    for _ in range(3):
        ids.append(book.start(["extract"]).id)
        ended(ids[-1])
    assert [run.id for run in book.all()] == [ids[2], ids[1]]
    assert [entry.path.name.endswith(ids[0]) for entry in book.project.trash.entries()] == [True]


@pytest.mark.parametrize("id", ["", "..", "../../models", "nothing", ".lock"])
def test_only_the_name_of_a_run_is_taken(book: RunBook, id: str) -> None:
    with pytest.raises(RunUnknown):
        book.get(id)


def test_a_run_without_words_is_refused(book: RunBook) -> None:
    with pytest.raises(RunImpossible):
        book.start([])


def test_a_program_that_is_missing_is_told(tmp_path: Path, until: Until) -> None:
    book = RunBook(Project.create(tmp_path / "p"), program=(str(tmp_path / "nothing"),))
    run = book.start(["extract"])
    until(lambda: not book.get(run.id).living)
    assert book.get(run.id).state == "failed"
    assert "nothing" in book.get(run.id).sentence
