"""What every source is, and the one place where the kind in the settings becomes one."""

from collections.abc import AsyncGenerator
from typing import Protocol

from kwartier.home.settings import Settings, address_of, source_of


class Source(Protocol):
    """A line to a meter, or a recording of one."""

    @property
    def is_recorded(self) -> bool:
        """True if what comes was written down earlier, so that the time of arrival says nothing; such a source ends."""

    @property
    def place(self) -> str:
        """What to call it on the page."""

    @property
    def line(self) -> str:
        """The line settings that were understood last; empty where there are none to choose from."""

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Open the line and yield what comes, in pieces of any size. Raises SourceLost."""

    async def took(self, at: int) -> None:
        """Be told that a telegram was understood that counts at this moment. A recording waits here until its time has come."""


def made(settings: Settings, *, line: str | None = None) -> Source:
    """Return the source of the settings; `line` are the serial settings that worked last. Raises BadSettings."""
    # A home has one source; the others need not be there.
    kind, place = source_of(settings.source)
    if kind == "serial":
        from kwartier.home.sources.serial import SerialSource  # noqa: PLC0415 - see above

        return SerialSource(place, silence_s=settings.silence_s, first=line)
    if kind == "tcp":
        from kwartier.home.sources.tcp import TcpSource  # noqa: PLC0415 - see above

        return TcpSource(*address_of(place), silence_s=settings.silence_s)
    if kind == "town":
        from kwartier.home.sources.town import TownSource  # noqa: PLC0415 - see above

        return TownSource(*address_of(place), silence_s=settings.silence_s)
    from kwartier.home.sources.replay import ReplaySource  # noqa: PLC0415 - see above

    return ReplaySource(place, speed=settings.replay_speed)
