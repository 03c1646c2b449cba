"""The meter behind a connection: its title, keys, counters and objects. All connections of one meter share its counters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import final

from kwartier.model.register import Obis
from kwartier.wire.dlms.server.errors import Excepted, ServiceError
from kwartier.wire.dlms.server.objects import CosemObject

MOST_COUNTER = 0xFFFFFFFF
PDU = 1024
"""server_max_receive_pdu_size (DSMR P3 4.2.2)."""


@final
@dataclass(slots=True)
class Counters:
    """Invocation counters under one key: the last one accepted from any client, and the next one of the meter itself."""

    client: int = 0
    server: int = 1

    def own(self) -> int:
        """Return a counter of the meter that was never used. Raises Excepted when the key is used up."""
        counter = self.server
        if counter > MOST_COUNTER:
            raise Excepted(ServiceError.OTHER_REASON)
        self.server = counter + 1
        return counter


@final
@dataclass(frozen=True, slots=True)
class Device:
    """One meter. `tells_counter`: it answers a counter that did not rise by the one it expects; otherwise it keeps silent.

    `objects` gives the objects by logical name; it is called once per connection, when the first one is asked for. `left` is told
    the moment (epoch seconds) at which the management client's association ended. `repr` shows no key.
    """

    title: bytes
    guek: bytes = field(repr=False)
    gak: bytes = field(repr=False)
    counters: Counters
    objects: Callable[[], Mapping[Obis, CosemObject]]
    tells_counter: bool = True
    left: Callable[[int], None] = lambda at: None  # noqa: ARG005 - most meters have nothing left to do then
    pdu: int = PDU
