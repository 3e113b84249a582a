"""Everything that can go wrong for a user, one class each.

An error says what happened, why and what to do; the path comes last. The command line prints it and leaves
with exit code 2; nothing else formats errors. Bugs are not in here: they stay ordinary exceptions.
"""

from __future__ import annotations

from pathlib import Path


class UnderstudyError(Exception):
    """Base of all errors meant for people.

    Parameters
    ----------
    message:
        One or two sentences: what happened, why, and what to do about it.
    path:
        The file or folder concerned; printed last so that the first half can be shared.
    """

    exit_code = 2

    def __init__(self, message: str, path: Path | str | None = None) -> None:
        self.message = message
        self.path = None if path is None else Path(path)
        super().__init__(message if path is None else f"{message} Path: {path}")


class ClipMissing(UnderstudyError):
    """The clip or image folder does not exist."""


class ClipDiffers(UnderstudyError):
    """A file that is to stand for a project's clip is another one than the project knows."""


class ClipUnreadable(UnderstudyError):
    """The file is no video, has no video stream, or nothing in it decodes."""


class ClipSizesDiffer(UnderstudyError):
    """An image folder holds images of several sizes."""


class ClipInterlaced(UnderstudyError):
    """Every frame of the clip shows two moments, so no face in it has one place."""


class ImageUnreadable(UnderstudyError):
    """An image file cannot be decoded or is not of a kind we read."""


class MeshPackUnusable(UnderstudyError):
    """A folder with a head mesh lacks a file, or one of them is damaged or holds something else."""


class NoFaceFound(UnderstudyError):
    """A whole side has no face in it."""


class SeveralPeople(UnderstudyError):
    """More than one person is seen and none was chosen."""


class ShardDamaged(UnderstudyError):
    """A shard of rendered people can't be read: a file of it is missing, cut off or of another kind."""


class ShardsDiffer(UnderstudyError):
    """A folder holds people who were rendered by another plan."""


class FacesetUnusable(UnderstudyError):
    """A faceset is empty, or too damaged to train or merge from."""


class FacesUnknown(UnderstudyError):
    """A command names faces, a column or a faceset that are not there."""


class SortingStopped(UnderstudyError):
    """Somebody stopped a sort that was still going on."""


class SegmenterUnknown(UnderstudyError):
    """No segmenter of that name, or one that has learned nothing yet."""


class AnotherProject(UnderstudyError):
    """What was asked of the studio was done in a window of another project, open at its address before."""


class DrawingChanged(UnderstudyError):
    """A face was drawn on by somebody else since it was looked at."""


class DrawingUnreadable(UnderstudyError):
    """A file of regions drawn on a face can't be read, or says something impossible."""


class MasksFull(UnderstudyError):
    """A face's file has no room for so many masks and drawn regions."""


class NothingToUndo(UnderstudyError):
    """No step is left that could be taken back, or done again."""


class StepOutdated(UnderstudyError):
    """What was offered to be taken back, or done again, is not what would be by now."""


class UndoImpossible(UnderstudyError):
    """The files that a step put away are no longer in the trash."""


class PackUnreadable(UnderstudyError):
    """A pack of faces is torn, changed or not ours."""


class WorkerDied(UnderstudyError):
    """A process of ours was killed again and again, usually for its memory."""


class ProcessLost(UnderstudyError):
    """Another process of a training is gone, so this one ends; all may start again from the last checkpoint."""

    exit_code = 75  # "a temporary failure" of sysexits.h


class FolderUnwritable(UnderstudyError):
    """An output folder cannot be created or written."""


class LeadsOut(UnderstudyError):
    """What would move lies behind a link that leads out of the project."""


class NameTaken(FolderUnwritable):
    """Something came under the name of a result while that was made."""


class DiskFull(UnderstudyError):
    """Not enough free space for what is about to be written."""


class CheckpointCorrupt(UnderstudyError):
    """No checkpoint of a model is whole."""


class TrainingDiverged(UnderstudyError):
    """The loss is no number any more."""


class ModelUnknown(UnderstudyError):
    """No model, preset or architecture of that name."""


class ModelInUse(UnderstudyError):
    """Another process trains this model right now."""


class ProjectInvalid(UnderstudyError):
    """understudy.toml cannot be read or contradicts itself."""


class ProjectTooNew(UnderstudyError):
    """The project was made by a newer version of understudy."""


class TrackEditInvalid(UnderstudyError):
    """What is said about the tracks of a clip makes no sense or does not fit them."""


class CastInvalid(UnderstudyError):
    """A clip's cast names nobody, or leaves a face without a model."""


class OptionInvalid(UnderstudyError):
    """An option has a value out of its range or of the wrong kind."""


class PresetInvalid(OptionInvalid):
    """No encode or merge preset of that name, or none that can be kept."""


class RecipeInvalid(OptionInvalid):
    """A recipe can't be read, or a stage of it asks for something impossible."""


class PersonUnknown(OptionInvalid):
    """A number was said of a person whom nobody in the clip has."""


class StretchEmpty(OptionInvalid):
    """No frame of a clip lies between the places that were said."""


class MemoryTooSmall(UnderstudyError):
    """A device has too little memory for a model, even for one face at a time."""


class DeviceUnavailable(UnderstudyError):
    """The chosen compute device does not exist here."""


class ClusterUnavailable(UnderstudyError):
    """There is no Ray, or no cluster, to share work with."""


class WeightsMissing(UnderstudyError):
    """A network's weights are not installed, or not the ones we pinned."""


class WeightsChanged(UnderstudyError):
    """A file of weights is not the one it must be, or not the one that was used first."""


class WeightsUntrusted(UnderstudyError):
    """Weights that are a program were not trusted by the user."""


class PackageMissing(UnderstudyError):
    """A Python package that only some users need is not installed."""


class FindsUnusable(UnderstudyError):
    """A file with faces found elsewhere or drawn by hand can't be read or doesn't fit."""


class ConsentMissing(UnderstudyError):
    """A performer's consent is refused or out of date, so nothing final is written."""


class MarksUnreadable(UnderstudyError):
    """A file's marks cannot be read or written."""


class WrittenWrongly(UnderstudyError):
    """A file that was just written reads back as something else, so it is not delivered."""


class MovieUnwritable(UnderstudyError):
    """A movie's encoder or container refuses what is to go into it."""


class UnsafeFile(UnderstudyError):
    """A file asks for something no weights or settings file may ask for."""


class ExchangeUnreadable(UnderstudyError):
    """A file of another program is damaged, of a kind we don't read, or says something impossible."""


class ExchangeRefused(UnderstudyError):
    """Faces can't be written the way another program wants them, or something is in the way."""


class FolderMissing(UnderstudyError):
    """A folder that was named is not there."""


class UploadRefused(UnderstudyError):
    """A clip that is sent to the studio is of the wrong kind, too large, or doesn't fit together."""


class UploadBusy(UploadRefused):
    """Another piece of this clip is still coming; soon it has come, or is given up."""


class UploadUnknown(UnderstudyError):
    """A clip is no longer on its way to the studio."""


class StudioMissing(UnderstudyError):
    """No studio runs that could give a link."""


class AddressUnusable(UnderstudyError):
    """The studio can't listen where it is asked to."""


class CertificateUnusable(UnderstudyError):
    """The files for an encrypted connection are missing, damaged or don't belong together."""


class RunUnknown(UnderstudyError):
    """No run of that name."""


class RunImpossible(UnderstudyError):
    """A run can't be started, or its words make no command."""


class Stopped(UnderstudyError):
    """The user stopped the job; everything done so far is kept."""

    exit_code = 130
