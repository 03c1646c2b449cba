"""What a document says in words follows from its parcel; of a register that was read by hand, also how."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from account_support import EAN
from kwartier.delivery import document, supplier
from kwartier.delivery.supplier import Taken
from kwartier.grounds.decide import decide
from kwartier.model.ground import (
    Action,
    Agreement,
    DataClass,
    Facts,
    Occupancy,
    Purpose,
    Request,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    Supply,
)
from kwartier.model.period import Period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, Product
from kwartier.store.registry.replay import Sent
from kwartier.workflows.replay import wording

LONG = Period(midnight(date(2020, 1, 1)))
TAKEN = datetime(2027, 3, 1, 11, tzinfo=UTC)
MADE = datetime(2027, 3, 2, 2, tzinfo=UTC)
WHO = Requester(Role.SUPPLIER, 5)
Body = dict[str, Any]


def by_hand(how: str = "visit") -> tuple[Body, Sent]:
    """Return the document of a register that was read at the meter, and the parcel it is."""
    facts = Facts(
        7,
        "noord",
        occupancies=(Occupancy(1, 70, LONG),),
        supplies=(Supply(2, 5, LONG),),
        agreements=(Agreement(3, 5, Role.SUPPLIER, LONG),),
        restrictions=(Restriction(4, RestrictionKind.REFUSED, LONG),),
    )
    mask, moment = DAY_MASK & ~GAS_MASK, Period(TAKEN, TAKEN)
    found = decide(Request(WHO, Action.DELIVER, Purpose.HAND_READING, 7, mask, moment, DataClass.REGISTER), facts, at=MADE)
    assert isinstance(found, Permit)
    heading = document.Heading("c0ffee", MADE, EAN, Product.ELECTRICITY, Purpose.HAND_READING, moment, (found,))
    body: Body = json.loads(supplier.by_hand(heading, [Taken(Channel.DAY_IMPORT_LOW, 12, TAKEN, how)]))
    return body, Sent("c0ffee", WHO, 7, Purpose.HAND_READING, moment, mask, found.id, "delivered", MADE, "b", "box")


@pytest.mark.parametrize("how", supplier.METHODS)
def test_a_document_says_how_a_register_was_read_by_hand(how: str) -> None:
    assert wording.of_document(*by_hand(how))


CHANGES: list[Callable[[Body], object]] = [
    lambda one: one["readings"][0].update(by="the neighbour"),
    lambda one: one["readings"][0].update(method="22"),
    lambda one: one["readings"][0].update(read="remotely"),
    lambda one: [one["readings"][0].pop(name) for name in ("read", "by", "method")],
    lambda one: one["readings"][0].update(unit="kWh"),
    lambda one: one["readings"][0].update(value=None),
    lambda one: one["readings"][0].update(quality="missing"),
    lambda one: one["readings"][0].update(remark="nobody was in"),
    lambda one: one["grounds"][0].update(rule="S1"),
    lambda one: one.update(created="yesterday"),
    lambda one: one.update(created=(MADE + timedelta(seconds=1)).isoformat()),
    lambda one: one.update(grounds=[]),
    lambda one: one["grounds"][0].update(remark="nobody was in"),
    lambda one: one["grounds"][0].update(permit=32 * "0"),
    lambda one: one["period"].update(end=None),
    lambda one: one.update(corrects=["what the neighbour read"]),
    lambda one: one["readings"][0].update(quality="as the neighbour says"),
    lambda one: one["series"][0].update(unit="kWh"),
    lambda one: one["series"][0].update(resolution="PT1H"),
    lambda one: one["series"][0].update(remark="nobody was in"),
    lambda one: one["series"][0].update(quality=["valid", "nobody was in"]),
    lambda one: one["series"][0].pop("quality"),
    lambda one: one["series"][0].update(values=[1, 2], quality=["valid", "missing"]),
]


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_no_other_word_stands_in_its_place(change: Callable[[Body], object]) -> None:
    body, parcel = by_hand()
    body["series"] = [{"unit": "Wh", "resolution": "PT15M", "values": [1, None], "quality": ["valid", "missing"]}]
    assert wording.of_document(body, parcel)
    change(body)
    assert not wording.of_document(body, parcel)


def test_a_register_that_the_meter_told_was_not_read_by_hand() -> None:
    body, parcel = by_hand()
    assert not wording.of_document(body, replace(parcel, purpose=Purpose.PERIODIC_READING))
