"""The two papers that readings make for a supplier: the usage of an annual bill, and the overview it can send to its customer.

Both say nothing but what follows from readings that this supplier was handed (usage.py). No costs: the operator knows no prices, so
there is no field for them; the supplier adds its own.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from kwartier.delivery import usage
from kwartier.delivery.document import about, local, quality
from kwartier.delivery.usage import Account, Why
from kwartier.model.ground import Purpose
from kwartier.model.period import Period, day_of, midnight
from kwartier.model.register import DAY_MASK, Channel, channels_of

BILL, OVERVIEW = "kwartier/annual-bill/1", "kwartier/overview/1"
Body = dict[str, Any]


def annual_bill(account: Account, opens: datetime) -> Body:
    """Return the year that a reading closes: opening and closing register and usage per tariff, over the own part of the year."""
    span = Period(opens, account.closes)
    year = usage.of_span(account, span)
    for one, channel in zip(year["usage"], channels_of(account.mask & DAY_MASK), strict=True):
        one["opening"], one["closing"] = _stood(account, channel, opens), _stood(account, channel, account.closes)
    return {**_heading(account, BILL, Purpose.ANNUAL_BILL, (opens, account.closes)), **year}


def overview(account: Account, opens: datetime, earlier: Sequence[Period]) -> Body:
    """Return the usage of a period, of the same one a year before, and of `earlier` ones: only those that are wholly own.

    An earlier period that the supplier does not know is left out; the year before is then said to be unknown, and why.
    """
    span = Period(opens, account.closes)
    own = [one for one in earlier if one.start >= account.own]
    before = year_before(span)
    ends = [moment for one in (span, before, *own) for moment in (one.start, one.end) if moment is not None]
    last_year: Body = usage.of_span(account, before)
    if before.start < account.own:
        last_year = {"period": usage.written(before), "why": Why.NOT_OWN.value}
    return {
        **_heading(account, OVERVIEW, Purpose.PERIODIC_READING, ends),
        **usage.of_span(account, span),
        "year_before": last_year,
        "earlier": [usage.of_span(account, one) for one in own],
    }


def year_before(span: Period) -> Period:
    """Return the same local days a year earlier. Raises BadInput for an open period."""
    return Period(_year_earlier(span.start), _year_earlier(span.end or span.start))


def _year_earlier(moment: datetime) -> datetime:
    day = day_of(moment)
    leap = (day.month, day.day) == (2, 29)
    return midnight(date(day.year - 1, 3, 1) if leap else day.replace(year=day.year - 1))


def _stood(account: Account, channel: Channel, moment: datetime) -> int | None:
    """Return where a register stood, None where that is not known."""
    stand = account.stands.get(moment) if moment >= account.own else None
    found = stand.registers.get(channel) if stand else None
    return None if found is None or quality(found.quality[0] if found.quality else 0) == "missing" else found.start


def _heading(account: Account, form: str, purpose: Purpose, moments: Sequence[datetime]) -> Body:
    return {
        "format": form,
        "reference": account.reference,
        "created": account.created.astimezone(UTC).isoformat(),
        **about(account.ean, account.product),
        "purpose": purpose.value,
        "own_since": local(account.own),
        **({"replaces": list(account.replaces)} if account.replaces else {}),
        "readings": usage.readings(account, moments),
    }


def as_json(body: Mapping[str, Any]) -> bytes:
    """Return a paper as canonical UTF-8 JSON on one line."""
    return json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
