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
from cyclopts import App, CoercionError, CycloptsError, Group, MissingArgumentError, UnusedCliTokensError

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
# What the help lists, in the order of a day's work: where a command lies, its name and its first line.
_COMMANDS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Start": (
        ("understudy.cli.studio:studio", "studio", "All of it in the browser."),
        ("understudy.cli.swap:swap", "swap", "Two clips in, a finished, signed shot out."),
        ("understudy.cli.demo:demo", "demo", "Render two actors and swap them: the whole job."),
        ("understudy.cli.doctor:doctor", "doctor", "Say what works on this machine."),
    ),
    "Project": (
        ("understudy.cli.project:new", "new", "Make a project folder."),
        ("understudy.cli.project:add", "add", "Add clips to a project."),
        ("understudy.cli.project:status", "status", "What is done, what is next."),
        ("understudy.cli.advise:advise", "advise", "What could be done better, and how."),
        ("understudy.cli.consent:consent", "consent", "Record who agreed to what; print a form."),
        ("understudy.cli.runs:app", "runs", "Stages that go on without a terminal."),
        ("understudy.cli.project:relink", "relink", "Say where a clip that was moved lies now."),
        ("understudy.cli.project:remove", "remove", "Take a clip out of a project."),
        ("understudy.cli.project:duplicate", "duplicate", "Copy a project under another name."),
        ("understudy.cli.project:clean", "clean", "Move what a stage made to the trash."),
    ),
    "Faces and masks": (
        ("understudy.cli.stages:extract", "extract", "Find the faces of a project's clips."),
        ("understudy.cli.tracks:tracks", "tracks", "List who is seen when in a clip."),
        ("understudy.cli.frames:app", "frames", "Draw and correct faces of frames by hand."),
        ("understudy.cli.faceset:faceset", "faceset", "Choose, clean and arrange faces."),
        ("understudy.cli.masks:app", "masks", "Draw, make and apply masks of faces."),
    ),
    "Training": (
        ("understudy.cli.stages:train", "train", "Train a model, or go on training it."),
        ("understudy.cli.plan:plan", "plan", "Say what memory and time a training will take."),
        ("understudy.cli.model:model", "model", "Make, list, copy, rename and put away models."),
        ("understudy.cli.recipe:app", "recipe", "See, check and write the stages of a training."),
        ("understudy.cli.history:history", "history", "Show one face through the iterations."),
        ("understudy.cli.pretrain:pretrain", "pretrain", "Teach a model faces in general, first."),
        ("understudy.cli.export:export", "export", "Write a model for live programs."),
    ),
    "Merging and delivery": (
        ("understudy.cli.cast:cast", "cast", "Say who in a clip is painted by which model."),
        ("understudy.cli.stages:merge", "merge", "Paint a trained model into the dst clips."),
        ("understudy.cli.settings:settings", "settings", "List or take back kept merge settings."),
        ("understudy.cli.preset:app", "preset", "Named sets of options to encode and merge with."),
        (
            "understudy.cli.measure:measure",
            "measure",
            "How steady, even and sharp a swap is, or how near to a true one.",
        ),
        ("understudy.cli.stages:encode", "encode", "Encode and sign the finished clips."),
        ("understudy.cli.verify:verify", "verify", _VERIFY_HELP),
        ("understudy.cli.credits:credits", "credits", "Words or a card for a film's credits."),
        ("understudy.cli.ledger:app", "ledger", "See and check the list of what was finished."),
        ("understudy.cli.keys:app", "keys", "Who signs here, and whom verify knows."),
    ),
    "Tools": (
        ("understudy.cli.clip:app", "clip", "Take clips apart, cut, clean and join them."),
        ("understudy.cli.weights:app", "weights", "See, fetch and add weights of networks."),
    ),
}
for _at, (_heading, _commands) in enumerate(_COMMANDS.items(), 1):
    _group = Group(_heading, sort_key=_at)  # one for all of a heading: the library takes no second of a name
    for _place, (_module, _name, _help) in enumerate(_commands):
        app.command(_module, name=_name, help=_help, group=_group, sort_key=_place)
_about = Group("About", sort_key=len(_COMMANDS) + 1)
for _flag in ("--help", "--version"):
    app[_flag].group = _about


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
