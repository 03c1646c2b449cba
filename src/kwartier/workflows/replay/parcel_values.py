"""The values of documents that left against those that the lake still holds: what was handed over is what was read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, final

from kwartier.delivery.document import REGISTERS
from kwartier.model.channel_day import Quality
from kwartier.model.ground import Purpose
from kwartier.model.period import HOUR_S, QUARTER_S, day_of, epoch_s, from_epoch_s, midnight
from kwartier.model.register import DAY_MASK, INTERVAL_MASK, Channel, Product, channels_of
from kwartier.store.registry.replay import Sent
from kwartier.workflows.replay.corrections import Corrections
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.held import Held, Value

_SOUND = ~(Quality.MISSING | Quality.CARRIES_GAP)
_INTERVALS = {(Product.GAS if c is Channel.GAS else Product.ELECTRICITY, *REGISTERS[c][:2]): c for c in channels_of(INTERVAL_MASK)}
_STANDS = {(Product.GAS if c is Channel.DAY_GAS else Product.ELECTRICITY, *REGISTERS[c]): c for c in channels_of(DAY_MASK)}


class Said(NamedTuple):
    """One value in a document. `place` is its interval in the local day, None for a register."""

    day: date
    channel: Channel
    place: int | None
    value: int


@final
class Values:
    """Compares documents, some hundred at a time. A value of which nothing is held any more proves nothing, and is passed over."""

    def __init__(self, held: Held, corrections: Corrections, found: Findings) -> None:
        """Contradictions go to `found`. A document tells what was known when it was decided: `corrections` know what that was."""
        self._held = held
        self._corrections = corrections
        self._found = found

    def compare(self, documents: Sequence[tuple[Sent, Mapping[str, Any]]]) -> None:
        """Compare documents that are known to hold no more than they may."""
        said = [(one, list(_said(document))) for one, document in documents if one.purpose is not Purpose.HAND_READING]
        keys: dict[date, set[int]] = {}
        for one, values in said:
            for value in values:
                keys.setdefault(value.day, set()).add(one.connection)
        held = {day: self._held.values(day, connections) for day, connections in keys.items()}
        for one, values in said:
            known = [(value, self._known(one, value, held[value.day])) for value in values]
            self._found.compared["values"] += sum(bool(there) for _, there in known)
            if any(there and not any(_is(value, row) for row in there) for value, there in known):
                self._found.add("parcel-value-differs", parcel=one.id, connection=one.connection)

    def _known(self, one: Sent, value: Said, held: Mapping[int, Sequence[Value]]) -> Sequence[Value]:
        code = one.connection << 4 | value.channel
        then = self._corrections.then(value.day, code, one.decided)
        return held.get(code, ()) if then is None else then

    def by_hand(
        self, documents: Sequence[tuple[Sent, Mapping[str, Any]]], taken: Mapping[tuple[int, datetime], Mapping[int, int]]
    ) -> None:
        """Compare documents of registers that were read at the meter with what was written down of that (connection, moment)."""
        for one, document in documents:
            there = taken.get((one.connection, one.period.start), {})
            values = list(_said(document))
            self._found.compared["values"] += sum(value.channel in there for value in values)
            if any(there.get(value.channel, value.value) != value.value for value in values):
                self._found.add("parcel-value-differs", parcel=one.id, connection=one.connection)


def _is(said: Said, row: Value) -> bool:
    """True if a stored row says the same, or says now that it knows nothing of the kind by itself."""
    if said.place is None:
        return row.start == said.value
    if said.place >= len(row.deltas):
        return False
    unsure = bool(row.quality) and row.quality[said.place] & ~_SOUND
    return bool(unsure) or row.deltas[said.place] == said.value


def _said(document: Mapping[str, Any]) -> Iterator[Said]:
    """Yield the values of a document that stand for themselves: none that is missing, or carries a gap before it."""
    product = Product(document["product"])
    for one in document["series"]:
        yield from _series(product, one)
    for one in document["readings"]:
        if one["value"] is not None:
            channel = _STANDS[product, one["register"], one["direction"], one.get("tariff")]
            yield Said(day_of(datetime.fromisoformat(one["at"])), channel, None, one["value"])


def _series(product: Product, one: Mapping[str, Any]) -> Iterator[Said]:
    channel = _INTERVALS[product, one["register"], one["direction"]]
    step = HOUR_S if one["resolution"] == "PT1H" else QUARTER_S
    start = epoch_s(datetime.fromisoformat(one["start"]))
    marks: Iterable[str] = one.get("quality") or ["valid"] * len(one["values"])
    opens, closes, day = 0, 0, date.min
    for at, value, mark in zip(range(start, start + step * len(one["values"]), step), one["values"], marks, strict=True):
        if not opens <= at < closes:
            day = day_of(from_epoch_s(at))
            opens, closes = epoch_s(midnight(day)), epoch_s(midnight(day + timedelta(days=1)))
        if value is not None and mark != "sum-of-gap":
            yield Said(day, channel, (at - opens) // step, value)
