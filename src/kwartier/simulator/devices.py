"""The meters as DLMS devices: keys and title from the number, counters that survive, objects made when somebody connects."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import final
from weakref import WeakValueDictionary

from kwartier.model.register import Obis
from kwartier.simulator import careobjects, causes, identity, smr5
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.condition import Clinic
from kwartier.simulator.held import Memory, Meter
from kwartier.simulator.notebook import Notebook
from kwartier.simulator.smr5 import Layout
from kwartier.simulator.state import State
from kwartier.simulator.town import Home, Town
from kwartier.wire.dlms.server import octets
from kwartier.wire.dlms.server.device import Counters, Device
from kwartier.wire.dlms.server.logical import COUNTER
from kwartier.wire.dlms.server.objects import CosemObject, Data, Live
from kwartier.wire.dlms.server.profile import Profile, Source

_AHEAD = 5000
"""Where the counter of a meter stands that is ahead of the operator's."""
_COUNTER_FAULTS = frozenset({Fault.COUNTER_TOLD, Fault.COUNTER_SILENT})


@final
class Fleet:
    """All meters of a town. Only of meters that were spoken to are counters and state kept."""

    def __init__(self, town: Town, counters: Mapping[int, Counters], notebook: Notebook | None = None) -> None:
        """Take the town, and the counters (by meter number) and the notebook that were kept from earlier runs."""
        self._town = town
        self._counters = dict(counters)
        self._notebook = notebook or Notebook()
        self._clinic = Clinic(town)
        self._states: WeakValueDictionary[int, State] = WeakValueDictionary()
        self._changed: dict[int, State] = {}

    def fault(self, number: int) -> Fault:
        """Return what is wrong with a meter."""
        owner = self._town.at(number)
        return owner.fault if isinstance(owner, Home) else Fault.SOUND

    def device(self, number: int) -> Device | None:
        """Return the meter with this number; None where there is none."""
        if self._town.at(number) is None:
            return None
        # with WRONG_KEY somebody changed the keys and told nobody
        keys = identity.keys(self._town.seed + (self.fault(number) is Fault.WRONG_KEY), number)
        return Device(
            title=identity.system_title(number),
            guek=keys.guek,
            gak=keys.gak,
            counters=self._counters_of(number),
            objects=lambda: self._objects(number),
            tells_counter=self.fault(number) is not Fault.COUNTER_SILENT,
            left=lambda at: self._left(number, at),
        )

    def state(self, number: int) -> State:
        """Return the one state of a meter. The number must be one of the town's."""
        found = self._states.get(number)
        if found is None:
            was_set = self.fault(number) is Fault.ADMINISTRATIVELY_OFF and number % 2
            status = smr5.OFF if was_set else smr5.ON  # of the others the operator knows, and has yet to set it
            condition = self._clinic.condition(number)
            found = State(condition, status, self._town.seed, self._notebook)
            self._states[number] = found
        return found

    def alarmed(self) -> Iterator[tuple[int, int]]:
        """Yield number and alarm register of each meter with an alarm."""
        homes = (identity.home_number(home) for home in self._clinic.care.ailments)
        for number in sorted({*homes, *self._notebook.numbers()}):
            if self._town.at(number) is not None and self.state(number).alarms:
                yield number, self.state(number).alarms

    def raise_alarm(self, number: int, bit: int, at: int) -> int | None:
        """Let something happen to a meter at the moment `at`; return its alarm register if the bit is new. None: no such meter."""
        if self._town.at(number) is None:
            return None
        state = self._changed[number] = self.state(number)
        return state.alarms if state.raise_alarm(bit, *causes.cause(bit), at) else None

    def _left(self, number: int, at: int) -> None:
        """Do what waits for the end of an association, and keep the state of a meter that is no longer as it was drawn."""
        state = self._states.get(number)
        if state is None:
            return
        state.transfer.end(at)
        if state.changed:
            self._changed[number] = state

    def _counters_of(self, number: int) -> Counters:
        """Return the one pair of counters of a meter."""
        found = self._counters.get(number)
        if found is None:
            ahead = self.fault(number) in _COUNTER_FAULTS
            found = self._counters[number] = Counters(client=_AHEAD + number % 1000 if ahead else 0)
        return found

    def _objects(self, number: int) -> Mapping[Obis, CosemObject]:
        """Make the objects of a meter; those for care, which most connections never ask for, only when asked for."""
        name = octets.octet_string(identity.equipment_id(number).encode())
        objects: list[CosemObject] = [
            Live(COUNTER, lambda: octets.u32(self._counters_of(number).client)),
            Data(smr5.EQUIPMENT_ID, name),
            Data(smr5.DEVICE_NAME, octets.octet_string(b"KWT" + identity.equipment_id(number)[4:].encode())),
            *self._profiles(number),
        ]
        return Objects(objects, lambda: careobjects.objects(self.state(number), gas=has_gas(self._town, number)))

    def administrative_status(self, number: int) -> int:
        """Return off or on, as the meter's object has it and its display shows it."""
        return self.state(number).administrative

    def _profiles(self, number: int) -> list[CosemObject]:
        """Make the profiles: two of electricity, two more with a gas meter on M-Bus channel 1."""
        meter = meter_of(self._town, number)
        profiles: list[CosemObject] = [
            _profile(smr5.E_INTERVAL, Memory(meter.intervals, smr5.E_INTERVAL)),
            _profile(smr5.E_DAY, Memory(meter.days, smr5.E_DAY)),
        ]
        if has_gas(self._town, number):
            profiles += [
                _profile(smr5.G_INTERVAL, Memory(meter.gas_hours, smr5.G_INTERVAL)),
                _profile(smr5.G_DAY, Memory(meter.gas_days, smr5.G_DAY)),
            ]
        return profiles


@final
class Objects(Mapping[Obis, CosemObject]):
    """Objects by logical name: some at once, and more when a name is not among those."""

    __slots__ = ("_found", "_more")

    def __init__(self, first: Iterable[CosemObject], more: Callable[[], Iterable[CosemObject]]) -> None:
        """Hold the first ones; `more` makes the others, once."""
        self._found = {made.obis: made for made in first}
        self._more: Callable[[], Iterable[CosemObject]] | None = more

    def _all(self) -> dict[Obis, CosemObject]:
        """Return all of them."""
        if self._more is not None:
            self._found |= {made.obis: made for made in self._more()}
            self._more = None
        return self._found

    def __getitem__(self, obis: Obis) -> CosemObject:
        """Return one."""
        return self._found[obis] if obis in self._found else self._all()[obis]

    def __iter__(self) -> Iterator[Obis]:
        """Yield the names of all."""
        return iter(self._all())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._all())


def _profile(layout: Layout, source: Source) -> Profile:
    """Put a source of rows into a layout."""
    return Profile(layout.obis, layout.columns, layout.period_s, layout.entries, source)


def has_gas(town: Town, number: int) -> bool:
    """True if a gas meter hangs on this meter."""
    owner = town.at(number)
    return isinstance(owner, Home) and owner.owns.gas


def meter_of(town: Town, number: int) -> Meter:
    """Return what a meter counted. The number must be one of the town's."""
    owner = town.at(number)
    if isinstance(owner, Home):
        station = town.transformers[owner.transformer]
        row, fault = owner.index - station.first, owner.fault
    else:
        station = town.transformers[identity.place(number)[1]]
        row, fault = station.end - station.first, Fault.SOUND
    return Meter(town.block(station.index), row, town.axis, fault, f"{town.seed}/meter/{number}")
