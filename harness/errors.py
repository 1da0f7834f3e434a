"""The exception tree: what can go wrong that is not the harness's own bug.

HarnessError                  one sentence for the user: what, where, what to do; exit code 2
├── MatrixError               matrix.json cannot be read, breaks its schema, or refers to what is not there
├── SelectionError            a name or option the user typed fits nothing
├── DeviceAbsent              this machine lacks the device, or somebody else has it
├── DeviceUnfit               the device is here, and something must be mended before it can be used
├── EngineError               the container engine is down, refuses, or went away
├── ImageError                an image, its lock, or its base cannot be built or identified
├── ReleaseError          a release of the library is not there, or cannot live with what an image has
├── HostEnvironmentError      the locked environment of the host runner cannot be made
├── LibraryError              no Python with torch and transformers could be asked
├── CheckpointError           a checkpoint cannot be read, is not whole, or is not trusted
├── DataError                 rows of a dataset, or weights, cannot be read, found, kept or fetched
├── ResultsError              a results folder cannot be read or written
└── RecordError               a record breaks its schema
"""


class HarnessError(Exception):
    """A condition the user can mend; its text is one sentence, shown without a traceback."""

    exit_code = 2


class MatrixError(HarnessError):
    """`matrix.json` is not usable. `problems` holds every problem found, each one sentence."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class SelectionError(HarnessError):
    """A model, architecture, device, check or option that the matrix does not have."""


class DeviceAbsent(HarnessError):
    """The device is not on this machine, or is not to be had."""


class DeviceUnfit(HarnessError):
    """The device is on this machine, and its driver, the engine or a permission stands in the way."""


class EngineError(HarnessError):
    """The container engine does not answer, refused a request, or went away."""


class ImageError(HarnessError):
    """An image cannot be built or identified."""


class ReleaseError(HarnessError):
    """A release of the library does not exist, cannot be fetched, or does not fit the image."""


class HostEnvironmentError(HarnessError):
    """The host runner's locked environment cannot be made or used."""


class LibraryError(HarnessError):
    """The installed library could not be asked, or its answer is of no use."""


class CheckpointError(HarnessError):
    """A checkpoint cannot be read, is not whole, or holds code that is not trusted."""


class DataError(HarnessError):
    """Data or weights cannot be read, found, kept or fetched."""


class ResultsError(HarnessError):
    """A results folder cannot be read or written."""


class RecordError(HarnessError):
    """A record that was read or is about to be written breaks its schema."""
