"""What the meters hold, written down before anybody reads them: `truth.parquet` and `loss.parquet`. Only checks read these.

`truth.parquet`: a row per channel-day that a meter holds, for the town's date and the day before. `deltas` follow from the rows
held: a missing one counts 0 and the next one carries it. `quality` is as in model/channel_day.py, empty when all is valid.
`loss.parquet`: a row per transformer and quarter.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kwartier.model.channel_day import Quality
from kwartier.model.period import HOUR_S, QUARTER_S, epoch_s, midnight
from kwartier.model.register import Channel
from kwartier.simulator import identity
from kwartier.simulator.devices import has_gas, meter_of
from kwartier.simulator.grid import Transformer
from kwartier.simulator.held import DATA_NOT_VALID, POWER_DOWN, Meter, Series
from kwartier.simulator.town import Town

Record = dict[str, object]
_TRUTH: list[tuple[str, pa.DataType]] = [
    ("equipment_id", pa.string()),
    ("ean", pa.string()),
    ("channel", pa.int8()),
    ("day", pa.date32()),
    ("start", pa.int64()),
    ("deltas", pa.list_(pa.int32())),
    ("quality", pa.list_(pa.uint8())),
]
_LOSS: list[tuple[str, pa.DataType]] = [
    ("transformer", pa.string()),
    ("day", pa.date32()),
    ("quarter", pa.int16()),
    ("infeed_wh", pa.int32()),
    ("backflow_wh", pa.int32()),
    ("technical_wh", pa.int32()),
    ("theft_wh", pa.int32()),
    ("homes", pa.int16()),
]
TRUTH, LOSS = pa.schema(_TRUTH), pa.schema(_LOSS)


def write(folder: Path, town: Town, progress: Callable[[int], None]) -> None:
    """Write both files, a transformer at a time; `progress` is told how many are done."""
    with (
        pq.ParquetWriter(folder / "truth.parquet", TRUTH, compression="zstd") as truth,
        pq.ParquetWriter(folder / "loss.parquet", LOSS, compression="zstd") as loss,
    ):
        for station in town.transformers:
            truth.write_table(pa.Table.from_pylist(list(_held(town, station)), TRUTH))
            loss.write_table(_losses(town, station))
            progress(station.index + 1)


def _held(town: Town, station: Transformer) -> Iterator[Record]:
    """Yield the channel-days of the meters of one transformer."""
    yield from _of_meter(town, identity.station_number(station.index), "", "")
    for home in town.homes[station.first : station.end]:
        if home.has_meter:
            gas = identity.gas_ean(home.index) if home.owns.gas else ""
            yield from _of_meter(town, home.number, identity.electricity_ean(home.index), gas)


def _of_meter(town: Town, number: int, ean: str, gas_ean: str) -> Iterator[Record]:
    """Yield the channel-days of one meter."""
    meter = meter_of(town, number)
    name = identity.equipment_id(number)
    for channel, day, start, deltas, quality in _channel_days(town, meter, gas=has_gas(town, number)):
        owner = gas_ean if channel in {Channel.GAS, Channel.DAY_GAS} else ean
        yield {
            "equipment_id": name,
            "ean": owner,
            "channel": int(channel),
            "day": day,
            "start": start,
            "deltas": deltas,
            "quality": quality,
        }


_Held = tuple[Channel, date, int, NDArray[np.int32], NDArray[np.uint8]]
_MISSING, _CARRIES_GAP = np.uint8(int(Quality.MISSING)), np.uint8(int(Quality.CARRIES_GAP))
_TOLD = {DATA_NOT_VALID: np.uint8(int(Quality.NOT_VALID)), POWER_DOWN: np.uint8(int(Quality.POWER_DOWN))}
"""What bits of the AMR status say about a row."""
_NO_DELTAS, _NO_QUALITY = np.empty(0, np.int32), np.empty(0, np.uint8)
_DAY_CHANNELS = (Channel.DAY_IMPORT_LOW, Channel.DAY_IMPORT_NORMAL, Channel.DAY_EXPORT_LOW, Channel.DAY_EXPORT_NORMAL)


def _channel_days(town: Town, meter: Meter, *, gas: bool) -> Iterator[_Held]:
    """Yield channel, day, register at its start, deltas and quality."""
    series: list[tuple[tuple[Channel, ...], Series, int]] = [
        ((Channel.IMPORT, Channel.EXPORT), meter.intervals(), QUARTER_S),
        (_DAY_CHANNELS, meter.days(), 0),
    ]
    if gas:
        series += [((Channel.GAS,), meter.gas_hours(), HOUR_S), ((Channel.DAY_GAS,), meter.gas_days(), 0)]
    for channels, rows, step in series:
        for column, channel in enumerate(channels):
            # the register that closes the town's date opens the next day: a night reads it too
            for day in (*town.axis.truth_days(), *(() if step else (town.axis.day + timedelta(days=1),))):
                yield (
                    channel,
                    day,
                    *(interval_day(rows, column, day, step) if step else (_at(rows, column, day), _NO_DELTAS, _NO_QUALITY)),
                )


def _at(rows: Series, column: int, day: date) -> int:
    """Return the register at the midnight that opens the day."""
    return int(rows.values[column][np.searchsorted(rows.stamps, epoch_s(midnight(day)))])


def interval_day(rows: Series, column: int, day: date, step: int) -> tuple[int, NDArray[np.int32], NDArray[np.uint8]]:
    """Return start, deltas and quality of one day of an interval profile, as its rows tell; `step` is its period in seconds."""
    bounds = np.arange(epoch_s(midnight(day)), epoch_s(midnight(day + timedelta(days=1))) + 1, step, dtype=np.int64)
    newest = np.searchsorted(rows.stamps, bounds, "right") - 1
    registers = rows.values[column][newest]
    missing = rows.stamps[newest] != bounds
    if rows.capture is not None:
        missing[1:] |= np.diff(rows.capture[newest]) == 0
    quality = missing.astype(np.uint8) * _MISSING
    quality[1:][~missing[1:] & missing[:-1]] |= _CARRIES_GAP
    for bit, said in _TOLD.items():
        quality[~missing & (rows.status[newest] & bit != 0)] |= said
    told = quality[1:] if quality[1:].any() else _NO_QUALITY
    return int(registers[0]), np.diff(registers).astype(np.int32), told


def _losses(town: Town, station: Transformer) -> pa.Table:
    """Return what went through one transformer."""
    flow = town.block(station.index).flow
    parts = []
    for day in town.axis.truth_days():
        at = town.axis.day_index(day)
        first, end = town.axis.quarter_of_midnight[at : at + 2]
        count = int(end - first)
        quarters = [part[first:end] for part in (flow.infeed, flow.backflow, flow.technical, flow.theft)]
        same = [station.name] * count, [day] * count, [station.end - station.first] * count
        columns = (same[0], same[1], range(count), *(part.tolist() for part in quarters), same[2])
        parts.append(pa.Table.from_pydict(dict(zip(LOSS.names, map(list, columns), strict=True)), LOSS))
    return pa.concat_tables(parts)
