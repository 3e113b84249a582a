"""The runs of a project: start, queue, stop, and look at them, from any process and at any time.

Everything is in PROJECT/logs/runs/, one folder a run (`run.py` says what is in it). Nobody needs to stay for a
run to go on, to end well or to let the next one begin.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.errors import OptionInvalid, RunImpossible, RunUnknown
from understudy.files import read_json, write_json
from understudy.jobs.runs.queue import QueueOptions, failed_before, model_put_away_since, with_model_renamed
from understudy.jobs.runs.reading import (
    Standing,
    read_events,
    read_result,
    read_standing,
    read_tail,
    read_text,
)
from understudy.jobs.runs.run import (
    EVENTS,
    KEEPER,
    OUTPUT,
    RUN,
    STOP,
    Run,
    process_of,
    read_run,
    write_end,
    written_process,
)
from understudy.options import parse_options
from understudy.project.asked_here import seals
from understudy.project.lock import exclusive
from understudy.project.model_changes import rename_model
from understudy.project.project import Project

UNDERSTUDY = (sys.executable, "-m", "understudy")
_QUEUE = "queue.json"
_KEPT = 100  # runs that are over; older ones go to the trash
_TO_BEGIN_S = 30.0  # on a computer that is busy
_LOOK_S = 0.02
_OUTPUT_END_BYTES = 200_000
_JSON = "--json"
_ASK = signal.SIGINT if os.name == "posix" else signal.SIGTERM


class RunBook:
    """All runs of one project. `program` is what the words of a run are given to."""

    def __init__(self, project: Project, *, program: Sequence[str] = UNDERSTUDY) -> None:
        self.project = project
        self.program = tuple(program)
        self.folder = project.logs_folder / "runs"

    def start(self, words: Sequence[str], *, title: str = "") -> Run:
        """Start `understudy WORDS --json` in the project's folder, now and beside whatever else runs.

        The project is called `.` in the words, so that a project that was moved keeps its runs. Raises
        RunImpossible where its process does not begin.
        """
        with exclusive(self.folder / ".lock"):
            id = self._made(words, title=title)
            self._begin(id)
            self._prune()
        return self.get(id)

    def queue(self, words: Sequence[str], *, title: str = "") -> Run:
        """The same when all that runs or waits now is over; at once where nothing does."""
        with exclusive(self.folder / ".lock"):
            before = [run.id for run in reversed(self.all()) if run.living and not run.from_elsewhere]
            id = self._made(words, title=title, after=before)
        self.go_on()
        return self.get(id)

    def queue_options(self) -> QueueOptions:
        """What was chosen for this project's queue. Raises OptionInvalid where its file was spoiled."""
        path = self.folder / _QUEUE
        if not path.is_file():
            return QueueOptions()
        try:
            said = read_json(path)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise OptionInvalid("What was chosen for the queue can't be read. Delete this file.", path)
        return parse_options(QueueOptions, said)

    def keep_queue_options(self, options: QueueOptions) -> None:
        """Choose for this project's queue, also for what waits already."""
        with exclusive(self.folder / ".lock"):
            write_json(self.folder / _QUEUE, options.model_dump(mode="json"))

    def go_on(self) -> Run | None:
        """Begin the first run that waits, if none runs; gives it. Called whenever a run ends, and by whoever
        opens the project, because a computer may have been switched off in between. One that waits from
        elsewhere never begins here.

        What the queue's options take out for one that failed is taken out first, and so is a training whose
        model was put in the trash meanwhile.
        """
        if not self.folder.is_dir():
            return None
        with exclusive(self.folder / ".lock"):
            runs = self.all()
            if any(run.state in ("running", "stopping") for run in runs):
                return None
            waiting = self._that_may_begin(_waiting(runs), runs)
            if not waiting:
                return None
            self._begin(waiting[0].id)
            self._prune()
            return self.get(waiting[0].id)

    def _that_may_begin(self, waiting: list[Run], runs: list[Run]) -> list[Run]:
        """Those that may begin, in their order; the others end here."""
        known, left, clips = {run.id: run for run in runs}, list[Run](), self.project.manifest.clips
        try:
            options = self.queue_options()
        except OptionInvalid:  # a spoiled file stops no queue; whoever looks at the queue is told
            options = QueueOptions()
        for run in waiting:
            if gone := model_put_away_since(run, self.project):
                sentence = _of_put_away(self.project, gone)
                write_end(self.folder / run.id, state="failed", sentence=sentence)
            elif failed := failed_before(run, known, options, clips=clips):
                sentence = f"Taken out of the queue because this failed before it: {failed.title}."
                write_end(self.folder / run.id, state="stopped", sentence=sentence, because=failed.id)
            else:
                left.append(run)
                continue
            known[run.id] = self.get(run.id)
        return left

    def move(self, id: str, *, before: str = "") -> Run:
        """Let a run that waits begin before another one that does; without, after all of them.

        A run that fails takes out of the queue what now comes after it. Raises RunUnknown, RunImpossible for a
        run that does not wait here.
        """
        with exclusive(self.folder / ".lock"):
            waiting = self.waiting()
            for one in filter(None, (id, before)):
                if one not in [run.id for run in waiting]:
                    raise RunImpossible(f"{self.get(one).title} does not wait in the queue any more.")
            if before != id:
                order = [run.id for run in waiting if run.id != id]
                order.insert(order.index(before) if before else len(order), id)
                self._reorder({run.id: run for run in waiting}, order)
        return self.get(id)

    def _reorder(self, waiting: Mapping[str, Run], order: Sequence[str]) -> None:
        """Give the places that waiting runs have to them in this order."""
        places = sorted(run.place for run in waiting.values())
        for at, (id, place) in enumerate(zip(order, places, strict=True)):
            after = [other for other in waiting[id].after if other not in waiting] + list(order[:at])
            path = self.folder / id / RUN
            write_json(path, {**read_json(path), "place": place, "after": after})

    def rename_model(self, name: str, new: str) -> None:
        """Give a model another name, also in the words of what waits here. Raises what `model_changes` raises;
        then nothing is changed."""
        with exclusive(self.folder / ".lock"):  # else what waits could begin with its old words
            notes = dict[str, dict[str, Any]]()
            for run in self.all():
                if run.state == "queued" and not run.from_elsewhere:
                    notes |= self._noted_anew(run, name, new)
            rename_model(self.project, name, new, notes=notes)

    def _noted_anew(self, run: Run, name: str, new: str) -> dict[str, dict[str, Any]]:
        """What the file of a waiting run is to say after a model got another name, by its place in the project;
        nothing where it stays as it is."""
        words = with_model_renamed(run.words, name, new)
        if words == list(run.words):
            return {}
        title = with_model_renamed(run.title.split(" "), name, new)
        if words[0] == "train":  # a window calls it by its model
            title[-1] = new if title[-1] == name else title[-1]
        path = self.folder / run.id / RUN
        about = {"words": words, "title": " ".join(title)}
        about |= {"seals": seals(self.project.folder, (run.id, *words))}
        return {path.relative_to(self.project.folder).as_posix(): {**read_json(path), **about}}

    def accept(self, id: str) -> Run:
        """Let a run that waits from elsewhere begin when all that runs is over, as if it had been asked for.

        Its words are a command: a person should have read them. Raises RunUnknown, RunImpossible for a run that
        does not wait so.
        """
        with exclusive(self.folder / ".lock"):
            run = self.get(id)
            if not run.from_elsewhere:
                raise RunImpossible(f"{id} is no run that waits from elsewhere; it is {run.state}.")
            folder = self._folder(id)
            write_json(
                folder / RUN, {**read_json(folder / RUN), "seals": seals(self.project.folder, (id, *run.words))}
            )
        self.go_on()
        return self.get(id)

    def all(self) -> list[Run]:
        """Every run, the newest first; those that wait in the order opposite to that in which they begin."""
        if not self.folder.is_dir():
            return []
        found = [read_run(path) for path in self.folder.iterdir() if path.is_dir()]
        return sorted((run for run in found if run), key=lambda run: (run.place, run.id), reverse=True)

    def waiting(self) -> list[Run]:
        """Those that wait here, in the order in which they begin."""
        return _waiting(self.all())

    def get(self, id: str) -> Run:
        """One run. Raises RunUnknown."""
        run = read_run(self._folder(id))
        if run is None:
            raise RunUnknown(f"The project has no run {id!r}. `understudy runs list` shows those there are.")
        return run

    def stop(self, id: str, *, at_once: bool = False) -> Run:
        """Ask a run to stop: it ends after its present step and keeps what is done. One in the queue
        is withdrawn.

        `at_once` ends its process and those it started without asking; what was finished before is kept, as
        after a power cut. Nothing happens to a run that is over.
        """
        folder = self._folder(id)
        with exclusive(self.folder / ".lock"):
            run = self.get(id)
            if run.state == "queued":
                write_end(folder, state="stopped", sentence="Taken out of the queue before it began.")
            elif run.living:
                write_json(folder / STOP, {"at": time.time(), "at_once": at_once})
                _signal(folder, at_once=at_once)
        return self.get(id)

    def events(self, id: str, since: int = 0) -> tuple[list[dict[str, Any]], int]:
        """What a run said after place `since` of its file, and the place to go on from. Raises RunUnknown."""
        return read_events(self.events_path(id), since)

    def standing(self, id: str) -> Standing:
        """Where a run stands now. Raises RunUnknown."""
        return read_standing(self.events_path(id))

    def events_path(self, id: str) -> Path:
        """The file of a run's events. Raises RunUnknown."""
        return self.folder / self.get(id).id / EVENTS

    def result(self, id: str) -> Any:
        """What a run answered, as JSON; None where it has not, or not yet. Raises RunUnknown."""
        return read_result(self.events_path(id))

    def output(self, id: str, since: int = 0) -> tuple[str, int]:
        """What a run wrote beside its events after place `since` of its file, and the place to go on from.

        At most a megabyte at once. Raises RunUnknown.
        """
        return read_text(self.folder / self.get(id).id / OUTPUT, since)

    def output_end(self, id: str) -> str:
        """The end of that, however long it is. Raises RunUnknown."""
        return read_tail(self.folder / self.get(id).id / OUTPUT, _OUTPUT_END_BYTES).decode("utf-8", "replace")

    def _folder(self, id: str) -> Path:
        if not id or id.startswith(".") or set(id) & set("/\\:\0"):
            raise RunUnknown(f"{id!r} is not the name of a run.")
        return self.folder / id

    def _made(self, words: Sequence[str], *, title: str, after: Sequence[str] = ()) -> str:
        if not words:
            raise RunImpossible("A run needs a command, like `train . --minutes 10`.")
        said = [*words] if _JSON in words else [*words, _JSON]
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for number in range(1000):
            folder = self.folder / f"{stamp}-{number:03d}-{_plain(words[0])}"
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                about = {"title": title or " ".join(words), "words": said, "created": time.time()}
                about |= {"after": list(after)} if after else {}
                about |= {"seals": seals(self.project.folder, (folder.name, *said))}
                write_json(folder / RUN, about)
                return folder.name
        raise RunImpossible("Too many runs were asked for in one second.", self.folder)

    def _begin(self, id: str) -> None:
        """Start the process that keeps a run, and see that it has it."""
        folder = self.folder / id
        with (folder / OUTPUT).open("ab") as output:
            keeper = subprocess.Popen(
                [sys.executable, "-m", "understudy.jobs.runs.keeper", str(folder), *self.program],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        # Somebody must take note of its end, or it stays in the system's list as long as this process lives.
        threading.Thread(target=keeper.wait, daemon=True, name="run-keeper").start()
        until = time.monotonic() + _TO_BEGIN_S
        while not (folder / KEEPER).exists():
            if keeper.poll() is not None or time.monotonic() > until:
                write_end(folder, state="failed", sentence="Its process did not begin; the log says why.")
                raise RunImpossible("The run's process did not begin. Its log says why.", folder / OUTPUT)
            time.sleep(_LOOK_S)

    def _prune(self) -> None:
        for run in [run for run in self.all() if not run.living][_KEPT:]:
            self.project.trash.put(self.folder / run.id)


def runs_ahead(runs: Sequence[Run]) -> dict[str, int]:
    """For each of all runs that waits here, how many have to be over before it begins."""
    begun = sum(run.state in ("running", "stopping") for run in runs)
    return {run.id: begun + at for at, run in enumerate(_waiting(runs))}


def _waiting(runs: Sequence[Run]) -> list[Run]:
    """Those of all runs that wait here, in the order in which they begin."""
    return [run for run in reversed(runs) if run.state == "queued" and not run.from_elsewhere]


def _of_put_away(project: Project, model: str) -> str:
    restore = shlex.join(["understudy", "model", "restore", str(project.folder), model])
    return (
        f"Not begun: its model {model!r} was put in the trash after this was asked for. Bring that back with "
        f"`{restore}` and start this again; without that, it begins a new model of that name."
    )


def _signal(folder: Path, *, at_once: bool) -> None:
    written = written_process(folder)
    process = process_of(written) if written else None
    if process is None:
        return
    if not at_once:
        process.send_signal(_ASK)
    elif os.name == "posix":  # it leads a session: those it started end too
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())[:20] or "run"
