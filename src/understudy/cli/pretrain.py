"""`understudy pretrain`: a trunk of many people, for models to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from understudy.cli.flags import Clips, Json, Network
from understudy.cli.show import run
from understudy.geometry import FaceType
from understudy.training.options import TrainOptions


def pretrain(
    folder: Path,
    /,
    *,
    actors: Annotated[bool, Parameter(negative="")] = False,
    faceset: Clips = (),
    people: int = 64,
    pictures: int = 8,
    preset: str = "quick",
    network: Network = (),
    face_type: FaceType | None = None,
    device: str = "auto",
    json: Json = False,
    options: Annotated[TrainOptions, Parameter(name="*", group="Training")] = TrainOptions(),
) -> None:
    """Teach a model what faces are, on many people, before it learns two performers.

    A new model starts from it with `understudy train PROJECT --model NAME --start-from FOLDER`. While it is
    pretrained faces are straight, mirrored and from every direction, and styles, GANs and true face are off,
    whatever else is said.

    Parameters
    ----------
    folder:
        The model's folder. Run again with the same, it goes on.
    actors:
        Learn from rendered people who do not exist.
    faceset:
        Folders of faces of many people to learn from.
    people:
        How many people are rendered. Learning begins with a quarter of them.
    pictures:
        How many pictures of each person are rendered.
    preset:
        Which network is pretrained; a model that starts from it takes the same.
    network:
        Settings of the network, like ae_dims=256.
    face_type:
        How much of the head is seen and painted, where it is not to be as the preset says.
    device:
        Where to compute: auto, cpu, cuda, cuda:1, mps, xpu.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.models.making import settings_said
    from understudy.jobs.models.pretrain import PretrainRequest
    from understudy.jobs.models.pretrain import pretrain as pretrain_job

    request = PretrainRequest(
        folder=folder,
        facesets=faceset,
        people=people if actors else 0,
        pictures=pictures,
        preset=preset,
        network=settings_said(network),
        face_type=face_type,
        device=device,
        train=options.model_dump(exclude_unset=True),
    )
    run(pretrain_job(request), json=json)
