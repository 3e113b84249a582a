"""`understudy verify`: what a file's marks say, in words and as an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from understudy.cli.flags import Json

if TYPE_CHECKING:
    from understudy.provenance.verify import Verdict


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
        A film, an image, a folder of images, or a folder of all of these, each of which is read.
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
    from understudy.provenance.examine import examine

    exit_code = 0
    ledgers = [ledger_of(path) for path in ledger]
    if table and not json:
        print(f"{'state':<9} {'watermark':<11} {'ledger':<24} {'signer':<28} {'source':<36} file")
    for path in (each for said in (file, *more) for each in files_meant(said)):
        verdict = examine(path, ledgers=ledgers, watermark=watermark)
        exit_code = max(exit_code, verdict.exit_code)
        if json:
            print(_as_json(path, verdict))
        elif table:
            print(_as_row(path, verdict))
        else:
            print(f"{verdict.state}: {path}")
            for sentence in verdict.sentences:
                print(f"  {sentence}")
    return exit_code


def files_meant(said: Path) -> list[Path]:
    """A path itself; of a folder its films, its images and, looked into in the same way, the folders in it.

    Images that lie together without a film are one sequence, unless they are signed each for itself.
    """
    return _in_folder(said) or [said] if said.is_dir() else [said]


def _in_folder(folder: Path) -> list[Path]:
    from understudy.media.codecs import CONTAINERS
    from understudy.media.images import IMAGE_SUFFIXES
    from understudy.provenance.ledger import LEDGER_NAME
    from understudy.provenance.sign import are_signed_each

    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    films = [path for path in inside if path.is_file() and path.suffix.lower() in CONTAINERS]
    images = [path for path in inside if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES]
    below = [path for path in inside if path.is_dir() and not path.is_symlink()]
    meant = sorted([*films, *images])
    if (folder / LEDGER_NAME).is_file() or (images and not films and not are_signed_each(images)):
        meant = [folder, *films]
    return meant + [file for one in below for file in _in_folder(one)]


def ledger_of(path: Path) -> Path:
    """The ledger of a project, or the file that was named."""
    return path / "exports.jsonl" if path.is_dir() else path


def _as_json(path: Path, verdict: Verdict) -> str:
    from understudy.provenance.words import as_json

    told = {"path": str(path), "state": verdict.state, "words": verdict.sentences, "facts": verdict.facts}
    return as_json(told)


def _as_row(path: Path, verdict: Verdict) -> str:
    from understudy.provenance.words import plain

    number = (verdict.facts.get("watermark") or {}).get("number", "-")
    entry = verdict.facts.get("ledger") or {}
    line = f"{Path(entry['path']).name} line {entry['line']}" if entry else "-"
    signer = plain(verdict.facts.get("signer") or "-")
    source = plain(verdict.facts.get("source_type") or "-")
    return f"{verdict.state:<9} {number:<11} {plain(line):<24} {signer:<28} {source:<36} {path}"
