"""`understudy verify`: what a file's marks say, in words and as an exit code."""

from __future__ import annotations

from pathlib import Path

from understudy.cli.flags import Json


def verify(file: Path, /, *more: Path, json: Json = False) -> int:
    """Say what the marks of a finished file say.

    The exit code is that of the worst file: 0 trusted, 3 valid but signed by someone this machine does not
    know, 4 changed since it was signed, 5 no marks.

    Parameters
    ----------
    file:
        A film, an image, or a folder of images.
    more:
        Further ones.
    json:
        Print everything that was found as JSON.
    """
    from understudy.provenance.verify import verify as look

    exit_code = 0
    for path in (file, *more):
        verdict = look(path)
        exit_code = max(exit_code, verdict.exit_code)
        if json:
            from json import dumps

            told = {
                "path": str(path),
                "state": verdict.state,
                "words": verdict.sentences,
                "facts": verdict.facts,
            }
            print(dumps(told, ensure_ascii=False, default=str))
            continue
        print(f"{verdict.state}: {path}")
        for sentence in verdict.sentences:
            print(f"  {sentence}")
    return exit_code
