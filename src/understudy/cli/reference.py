"""The reference pages that are made from the code: every option, every command, the face metadata.

`make docs` writes them; a test fails when a page in the repository is stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from understudy.cli.main import app
from understudy.facesets.by_hand.options import CarryOptions
from understudy.facesets.exchange.options import ExportOptions, ImportOptions
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.xmp import schema_page
from understudy.files import write_text
from understudy.jobs.presets import option_words
from understudy.jobs.runs.queue import QueueOptions
from understudy.media.options import (
    CutOptions,
    DeinterlaceOptions,
    DenoiseOptions,
    FrameFileOptions,
    JoinOptions,
    MovieOptions,
)
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.delivery.purposes import PURPOSES
from understudy.merging.options import MergeOptions
from understudy.options import OptionInfo, Options, describe
from understudy.studio.options import StudioOptions
from understudy.training.options import TrainOptions
from understudy.training.presets import PRESETS
from understudy.training.segmenting.options import MaskTrainOptions
from understudy.training.steering.options import RateSearchOptions

# Heading, table in understudy.toml, command, class.
_STAGES: tuple[tuple[str, str, str, type[Options]], ...] = (
    ("Extract", "extract", "understudy extract", ExtractOptions),
    ("Train", "train", "understudy train", TrainOptions),
    ("Merge", "merge", "understudy merge", MergeOptions),
    ("Encode", "encode", "understudy encode", EncodeOptions),
)

# Options which no table sets: heading, command, class.
_FLAGS_ALONE: tuple[tuple[str, str, type[Options]], ...] = (
    ("Import", "understudy faceset import", ImportOptions),
    ("Export", "understudy faceset export", ExportOptions),
    ("Frames as files", "understudy clip frames", FrameFileOptions),
    ("Movies in between", "understudy clip cut, denoise, deinterlace, join", MovieOptions),
    ("Cut", "understudy clip cut", CutOptions),
    ("Denoise", "understudy clip denoise", DenoiseOptions),
    ("Deinterlace", "understudy clip deinterlace", DeinterlaceOptions),
    ("Join", "understudy clip join", JoinOptions),
    ("Carry a face by hand", "understudy frames carry", CarryOptions),
    ("Teach a segmenter", "understudy masks train", MaskTrainOptions),
    ("Find a learning rate", "understudy train --find-rate", RateSearchOptions),
    ("Runs that wait", "understudy runs queue", QueueOptions),
    ("The studio", "understudy studio", StudioOptions),
)

_WHEN = {"live": "at any time", "restart": "at the next start", "create": "only for something new"}


def options_page() -> str:
    """Markdown that lists every option of every stage."""
    parts = [
        "# Options",
        "",
        "Made from the code by `make docs`. Every option is a flag of its command, a key of its table in "
        "`understudy.toml`, and, with its table's name before it, a flag of `understudy swap` "
        "(`--merge.mode`; those of training go without: `--minutes`). A flag beats the file, the file beats "
        "the preset.",
    ]
    for heading, table, command, options in _STAGES:
        parts += ["", f"## {heading}", "", f"`{command}`, table `[{table}]`", "", *_table(options)]
    for heading, command, options in _FLAGS_ALONE:
        parts += ["", f"## {heading}", "", f"Flags of `{command}` alone.", "", *_table(options)]
    parts += ["", "## Presets", "", "What `--preset` stands for.", "", *_presets()]
    parts += ["", "## Purposes", "", "What `--purpose` of `understudy encode` stands for.", "", *_purposes()]
    parts += ["", "## Networks", "", "What each architecture can be given when a model is made.", *_networks()]
    return "\n".join(parts) + "\n"


def _networks() -> list[str]:
    from understudy.networks.catalog import ARCHITECTURES  # imports torch

    parts: list[str] = []
    for name, architecture in ARCHITECTURES.items():
        parts += ["", f"### {name}", "", f"After {architecture.source}.", "", *_table(architecture.options)]
    return parts


def commands_page() -> str:
    """Markdown with the help of every command."""
    made = app.generate_docs(output_format="markdown", recursive=True, heading_level=1)
    # Started as `python -m PROGRAM`, cyclopts leaves "-m PROGRAM" in the usage of a command's commands.
    made = re.sub(r"^(understudy .*) -m \S+", r"\1", made, flags=re.MULTILINE)
    return "<!-- Made from the code by `make docs`. -->\n" + made.strip() + "\n"


def pages() -> Mapping[str, str]:
    """File name and text of every generated page."""
    return {"options.md": options_page(), "commands.md": commands_page(), "face-metadata.md": schema_page()}


def _table(options: type[Options]) -> list[str]:
    rows = ["| option | takes | default | may change | what it does |", "|---|---|---|---|---|"]
    for info in describe(options):
        takes = _takes(info)
        rows.append(
            f"| `{info.name}` | {takes}{_range(info)} | {_default(info)} | {_WHEN[info.when]} | {info.help} |"
        )
    return rows


def _takes(info: OptionInfo) -> str:
    words = [f"`{choice}`" for choice in info.choices if choice]
    words += [f"one of the project's {info.of_project}"] if info.of_project else []
    words += ["others"] if info.others else []
    return ", ".join(words) or info.kind


def _range(info: OptionInfo) -> str:
    unit = f" {info.unit}" if info.unit else ""
    match (info.low, info.high):
        case (None, None):
            return unit
        case (low, None):
            return f", from {low:g}{unit}"
        case (None, high):
            return f", up to {high:g}{unit}"
        case (low, high):
            return f", {low:g} to {high:g}{unit}"
    return unit


def _default(info: OptionInfo) -> str:
    if info.default is None:
        return "by itself"
    if isinstance(info.default, bool):
        return "yes" if info.default else "no"
    return f"`{info.default}`"


def _presets() -> list[str]:
    rows = ["| preset | network | what for |", "|---|---|---|"]
    rows += [f"| `{name}` | `{preset.architecture}` | {preset.help} |" for name, preset in PRESETS.items()]
    return rows


def _purposes() -> list[str]:
    rows = ["| purpose | what for | options |", "|---|---|---|"]
    rows += [f"| `{name}` | {one.help} | {option_words(one.encode)} |" for name, one in PURPOSES.items()]
    return rows


def write_pages(folder: Path) -> None:
    """Write every generated page into `folder`."""
    for name, text in pages().items():
        write_text(folder / name, text)


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
