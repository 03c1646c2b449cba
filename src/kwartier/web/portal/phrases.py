"""The phrases that several pages share: which data, which period, which product, as whom."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from kwartier.model.ground import Role
from kwartier.model.period import Period, day_of, midnight
from kwartier.model.register import CONSUMPTION_MASK, DAY_MASK, GAS_MASK, INTERVAL_MASK, Mask, Product
from kwartier.web.portal.words import Words

NOTHING = "\N{EN DASH}"


def data(words: Words, mask: Mask, one: Product | None = None) -> str:
    """Name a set of channels, of one product or of any."""
    if not mask:
        return words.text("no usage")
    if one is not None:
        mask &= GAS_MASK if one is Product.GAS else ~GAS_MASK
    kinds = []
    if mask & INTERVAL_MASK:
        kinds.append(_intervals(words, mask))
    if mask & DAY_MASK:
        kinds.append(words.text("day readings"))
    told = listed(words, kinds)
    # gas is never given back, so only electricity can be narrowed to what was taken
    if mask & ~GAS_MASK and not mask & ~CONSUMPTION_MASK:
        told += ", " + words.text("only what was taken")
    return told


def _intervals(words: Words, mask: Mask) -> str:
    if not mask & INTERVAL_MASK & GAS_MASK:
        return words.text("quarter-hours")
    return words.text("hours") if not mask & INTERVAL_MASK & ~GAS_MASK else words.text("quarter-hours or hours")


def span(words: Words, period: Period) -> str:
    """Write a period as people do: whole local days, the last one included; a time only where it is no midnight."""
    if period.is_moment:
        return words.moment(period.start)
    start = since(words, period.start)
    if period.end is None:
        return words.text("from %s") % start
    if not _is_midnight(period.end):
        return words.text("from %(start)s until %(end)s") % {"start": start, "end": words.moment(period.end)}
    last = last_day(period.end)
    if _is_midnight(period.start) and day_of(period.start) == last:
        return start
    return words.text("from %(start)s up to and including %(end)s") % {"start": start, "end": words.date(last)}


def since(words: Words, moment: datetime) -> str:
    """Write when something begins: the day if it begins at midnight, otherwise the moment."""
    return words.date(day_of(moment)) if _is_midnight(moment) else words.moment(moment)


def until(words: Words, moment: datetime) -> str:
    """Write when something ends: the last whole day if it ends at midnight, otherwise the moment."""
    if not _is_midnight(moment):
        return words.text("until %s") % words.moment(moment)
    return words.text("up to and including %s") % words.date(last_day(moment))


def last_day(end: datetime) -> date:
    """Return the last local day of a period that ends at this moment."""
    day = day_of(end)
    return day - timedelta(days=1) if midnight(day) == end else day


def _is_midnight(moment: datetime) -> bool:
    return midnight(day_of(moment)) == moment


def product(words: Words, one: Product) -> str:
    """Name an energy product."""
    return words.text("electricity") if one is Product.ELECTRICITY else words.text("gas")


def role(words: Words, one: Role) -> str:
    """Name a role."""
    return {
        Role.CUSTOMER: words.text("yourself"),
        Role.SUPPLIER: words.text("your supplier"),
        Role.THIRD_PARTY: words.text("an app or site"),
        Role.OPERATOR: words.text("the grid operator"),
    }[one]


def listed(words: Words, items: Sequence[str]) -> str:
    """Write a list as people do: a, b and c."""
    between = words.text("and")
    return f" {between} ".join(part for part in (", ".join(items[:-1]), *items[-1:]) if part)


def capital(text: str) -> str:
    """Begin with a capital."""
    return text[:1].upper() + text[1:]
