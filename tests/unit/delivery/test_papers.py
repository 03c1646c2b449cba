"""The annual bill's usage and the usage overview: only own time, nothing guessed, no costs."""

import json
from datetime import date
from typing import Any

from account_support import EAN, account, counted, electricity, stand
from kwartier.delivery import papers
from kwartier.delivery.usage import Account
from kwartier.model.period import Period, midnight
from kwartier.model.register import Channel

SINCE = midnight(date(2024, 3, 11))
MONTHS = [midnight(date(2024 + (month - 1) // 12, (month - 1) % 12 + 1, 1)) for month in range(4, 27)]


def year(opens: date = date(2025, 3, 11), *, own: date = date(2024, 3, 11)) -> dict[str, Any]:
    """Return the bill of the year that ends on 11 March 2026."""
    stands = [electricity(midnight(day), SINCE) for day in (date(2024, 3, 11), date(2025, 3, 11), date(2026, 3, 11))]
    return papers.annual_bill(account(stands, own=midnight(own)), midnight(opens))


def monthly(own: date) -> dict[str, Any]:
    """Return the overview of January 2026, every month of before at hand."""
    spans = [Period(start, end) for start, end in zip(MONTHS[-2::-1], MONTHS[:0:-1], strict=True)]
    return papers.overview(account([electricity(at, SINCE) for at in MONTHS], own=midnight(own)), spans[0].start, spans[1:])


def test_a_bill_has_both_stands_and_the_usage_of_each_register() -> None:
    body = year()
    assert (body["format"], body["purpose"], body["metering_point"]) == (papers.BILL, "annual_bill", EAN.reveal())
    assert body["period"] == {"start": "2025-03-11T00:00:00+01:00", "end": "2026-03-11T00:00:00+01:00"}
    for one, rate in zip(body["usage"], (300, 200, 40, 60), strict=True):
        assert one["closing"] - one["opening"] == one["value"] == rate * 365 * 24
    assert [one["value"] for one in body["totals"]] == [500 * 365 * 24, 100 * 365 * 24]
    assert [(one["at"][:10], one["parcel"]) for one in body["readings"]] == [
        ("2025-03-11", "parcel-2025-03-11"),
        ("2026-03-11", "parcel-2026-03-11"),
    ]
    assert all(one["rule"] == "S1" and one["article"] for one in body["readings"])


def test_a_bill_without_its_opening_reading_says_so() -> None:
    closing = electricity(midnight(date(2026, 3, 11)), SINCE)
    body = papers.annual_bill(account([closing], own=SINCE), midnight(date(2025, 3, 11)))
    assert {(one["opening"], one["value"], one["why"]) for one in body["usage"]} == {(None, None, "no-reading-delivered")}
    assert [one["closing"] for one in body["usage"]] == list(closing_values(closing.registers))
    assert [one["value"] for one in body["totals"]] == [None, None]
    assert len(body["readings"]) == 1


def test_a_bill_tells_no_stand_of_before_the_own_time() -> None:
    assert {(one["opening"], one["why"]) for one in year(own=date(2025, 6, 1))["usage"]} == {(None, "not-own-period")}


def closing_values(registers: Any) -> list[int]:  # noqa: ANN401 - a mapping of channel-days
    return [registers[channel].start for channel in sorted(registers)]


def test_a_bill_of_gas() -> None:
    stands = [
        stand(midnight(day), counted(midnight(day), {Channel.DAY_GAS: 150}, SINCE))
        for day in (date(2025, 3, 11), date(2026, 3, 11))
    ]
    (one,) = papers.annual_bill(account(stands, own=SINCE, gas=True), stands[0].at)["usage"]
    assert (one["unit"], one["value"]) == ("dm3", 150 * 365 * 24)
    assert "tariff" not in one


def test_an_overview_compares_with_the_same_month_of_a_year_before() -> None:
    body = monthly(date(2024, 3, 11))
    assert body["period"] == {"start": "2026-01-01T00:00:00+01:00", "end": "2026-02-01T00:00:00+01:00"}
    assert body["year_before"]["period"] == {"start": "2025-01-01T00:00:00+01:00", "end": "2025-02-01T00:00:00+01:00"}
    assert body["year_before"]["totals"] == body["totals"]
    assert len(body["earlier"]) == 21


def test_an_overview_holds_no_earlier_time_than_the_own() -> None:
    """All readings are at hand, as they were another supplier's: none of them is used, compared with or named."""
    body = monthly(date(2025, 10, 1))
    assert body["year_before"] == {
        "period": {"start": "2025-01-01T00:00:00+01:00", "end": "2025-02-01T00:00:00+01:00"},
        "why": "not-own-period",
    }
    assert [one["period"]["start"][:7] for one in body["earlier"]] == ["2025-12", "2025-11", "2025-10"]
    assert min(one["at"] for one in body["readings"]) == "2025-10-01T00:00:00+02:00"


def test_no_paper_speaks_of_costs() -> None:
    words = json.dumps([year(), monthly(date(2024, 3, 11))])
    assert not any(word in words for word in ("cost", "price", "eur"))


def test_a_year_before_a_leap_day_there_was_no_such_day() -> None:
    span = papers.year_before(Period(midnight(date(2028, 2, 29)), midnight(date(2028, 3, 1))))
    assert span == Period(midnight(date(2027, 3, 1)), midnight(date(2027, 3, 1)))


def test_a_paper_is_canonical_json() -> None:
    body = year()
    assert json.loads(papers.as_json(body)) == body
    assert papers.as_json(body) == papers.as_json(dict(reversed(body.items())))
    assert isinstance(account([electricity(SINCE, SINCE)], own=SINCE), Account)
