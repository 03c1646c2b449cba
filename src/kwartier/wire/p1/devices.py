"""Which of several meters on the M-Bus is the one in use: after a swap the old one often stays in the telegram, dead."""

from collections.abc import Iterable
from datetime import datetime

from kwartier.wire.p1.telegram import Device, DeviceKind


def is_alive(device: Device) -> bool:
    """True if it has a value, captured at a moment that can be meant."""
    return device.value is not None and device.at is not None


def live(devices: Iterable[Device], kind: DeviceKind) -> Device | None:
    """Return the device of a kind whose value is newest, of equally new ones that of the lowest channel; None if all are dead."""
    alive = [(device.at, device) for device in devices if device.kind is kind and is_alive(device)]
    newest: tuple[datetime, Device] | None = None
    for at, device in sorted(((at, device) for at, device in alive if at is not None), key=lambda each: each[1].channel):
        if newest is None or at > newest[0]:
            newest = at, device
    return newest and newest[1]
