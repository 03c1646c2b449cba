"""The objects of a meter that care of device and grid asks for, over the meter's state."""

from collections.abc import Callable, Iterator
from functools import partial

from kwartier.simulator import smr5
from kwartier.simulator.logs import Log, profile
from kwartier.simulator.state import State
from kwartier.wire.dlms.server import octets
from kwartier.wire.dlms.server.imageobject import ImageTransfer
from kwartier.wire.dlms.server.objects import Attributes, Clock, CosemObject, Data, Kept, Live

_VOLT_TENTHS = octets.scaler_unit(-1, 35)
_LOGS = {
    Log.STANDARD: smr5.STANDARD_LOG,
    Log.FRAUD: smr5.FRAUD_LOG,
    Log.MBUS: smr5.MBUS_LOG,
    Log.QUALITY: smr5.QUALITY_LOG,
    Log.FAILURES: smr5.POWER_FAILURES,
}


def objects(state: State, *, gas: bool) -> Iterator[CosemObject]:
    """Yield them; `gas` says whether a gas meter hangs on M-Bus channel 1."""
    yield Clock(state.condition.ahead_s)
    yield Kept(smr5.ADMINISTRATIVE_STATUS, lambda: octets.enum(state.administrative), state.set_administrative)
    yield Kept(smr5.ALARM_REGISTER, lambda: octets.u32(state.alarms), state.set_alarms)
    yield Data(smr5.ALARM_FILTER, octets.u32(smr5.PASSED))
    yield Data(smr5.ERROR_REGISTER, octets.u32(state.condition.errors))
    yield Live(smr5.FIRMWARE, lambda: octets.octet_string(state.version.encode("ascii")))
    yield Live(smr5.FIRMWARE_SIGNATURE, lambda: octets.octet_string(state.signature))
    yield ImageTransfer(state.transfer)
    for log, layout in _LOGS.items():
        yield profile(layout, partial(state.log, log), wide=log is Log.FAILURES)
    for phase, obis in zip(range(1, state.condition.phases + 1), smr5.VOLTAGES, strict=False):
        yield Attributes(obis, 3, {2: _voltage(state, phase), 3: _always(_VOLT_TENTHS)})
    if gas:
        device = {9: octets.u8(smr5.GAS_METER), 11: octets.u8(state.condition.gas_status)}
        yield Attributes(smr5.MBUS_CLIENT, 72, {n: _always(value) for n, value in device.items()})


def _voltage(state: State, phase: int) -> Callable[[int], bytes]:
    """Return what gives the voltage of a phase."""
    return lambda at: octets.u16(state.voltage_dv(phase, at))


def _always(value: bytes) -> Callable[[int], bytes]:
    """Return what gives the same value at any time."""
    return lambda at: value  # noqa: ARG005 - it never changes
