"""docs/PARCELS.md shows a document as it is made, and names every word that one can hold."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

from kwartier.delivery import document, supplier
from kwartier.delivery.usage import Why
from kwartier.grounds.decide import decide
from kwartier.model.channel_day import ChannelDay, Quality
from kwartier.model.ean import Ean
from kwartier.model.ground import Action, Agreement, DataClass, Facts, Occupancy, Purpose, Request, Requester, Role, Supply
from kwartier.model.period import Period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, Product

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "PARCELS.md").read_text("utf-8")
SHOWN = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
SWITCHED = date(2026, 11, 24)
LONG = Period(datetime(2020, 1, 1, tzinfo=UTC))
HELD = {Channel.DAY_IMPORT_LOW: 8_120_344, Channel.DAY_IMPORT_NORMAL: 6_904_120, Channel.DAY_EXPORT_LOW: 402_115}


def test_the_page_shows_a_document_as_it_is_made() -> None:
    assert SHOWN is not None
    shown = json.loads(SHOWN[1])
    at = Period(midnight(SWITCHED), midnight(SWITCHED))
    facts = Facts(
        5,
        "noord",
        occupancies=(Occupancy(1, 70, LONG),),
        supplies=(Supply(2, 80, Period(midnight(SWITCHED))),),
        agreements=(Agreement(3, 80, Role.SUPPLIER, LONG),),
    )
    asked = Request(Requester(Role.SUPPLIER, 80), Action.DELIVER, Purpose.SWITCH, 5, DAY_MASK & ~GAS_MASK, at, DataClass.REGISTER)
    permit = decide(asked, facts, at=datetime(2026, 11, 24, 2, tzinfo=UTC))
    assert isinstance(permit, Permit)
    permit = permit._replace(id=bytes.fromhex(shown["grounds"][0]["permit"]))
    heading = document.Heading(
        shown["reference"],
        datetime.fromisoformat(shown["created"]),
        Ean(shown["metering_point"]),
        Product.ELECTRICITY,
        Purpose.SWITCH,
        at,
        (permit,),
    )
    days = [ChannelDay(5, channel, SWITCHED, value, b"", b"", 0, 1, 1) for channel, value in HELD.items()]
    made = json.loads(supplier.readings(heading, days))
    assert made == shown
    assert json.dumps(made, indent=2, sort_keys=True) + "\n" == SHOWN[1]


def test_the_page_names_every_reason_why_a_usage_is_not_told() -> None:
    assert [why for why in Why if f"`{why}`" not in PAGE] == []


def test_the_page_names_every_quality() -> None:
    words = {document.quality(mark) for mark in range(max(Quality) * 2)}
    assert [word for word in sorted(words) if f"`{word}`" not in PAGE] == []
