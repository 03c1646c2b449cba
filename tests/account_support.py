"""A supplier's account and its papers, in memory: registers that count evenly, each reading by the real decision."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from kwartier.delivery import papers
from kwartier.delivery.usage import Account, Stand
from kwartier.grounds.decide import decide
from kwartier.model.channel_day import ChannelDay
from kwartier.model.ean import Ean
from kwartier.model.ground import Action, Agreement, DataClass, Facts, Occupancy, Purpose, Request, Requester, Role, Supply
from kwartier.model.period import Period, day_of, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, Channel, Mask, Product, channels_of

EAN = Ean("871687400002065714")
LONG = Period(datetime(2010, 1, 1, tzinfo=UTC))
SUPPLIER, HOME = 80, 5
FACTS = Facts(
    HOME,
    "noord",
    occupancies=(Occupancy(1, 70, LONG),),
    supplies=(Supply(2, SUPPLIER, LONG),),
    agreements=(Agreement(3, SUPPLIER, Role.SUPPLIER, LONG),),
)
ELECTRICITY, GAS = DAY_MASK & ~GAS_MASK, DAY_MASK & GAS_MASK
Registers = Mapping[Channel, int]


def reading(channel: Channel, at: datetime, value: int, *, meter: int = 1, quality: bytes = b"") -> ChannelDay:
    """Return a register at a midnight."""
    return ChannelDay(HOME, channel, day_of(at), value, b"", quality, 8, meter, 1)


def permit(at: datetime, mask: Mask) -> Permit:
    """Return the permit to hand the supplier a reading. By the edition of 2026: every midnight."""
    request = Request(
        Requester(Role.SUPPLIER, SUPPLIER), Action.DELIVER, Purpose.PERIODIC_READING, HOME, mask, Period(at, at), DataClass.REGISTER
    )
    answer = decide(request, FACTS, at=datetime(2026, 11, 24, 2, tzinfo=UTC))
    assert isinstance(answer, Permit)
    return answer


def stand(at: datetime, registers: Registers, *, meter: int = 1) -> Stand:
    """Return the registers of a moment as they were handed over."""
    mask = sum(1 << channel for channel in registers)
    found = {channel: reading(channel, at, value, meter=meter) for channel, value in registers.items()}
    return Stand(at, f"parcel-{day_of(at)}", permit(at, mask), found)


def account(
    stands: Sequence[Stand],
    *,
    own: datetime,
    restricted: Sequence[Period] = (),
    changes: Sequence[datetime] = (),
    gas: bool = False,
) -> Account:
    """Return the account of these stands; the newest closes it."""
    closes = max(one.at for one in stands)
    product, mask = (Product.GAS, GAS) if gas else (Product.ELECTRICITY, ELECTRICITY)
    return Account(
        reference="c0ffee",
        created=datetime(2026, 11, 24, 2, tzinfo=UTC),
        ean=EAN,
        product=product,
        mask=mask,
        own=own,
        closes=closes,
        stands={one.at: one for one in stands},
        restricted=restricted,
        changes=changes,
    )


def counted(at: datetime, per_hour: Registers, since: datetime) -> dict[Channel, int]:
    """Return where registers stand that count evenly."""
    hours = int((at - since).total_seconds()) // 3600
    return {channel: rate * hours for channel, rate in per_hour.items()}


def electricity(at: datetime, since: datetime) -> Stand:
    """Return a stand of registers that count 300, 200, 40 and 60 Wh an hour."""
    rates = dict(zip(channels_of(ELECTRICITY), (300, 200, 40, 60), strict=True))
    return stand(at, counted(at, rates, since))


MONTHS = [midnight(date(2025 + (month - 1) // 12, (month - 1) % 12 + 1, 1)) for month in range(10, 15)]
"""From October 2025 to February 2026."""


def overview() -> dict[str, Any]:
    """Return an overview of January 2026, of which November's reading is not known."""
    spans = [Period(start, end) for start, end in zip(MONTHS[-2::-1], MONTHS[:0:-1], strict=True)]
    stands = [electricity(at, MONTHS[0]) for at in MONTHS if at != MONTHS[1]]
    return papers.overview(account(stands, own=MONTHS[0]), spans[0].start, spans[1:])


def bill(*, meter: int = 1) -> dict[str, Any]:
    """Return a bill, with another meter at its end if wished."""
    registers = {channel: row.start for channel, row in electricity(MONTHS[-1], MONTHS[0]).registers.items()}
    return papers.annual_bill(
        account([electricity(MONTHS[0], MONTHS[0]), stand(MONTHS[-1], registers, meter=meter)], own=MONTHS[0]), MONTHS[0]
    )
