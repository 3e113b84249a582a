"""Option lists for forms: every option of a stage with its declaration and what is kept for it.

A form is named by its stage and by the model or clip it is about. Not here: what is kept where
(`jobs/keep_options.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from understudy.errors import OptionInvalid
from understudy.jobs.keep_options import KEPT, KeptStage, kept_options
from understudy.jobs.option_names import names_in, require_names
from understudy.options import OptionInfo, Options, describe, meant, parse_options
from understudy.project.project import Project
from understudy.studio.run_words import require_no_places

Said = Mapping[str, Any]


def form(project: Project, name: str, *, of: str = "") -> list[dict[str, Any]]:
    """The option list of the form `name`: extract, train, merge, encode, network, masks-train or find-rate.

    `of` is a model or preset (train, network) or a clip (merge). Raises OptionInvalid for another name,
    ModelUnknown, ClipMissing.
    """
    if name in KEPT:
        kept = kept_options(project, cast(KeptStage, name), of=of)
        return option_list(kept.options, unsaid=kept.unsaid, said=kept.said, project=project)
    if name not in FORMS:
        raise _no_such_form(name)
    return FORMS[name](project, of)


def _no_such_form(name: str) -> OptionInvalid:
    known = [*KEPT, *FORMS]
    return OptionInvalid(f"There is no form {name!r}; there are {', '.join(known)}.{meant(name, known)}")


def option_list(
    options: type[Options],
    *,
    unsaid: Said | None = None,
    said: Said | None = None,
    project: Project | None = None,
) -> list[dict[str, Any]]:
    """Every option as JSON: its declaration, `default` (what counts unsaid), `value` (what counts), `said`.

    Of options that take names, a `project`'s own are choices too, and so is what counts, whatever it is.
    """
    unsaid, said = unsaid or {}, said or {}
    told = []
    for info in describe(options):
        default = unsaid.get(info.name, info.default)
        told.append(
            {
                "name": info.name,
                "called": info.called,
                "kind": info.kind,
                "default": default,
                "help": info.help,
                "low": info.low,
                "high": info.high,
                "unit": info.unit,
                "when": info.when,
                "choices": choices_of(options, info, [default, said.get(info.name, default)], project),
                "others": info.others,
                "joined_by": info.joined_by,
                "value": said.get(info.name, default),
                "said": info.name in said,
            }
        )
    return told


def choices_of(
    options: type[Options], info: OptionInfo, now: Iterable[Any], project: Project | None
) -> list[str]:
    """What can be chosen for an option; `now` are values that count, which a list of names must show."""
    if project is None or not (names := names_in(project, options, info.name)):
        return list(info.choices)
    return names if info.others else list(dict.fromkeys([*names, *map(str, now)]))


def option_errors(options: type[Options], said: Said, project: Project | None = None) -> dict[str, str]:
    """A sentence for every value that its option doesn't take, by the option's name.

    What only all together is wrong stands under "". With a `project`, its own names count too.
    """
    wrong: dict[str, str] = {}
    for name, value in said.items():
        try:
            parse_options(options, {name: value})
            if project is not None:
                require_names(project, options, {name: value})
        except OptionInvalid as error:
            wrong[name] = error.message
    if not wrong:
        try:
            parse_options(options, said)
        except OptionInvalid as error:
            wrong[""] = error.message
    return wrong


def form_errors(project: Project, name: str, said: Said, *, of: str = "") -> dict[str, str]:
    """The same for the form of that name."""
    if name in KEPT:
        kept = kept_options(project, cast(KeptStage, name), of=of)
        return _with_places(kept.options, said, option_errors(kept.options, {**kept.said, **said}, project))
    if name not in CLASSES:
        raise _no_such_form(name)
    options = CLASSES[name](project, of)
    return _with_places(options, said, option_errors(options, said, project))


def _with_places(options: type[Options], said: Said, wrong: dict[str, str]) -> dict[str, str]:
    """Also what is right on a command line, and no run that is started here takes."""
    for name, value in said.items():
        try:
            require_no_places(options, {name: value})
        except OptionInvalid as error:
            wrong = {name: error.message, **wrong}
    return wrong


def _network_class(project: Project, of: str) -> type[Options]:
    from understudy.networks.catalog import architecture_named
    from understudy.training.presets import preset_named

    entry = project.manifest.models.get(of)
    return architecture_named(preset_named(entry.preset if entry else of or "quick").architecture).options


def _network(project: Project, of: str) -> list[dict[str, Any]]:
    from understudy.training.presets import preset_named

    entry = project.manifest.models.get(of)
    preset = preset_named(entry.preset if entry else of or "quick")
    said = entry.network if entry else {}
    told = option_list(_network_class(project, of), unsaid=preset.network, said=said, project=project)
    return [{**option, "when": "create"} for option in told]


def _mask_train_class(_project: Project, _of: str) -> type[Options]:
    from understudy.training.segmenting.options import MaskTrainOptions

    return MaskTrainOptions


def _find_rate_class(_project: Project, _of: str) -> type[Options]:
    from understudy.training.steering.options import RateSearchOptions

    return RateSearchOptions


CLASSES: dict[str, Callable[[Project, str], type[Options]]] = {
    "network": _network_class,
    "masks-train": _mask_train_class,
    "find-rate": _find_rate_class,
}
FORMS: dict[str, Callable[[Project, str], list[dict[str, Any]]]] = {
    "network": _network,
    "masks-train": lambda project, of: option_list(_mask_train_class(project, of), project=project),
    "find-rate": lambda project, of: option_list(_find_rate_class(project, of), project=project),
}
