"""The folder `import`: what a town tells its operator, as the CSV files of docs/ARCHITECTURE.md, "The way in"."""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from kwartier.simulator import identity, market, people, shipment, usecases
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.town import Town

_MODEL = "SMR5"
_GAS_CAPACITY = 6000
"""dm3 per hour of a G4 gas meter."""
_PLACED_DAYS = 1500
_RESTRICTED_DAYS = 250

Row = Iterable[object]
_FILES = {
    "transformers": "name,area",
    "connections": "ean,product,area,transformer,capacity_w",
    "meters": "equipment_id,model,system_title,host,port,ean,transformer,placed_from,placed_to",
    "couplings": "equipment_id,mbus,ean,start,end",
    "subjects": "code,name",
    "occupancies": "ean,subject,start,end",
    "parties": "code,name,role",
    "agreements": "party,start,end",
    "contracts": "ean,party,start,end",
    "permissions": "reference,ean,subject,party,products,kinds,direction,purpose,data_from,data_to,granted,expires",
    "restrictions": "ean,kind,start,end",
    "use_cases": "code,purpose,data_class,area,products,kinds,days_from,days_to,approved_from,approved_to,approved_by,"
    "yearly_limit,min_group,necessity,subsidiarity,proportionality",
}


def write(folder: Path, town: Town, port: int) -> None:
    """Write all CSV files; the key shipment is a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = {
        "transformers": ((t.name, t.area) for t in town.transformers),
        "connections": _connections(town),
        "meters": _meters(town, port),
        "couplings": _couplings(town),
        "subjects": ((stay.code, stay.name) for home in town.homes for stay in people.stays(town, home)),
        "occupancies": _occupancies(town),
        "parties": ((p.code, p.name, p.role) for p in market.PARTIES),
        "agreements": ((p.code, start, end) for p, start, end in market.agreements(town)),
        "contracts": _contracts(town),
        "permissions": _permissions(town),
        "restrictions": _restrictions(town),
        "use_cases": _use_cases(town),
    }
    for name, header in _FILES.items():
        _file(folder / f"{name}.csv", header, rows[name])


def write_keys(folder: Path, town: Town, shipment_key: Path) -> None:
    """Write the key shipment, sealed to the operator. Raises BadTown if the key file is none."""
    recipient = shipment.read_recipient(shipment_key)
    plain = "".join(f"{line}\n" for line in shipment.lines(town))
    (folder / "keys.kws").write_bytes(shipment.seal(recipient, plain.encode()))


def _file(path: Path, header: str, rows: Iterable[Row]) -> None:
    """Write one file; None is an empty field, dates and moments are ISO 8601."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows([_text(value) for value in row] for row in rows)


def _text(value: object) -> object:
    """Return what stands in a field."""
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else value


def _connections(town: Town) -> Iterator[Row]:
    for home in town.homes:
        station = town.transformers[home.transformer]
        yield identity.electricity_ean(home.index), "electricity", station.area, station.name, home.owns.capacity_w
        if home.owns.gas:
            yield identity.gas_ean(home.index), "gas", station.area, None, _GAS_CAPACITY


def _meters(town: Town, port: int) -> Iterator[Row]:
    placed = town.day - timedelta(days=_PLACED_DAYS)
    for number in shipment.numbers(town):
        station, index = identity.place(number)
        ean = None if station else identity.electricity_ean(index)
        transformer = town.transformers[index].name if station else None
        title = identity.system_title(number).hex()
        yield identity.equipment_id(number), _MODEL, title, identity.host(number), port, ean, transformer, placed, None


def _couplings(town: Town) -> Iterator[Row]:
    placed = town.day - timedelta(days=_PLACED_DAYS)
    for home in town.homes:
        if home.has_meter and home.owns.gas:
            yield identity.equipment_id(home.number), 1, identity.gas_ean(home.index), placed, None


def _occupancies(town: Town) -> Iterator[Row]:
    for home in town.homes:
        for _, ean in people.products(home):
            for stay in people.stays(town, home):
                yield ean, stay.code, stay.start, stay.end


def _contracts(town: Town) -> Iterator[Row]:
    for home in town.homes:
        for contract in market.contracts(town, home, switches=home.index == people.SWITCH_HOME):
            for _, ean in people.products(home):
                yield ean, contract.party.code, contract.start, contract.end


def _permissions(town: Town) -> Iterator[Row]:
    for home in town.homes:
        for g in people.grants(town, home):
            who = g.reference, g.ean, g.subject, g.party
            what = g.product, g.kinds, g.direction, g.purpose
            yield *who, *what, g.data_from, None, g.granted, g.expires


def _restrictions(town: Town) -> Iterator[Row]:
    since = town.day - timedelta(days=_RESTRICTED_DAYS)
    for home in town.homes:
        if home.refused or home.fault is Fault.ADMINISTRATIVELY_OFF:
            kind = "refused" if home.refused else "administratively_off"
            for _, ean in people.products(home):
                yield ean, kind, since, None


def _use_cases(town: Town) -> Iterator[Row]:
    for case in usecases.use_cases(town):
        what = case.code, case.purpose, case.data_class, case.area, case.products, case.kinds, case.days_from, case.days_to
        approved = case.approved_from, case.approved_to, usecases.APPROVED_BY
        yield *what, *approved, case.yearly_limit, case.min_group, case.necessity, case.subsidiarity, case.proportionality
