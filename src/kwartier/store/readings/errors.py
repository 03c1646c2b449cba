"""What can go wrong with the readings, and who is at fault.

ReadingsError
+-- NoTable          the folder holds no table: whoever named it, or never called `Readings.create`
+-- BrokenTable      the table cannot be read: the disk, or somebody who changed files by hand
+-- NotStaged        a file that should be committed is not there as it was staged: the caller, or the disk
+-- BadChannelDay    a channel-day that cannot be stored: the caller
"""

from kwartier.model.errors import KwartierError


class ReadingsError(KwartierError):
    """The root of the family."""

    code = "readings"


class NoTable(ReadingsError):
    """There is no table of readings in this folder."""

    code = "readings-no-table"


class BrokenTable(ReadingsError):
    """The table or one of its files cannot be read."""

    code = "readings-broken-table"


class NotStaged(ReadingsError):
    """What is said to be staged is not on disk with the size it had, or is no name of a staged file."""

    code = "readings-not-staged"


class BadChannelDay(ReadingsError):
    """The buffers of a channel-day do not fit each other."""

    code = "readings-bad-channel-day"
