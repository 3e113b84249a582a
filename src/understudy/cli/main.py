"""The `understudy` command: the list of commands, and the one place where errors become words and exit codes.

Commands are named by module and imported only when used, so that `--help` needs neither torch nor OpenCV.
Exit codes: 0 done, 1 a bug, 2 something the user can mend, 130 stopped by Ctrl-C, as shells expect; `verify`
has its own.
"""

from __future__ import annotations

import errno
import io
import os
import re
import sys
import traceback
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import TracebackType

import pydantic
from cyclopts import App, CoercionError, CycloptsError, MissingArgumentError, UnusedCliTokensError

from understudy import __version__
from understudy.errors import Stopped, UnderstudyError
from understudy.options import meant, validation_sentence
from understudy.workers.cores import allowed_cores, cores

# Of most commands the first line is enough; what this one's exit code means is asked before it is run.
_VERIFY_HELP = """Say what a file's marks say.

The exit code of several results is the highest one among them: 0 trusted, 3 unchanged but by a signer this
machine doesn't know, 4 changed since it was signed, 5 no marks, 6 credentials gone while the watermark stayed;
2 says that something can't be opened, and what comes after it was not read.
"""
# As the library ends a refusal, with what was said before it.
_SUGGESTION = re.compile(
    r"""(?:command |option: |value )"?(?P<said>[^" ]+?)"?[. ].*"""
    r"""(?P<question> Did you mean "?(?P<name>[^" ]+)"?\?)$"""
)
app = App(
    name="understudy",
    version=__version__,
    help="Train a face model of one performer (src) and recast them into the footage of another (dst).",
    help_on_error=False,
    result_action="return_value",
    suppress_keyboard_interrupt=False,  # the library would leave without a word
)
# In the order of a day's work; the help lists them so.
app.command("understudy.cli.studio:studio", name="studio", help="All of it in the browser.")
app.command("understudy.cli.swap:swap", name="swap", help="Two clips in, a finished, signed shot out.")
app.command("understudy.cli.demo:demo", name="demo", help="Render two actors and swap them: the whole job.")
app.command("understudy.cli.project:new", name="new", help="Make a project folder.")
app.command("understudy.cli.project:add", name="add", help="Add clips to a project.")
app.command("understudy.cli.consent:consent", name="consent", help="Record who agreed to what; print a form.")
app.command("understudy.cli.stages:extract", name="extract", help="Find the faces of a project's clips.")
app.command("understudy.cli.frames:app", name="frames", help="Draw and correct faces of frames by hand.")
app.command("understudy.cli.faceset:faceset", name="faceset", help="Choose, clean and arrange faces.")
app.command("understudy.cli.masks:app", name="masks", help="Draw, make and apply masks of faces.")
app.command("understudy.cli.tracks:tracks", name="tracks", help="List who is seen when in a clip.")
app.command("understudy.cli.stages:train", name="train", help="Train a model, or go on training it.")
app.command("understudy.cli.recipe:app", name="recipe", help="See, check and write the stages of a training.")
app.command("understudy.cli.model:model", name="model", help="Make, list, copy, rename and put away models.")
app.command("understudy.cli.history:history", name="history", help="Show one face through the iterations.")
app.command("understudy.cli.plan:plan", name="plan", help="Say what memory and time a training will take.")
app.command("understudy.cli.pretrain:pretrain", name="pretrain", help="Teach a model faces in general, first.")
app.command("understudy.cli.cast:cast", name="cast", help="Say who in a clip is painted by which model.")
app.command("understudy.cli.stages:merge", name="merge", help="Paint a trained model into the dst clips.")
app.command("understudy.cli.settings:settings", name="settings", help="List or take back kept merge settings.")
app.command("understudy.cli.stages:encode", name="encode", help="Encode and sign the finished clips.")
app.command("understudy.cli.preset:app", name="preset", help="Named sets of options to encode and merge with.")
app.command("understudy.cli.credits:credits", name="credits", help="Words or a card for a film's credits.")
app.command("understudy.cli.export:export", name="export", help="Write a model for live programs.")
app.command("understudy.cli.project:status", name="status", help="What is done, what is next.")
app.command("understudy.cli.advise:advise", name="advise", help="What could be done better, and how.")
app.command("understudy.cli.runs:app", name="runs", help="Stages that go on without a terminal.")
app.command("understudy.cli.project:relink", name="relink", help="Say where a clip that was moved lies now.")
app.command("understudy.cli.project:remove", name="remove", help="Take a clip out of a project.")
app.command("understudy.cli.project:duplicate", name="duplicate", help="Copy a project under another name.")
app.command("understudy.cli.project:clean", name="clean", help="Move what a stage made to the trash.")
app.command("understudy.cli.verify:verify", name="verify", help=_VERIFY_HELP)
app.command("understudy.cli.keys:app", name="keys", help="Who signs here, and whom verify knows.")
app.command("understudy.cli.ledger:app", name="ledger", help="See and check the list of what was finished.")
app.command(
    "understudy.cli.measure:measure",
    name="measure",
    help="How steady, even and sharp a swap is, or how near to a true one.",
)
app.command("understudy.cli.clip:app", name="clip", help="Take clips apart, cut, clean and join them.")
app.command("understudy.cli.weights:app", name="weights", help="See, fetch and add weights of networks.")
app.command("understudy.cli.doctor:doctor", name="doctor", help="Say what works on this machine.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if arguments is None:
        _begin_in_utf8()
    # OpenMP's threads spin while they wait, which makes training up to ten times slower beside any other busy
    # program. Spinning briefly costs 7 % of the speed alone, not spinning at all 25 % (measured on two cores).
    # Read when torch is imported, so it must stand before any command.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    if cores() < allowed_cores():  # torch would start a thread for each of the latter
        os.environ.setdefault("OMP_NUM_THREADS", str(cores()))
    _print_anything()
    sys.excepthook = _tell_of_a_bug
    try:
        result = app(
            list(arguments) if arguments is not None else None,
            exit_on_error=False,
            print_error=False,
        )
    except CycloptsError as error:
        return _refuse(_words_of(error), UnderstudyError.exit_code)
    except UnderstudyError as error:
        return _refuse(str(error), error.exit_code)
    except KeyboardInterrupt:
        from understudy.cli.show import STOPPED_AT_ONCE

        return _refuse(STOPPED_AT_ONCE, Stopped.exit_code)
    except BrokenPipeError:  # e.g. `understudy status | head`
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return _refuse(
            f"This name is too long for a disk. Name another. Path: {error.filename}", UnderstudyError.exit_code
        )
    return result if isinstance(result, int) else 0


def _words_of(error: CycloptsError) -> str:
    if isinstance(error.__cause__, pydantic.ValidationError):
        return validation_sentence(error.__cause__)
    if isinstance(error, CoercionError) and error.target_type is date:
        said = f" {error.token.value!r} is none" if error.token is not None else ""
        flag = (error.token.keyword if error.token is not None else "") or "This"
        return f"{flag} takes a day as YYYY-MM-DD, like 2027-12-31;{said}."
    command = " ".join(("understudy", *(error.command_chain or ())))
    if isinstance(error, UnusedCliTokensError):
        unused = ", ".join(map(repr, error.unused_tokens or ()))
        return (
            f"The command got more words than it takes: {unused}. A name or path with spaces stands in quotes. "
            f"See `{command} --help`."
        )
    if isinstance(error, MissingArgumentError) and lacks_project(error):
        return (
            f"Say which project: `{command} FOLDER`, with . for the folder you are in. See `{command} --help`."
        )
    # The library's list of commands stops after eight; the help has them all.
    words = _without_false_friend(" ".join(str(error).split()).partition(" Available commands:")[0])
    clips = _clips_to_name(error) if isinstance(error, MissingArgumentError) else ""
    return f"{words.rstrip('.')}{'' if words.endswith('?') else '.'}{clips} See `{command} --help`."


def lacks_project(error: MissingArgumentError) -> bool:
    """Whether a command was typed without its project's folder."""
    return error.argument is not None and error.argument.name == "PROJECT"


def _without_false_friend(words: str) -> str:
    """The library's refusal, which names far too much as near, with what options call near alone."""
    found = _SUGGESTION.search(words)
    if found is None or meant(found["said"].lstrip("-"), [found["name"].lstrip("-")]):
        return words
    return words.replace(found["question"], "")


def _clips_to_name(error: MissingArgumentError) -> str:
    """A sentence with the project's clips, where one of them was to be named; empty where it isn't that."""
    if error.argument is None or error.argument.name != "CLIP":
        return ""
    from understudy.project.manifest import ROLES
    from understudy.project.project import MANIFEST_NAME, Project

    folders = (Path(token) for token in error.root_input_tokens or ())
    try:
        folder = next((path for path in folders if (path / MANIFEST_NAME).is_file()), None)
        if folder is None:
            return ""
        manifest = Project.look(folder)
    except (OSError, UnderstudyError):  # no path at all, or what the corrected command will say
        return ""
    sides = (f"{role}: {', '.join(manifest.clips_of(role)) or 'none yet'}" for role in ROLES)
    return f" The project's clips are {'; '.join(sides)}."


def _refuse(sentence: str, exit_code: int) -> int:
    from understudy.provenance.words import escaped

    # A file's name, or what stands in it, may be a stranger's.
    print(escaped(f"understudy: {sentence}", keep="\n\t"), file=sys.stderr)
    return exit_code


def _begin_in_utf8() -> None:
    # What a project names is UTF-8, as names on disks are. Under a locale of another encoding (as
    # de_DE.ISO-8859-1, or C where Python was told to obey it) clips with umlauts would be gone.
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | {"PYTHONUTF8": "1"})


def _print_anything() -> None:
    # A path may hold letters that this terminal can't show; that must not end a night's training.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _tell_of_a_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    traceback.print_exception(kind, error, trace)
    print(
        "\nThis is a bug in understudy, not something you did. Nothing that was finished is lost. "
        "`understudy doctor --report` makes a file to send with the lines above.",
        file=sys.stderr,
    )
