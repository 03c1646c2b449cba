"""The errors of the head-end: what happens to a connection. None of them leaves the room: each becomes a gap with its reason.

HeadendError
+-- Unreachable   no connection came about
+-- Crowded       nothing was left on this side to connect with: files, memory, ports
+-- Silent        the meter did not answer in time
+-- Dropped       the meter, or the network, ended the connection
+-- Stopped       in the midst of an errand its last ground ended
"""

from kwartier.model.errors import KwartierError


class HeadendError(KwartierError):
    """Anything that the head-end foresaw about a connection."""

    code = "headend"


class Unreachable(HeadendError):
    """No connection to the meter came about."""

    code = "headend-unreachable"


class Crowded(HeadendError):
    """Nothing was left on this side to make a connection with."""

    code = "headend-crowded"


class Silent(HeadendError):
    """The meter did not answer in time."""

    code = "headend-silent"


class Dropped(HeadendError):
    """The connection ended before the answer came."""

    code = "headend-dropped"


class Stopped(HeadendError):
    """In the midst of an errand its last ground was stopped; nothing more is asked for it."""

    code = "headend-stopped"
