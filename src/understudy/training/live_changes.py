"""Options that a person changes while a model trains: taken over, refused, or taken back where memory ends.

Not here: how a wish reaches the run (`keeping/requests.py`), for how long a change is unproven (`untried.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from understudy.errors import OptionInvalid, UnderstudyError
from understudy.events import Events, Notice
from understudy.options import describe
from understudy.training.keeping.log import append_log
from understudy.training.machine.batch import require_growth_fits
from understudy.training.options import TrainOptions
from understudy.training.recipe.trial import require_possible
from understudy.training.untried import Untried
from understudy.training.viewing.loss_plot import course_of

if TYPE_CHECKING:
    from understudy.training.run import Run


def change_live(run: Run, said: Mapping[str, Any]) -> Events:
    """Train with other values of options that may change while it runs, as a person has asked.

    What can't be done is told and leaves everything as it was.
    """
    architecture, network = run.learner.drawn_from
    live = {info.name for info in describe(TrainOptions) if info.when == "live"}
    try:
        if fixed := sorted(set(said) & set(TrainOptions.model_fields) - live):
            raise OptionInvalid(f"{fixed[0]} can't change while it trains; it counts from the next start on.")
        before, options = run.course.options, run.course.options.changed(**said)
        if not options.batch_size:  # the largest that fits: found at a start, and kept until the next
            options = options.changed(batch_size=before.batch_size)
        run.course.recipe.require_fit(options)
        require_growth_fits(run.learner, before, options)
        asked = (run.course.recipe, options, architecture, network)
        require_possible(*asked, iteration=run.learner.iteration, base_too=True)
    except UnderstudyError as error:
        yield Notice(f"An option was asked to change and stays as it is: {error.message}", level="warning")
        return
    changed = {n: getattr(options, n) for n in said if getattr(options, n) != getattr(before, n)}
    if not changed:
        return
    _change(run, options)
    run.untried = Untried.after(run.untried, before, changed, iteration=run.learner.iteration)
    words = ", ".join(f"{name} is now {value}" for name, value in changed.items())
    run.note("change", words, changed=changed)
    append_log(run.model_dir, f"At iteration {run.learner.iteration}: {words}, asked while it ran.")
    yield Notice(f"From iteration {run.learner.iteration} on {words}.")


def taken_back(run: Run, untried: Untried) -> Notice:
    """Go on with the options of before a change that a person asked for and that memory does not bear."""
    values = untried.values
    tried = ", ".join(f"{name} {getattr(run.course.options, name)}" for name in values)
    _change(run, run.course.options.changed(**values))
    run.untried = None
    words = ", ".join(f"{name} is {value} again" for name, value in values.items())
    run.note("change", words, changed=values)
    text = (
        f"The memory of {run.learner.compute.device} did not suffice with {tried}, as was asked while it "
        f"ran: from iteration {run.learner.iteration} on {words}. Nothing that was learned is lost."
    )
    append_log(run.model_dir, text)
    return Notice(text, level="warning")


def _change(run: Run, options: TrainOptions) -> None:
    """`Run.change`, with what follows from options that stages leave alone."""
    run.change(options)
    run.setbacks = run.setbacks.for_plan(options.learning_rate, goes_on=True)
    run.drawn_losses = course_of(run.model_dir, last=options.loss_plot_last)
    run.__dict__.pop("shown", None)  # other rows may be asked for
