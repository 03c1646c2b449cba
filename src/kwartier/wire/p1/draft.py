"""A telegram while it is being read: what the lines said so far."""

from datetime import datetime
from typing import Final, final

from kwartier.wire.p1 import numerals
from kwartier.wire.p1.errors import Unreadable
from kwartier.wire.p1.identity import EquipmentId
from kwartier.wire.p1.quantities import Quantity, Unit
from kwartier.wire.p1.telegram import Device, DeviceKind, MonthClose, MonthPeak, Peak, PowerFailure, Raw

_FORMS: Final = numerals.forms_of(Unit.DM3, Unit.KJ, Unit.WH)
_IMPLIED: Final[dict[int, Unit]] = {
    DeviceKind.GAS: Unit.DM3,
    DeviceKind.WATER: Unit.DM3,
    DeviceKind.WARM_WATER: Unit.DM3,
    DeviceKind.HEAT: Unit.KJ,
    DeviceKind.COOLING: Unit.KJ,
    DeviceKind.ELECTRICITY: Unit.WH,
}
"""What a number without a unit has, by what the device measures."""


@final
class DeviceDraft:
    """One M-Bus channel; its lines come in any order."""

    __slots__ = ("_bare", "_number", "at", "channel", "has_reading", "id", "type", "valve")

    def __init__(self, channel: int) -> None:
        """Begin with nothing known."""
        self.channel = channel
        self.type: int | None = None
        self.id: EquipmentId | None = None
        self.at: datetime | None = None
        self.valve: int | None = None
        self.has_reading = False
        self._number: tuple[Unit, int] | None = None
        self._bare = b""

    def read_value(self, text: bytes) -> None:
        """Take the value of a reading, with or without its unit. Raises Unreadable."""
        if not text:
            return
        try:
            self._number = numerals.read_any(text, _FORMS)
        except Unreadable:
            if not numerals.is_bare(text):
                raise
            self._bare = text

    def finish(self) -> Device:
        """Return the device; a value without a unit is understood by the device's type, or is none."""
        unit, value = self._number or self._implied()
        return Device(self.channel, self.type, self.id, self.at, value, unit, self.valve)

    def _implied(self) -> tuple[Unit, int] | tuple[None, None]:
        unit = _IMPLIED.get(self.type or 0) if self._bare else None
        return (unit, numerals.read(self._bare, unit)) if unit else (None, None)


@final
class Draft:
    """All that was read, by object."""

    __slots__ = (
        "at", "devices", "failures", "ids", "messages", "month_close", "month_peaks", "others", "peak", "seen", "values", "version",
        "version_code",
    )  # fmt: skip

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.version: str | None = None
        self.version_code = b""
        self.at: datetime | None = None
        self.ids: dict[str, EquipmentId] = {}
        self.values: dict[Quantity, int] = {}
        self.peak: Peak | None = None
        self.month_peaks: tuple[MonthPeak, ...] = ()
        self.month_close: MonthClose | None = None
        self.failures: tuple[PowerFailure, ...] = ()
        self.messages: dict[int, bytes] = {}
        self.devices: dict[int, DeviceDraft] = {}
        self.others: list[Raw] = []
        self.seen: set[bytes] = set()

    def device(self, channel: int) -> DeviceDraft:
        """Return the draft of a channel, a new one if nothing was said of it yet."""
        found = self.devices.get(channel)
        if found is None:
            found = self.devices[channel] = DeviceDraft(channel)
        return found
