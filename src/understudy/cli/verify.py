"""`understudy verify`: what a file's marks say, in words and as an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from understudy.cli.flags import Json
from understudy.counts import counted
from understudy.errors import Stopped

if TYPE_CHECKING:
    from understudy.events import Event, Events
    from understudy.provenance.verify import Verdict

_STAGE = "verify"
_OTHERS_NAMED = 3
_BESIDE_FINISHED = (".c2pa", ".json", ".jsonl", ".toml")  # sidecars, reports, ledgers, the project


def verify(
    file: Path,
    /,
    *more: Path,
    watermark: bool = True,
    ledger: Annotated[tuple[Path, ...], Parameter(negative="", show_default=False)] = (),
    table: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> int:
    """Say what the marks of a finished file say: credentials, the watermark in the picture, XMP.

    What its exit code says stands in its help (`main`).

    Parameters
    ----------
    file:
        A film, an image, a folder of images, or a folder of all of these, each of which is read. In a folder,
        hidden folders and those that a project works with, such as its facesets, are passed over and counted,
        and so are files that are called like neither a film nor a picture.
    more:
        Further ones.
    watermark:
        Also look for the watermark in the pictures, which takes seconds.
    ledger:
        A ledger of exports, or a project, in which to look up the watermark's number; those that were written
        on this machine are always searched.
    table:
        One line for each file instead of sentences.
    json:
        Print everything that was found as JSON.
    """
    from understudy.cli.show import show

    meant = files_meant((file, *more))
    if meant.passed_over:
        files = counted(meant.passed_over, "film or picture", "films and pictures")
        _beside(
            f"passed over: {files} in hidden folders and in those that projects work with; name one to read it"
        )
    if meant.others:
        named = ", ".join(path.name for path in meant.others[:_OTHERS_NAMED])
        and_more = ", …" if len(meant.others) > _OTHERS_NAMED else ""
        files = f"{counted(len(meant.others), 'file')} called like neither a film nor a picture"
        _beside(f"passed over: {files} ({named}{and_more}); name one to read it")
    if table and not json:
        print(f"{'state':<9} {'watermark':<11} {'ledger':<24} {'signer':<28} {'source':<36} file", flush=True)
    ledgers = [ledger_of(path) for path in ledger]
    say = _as_json if json else _as_row if table else _as_sentences
    verdicts: list[Verdict] = []
    try:
        show(_told(meant.files, say, verdicts, ledgers=ledgers, watermark=watermark), beside_output=True)
    except Stopped:
        raise Stopped(
            f"Stopped. {len(verdicts)} of {counted(len(meant.files), 'file')} read; the same command "
            "begins with the first again."
        ) from None
    return max(verdict.exit_code for verdict in verdicts)


def _told(
    files: Sequence[Path],
    say: Callable[[Path, Verdict], str],
    verdicts: list[Verdict],
    *,
    ledgers: Sequence[Path],
    watermark: bool,
) -> Events:
    """Read the files, print each verdict as it is found, and add it to `verdicts`."""
    from understudy.events import Progress, StageFinished, StageStarted
    from understudy.provenance.words import escaped

    total = len(files)
    yield StageStarted(stage=_STAGE, unit="files", total=total)
    for number, path in enumerate(files):
        yield Progress(stage=_STAGE, done=number, total=total, note=path.name)
        verdict = yield from _examined(path, number, total, ledgers=ledgers, watermark=watermark)
        verdicts.append(verdict)
        # A file's name may be a stranger's. Shown at once: it may be minutes to the next.
        print(escaped(say(path, verdict), keep="\n"), flush=True)
    yield Progress(stage=_STAGE, done=total, total=total)
    yield StageFinished(stage=_STAGE)


def _examined(
    path: Path, number: int, total: int, *, ledgers: Sequence[Path], watermark: bool
) -> Generator[Event, None, Verdict]:
    """Read one of the files; how much of it is done is told for each step."""
    from understudy.events import Progress
    from understudy.provenance.examine import examine_by_steps

    steps = examine_by_steps(path, ledgers=ledgers, watermark=watermark)
    while True:
        try:
            begun = next(steps)
        except StopIteration as end:
            return end.value
        yield Progress(stage=_STAGE, done=number, total=total, note=path.name, begun=begun)


@dataclass(frozen=True)
class Meant:
    """What is to be read, how many films and pictures in folders of no finished files are not, and the files
    that are neither."""

    files: list[Path]
    passed_over: int
    others: list[Path]


def files_meant(said: Sequence[Path]) -> Meant:
    """Paths themselves; of a folder its films, its images and, looked into in the same way, the folders in it.

    Images that lie together without a film are one sequence, unless they are signed each for itself.
    """
    files: list[Path] = []
    not_finished: list[Path] = []
    others: list[Path] = []
    for path in said:
        files += (_in_folder(path, not_finished, others) or [path]) if path.is_dir() else [path]
    return Meant(files, sum(_count_media(folder) for folder in not_finished), others)


def _in_folder(folder: Path, not_finished: list[Path], others: list[Path]) -> list[Path]:
    """Notes in `not_finished` the folders that it doesn't look into, in `others` the files it doesn't read."""
    from understudy.project.project import MANIFEST_NAME, WORK_FOLDERS
    from understudy.provenance.ledger import LEDGER_NAME
    from understudy.provenance.sign import are_signed_each

    inside = sorted(folder.iterdir())
    shown = [path for path in inside if not path.name.startswith(".") and path.is_file()]
    films, images = _media(shown)
    read = {*films, *images}
    others += [path for path in shown if path not in read and path.suffix.lower() not in _BESIDE_FINISHED]
    below = [path for path in inside if path.is_dir() and not path.is_symlink()]
    work = WORK_FOLDERS if (folder / MANIFEST_NAME).is_file() else ()
    passed_over = [path for path in below if path.name.startswith(".") or path.name in work]
    not_finished += passed_over
    meant = sorted([*films, *images])
    if (folder / LEDGER_NAME).is_file() or (images and not films and not are_signed_each(images)):
        meant = [folder, *films]
    looked_into = [one for one in below if one not in passed_over]
    return meant + [file for one in looked_into for file in _in_folder(one, not_finished, others)]


def _media(files: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """The films and the images among them, by their names."""
    from understudy.media.images import IMAGE_SUFFIXES
    from understudy.media.movie_files import is_movie
    from understudy.provenance.credentials import EMBEDDING_FORMATS

    films, images = [], []
    for path in files:
        if is_movie(path):
            films.append(path)
        elif path.suffix.lower() in IMAGE_SUFFIXES or path.suffix.lower() in EMBEDDING_FORMATS:
            images.append(path)
    return films, images


def _count_media(folder: Path) -> int:
    """How many films and images lie in a folder, however deep."""
    below = os.walk(folder)
    return sum(len(found) for here, _, names in below for found in _media(Path(here, name) for name in names))


def _beside(line: str) -> None:
    """For the person alone: what is read of the standard output stays as it was."""
    from understudy.provenance.words import escaped

    print(escaped(line), file=sys.stderr, flush=True)


def ledger_of(path: Path) -> Path:
    """The ledger of a project, or the file that was named."""
    return path / "exports.jsonl" if path.is_dir() else path


def _as_json(path: Path, verdict: Verdict) -> str:
    from understudy.provenance.words import as_json

    told = {"path": str(path), "state": verdict.state, "words": verdict.sentences, "facts": verdict.facts}
    return as_json(told)


def _as_sentences(path: Path, verdict: Verdict) -> str:
    return "\n".join([f"{verdict.state}: {path}", *(f"  {sentence}" for sentence in verdict.sentences)])


def _as_row(path: Path, verdict: Verdict) -> str:
    from understudy.provenance.words import plain

    number = (verdict.facts.get("watermark") or {}).get("number", "-")
    entry = verdict.facts.get("ledger") or {}
    line = f"{Path(entry['path']).name} line {entry['line']}" if entry else "-"
    signer = plain(verdict.facts.get("signer") or "-")
    source = plain(verdict.facts.get("source_type") or "-")
    return f"{verdict.state:<9} {number:<11} {plain(line):<24} {signer:<28} {source:<36} {path}"
