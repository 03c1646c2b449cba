"""How the command line says who may know what, and what a proposed edition would change."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kwartier.cli.told import said
from kwartier.grounds.explain import Bar, Explanation
from kwartier.grounds.stand import Stand
from kwartier.model.ground import Refusal, Requester, Role
from kwartier.model.period import ZONE, Period
from kwartier.model.register import DAY_MASK, INTERVAL_MASK, Mask
from kwartier.workflows.conduct import Outcome, Who


def stands(out: Console, found: Stand) -> None:
    """Tell how a party stands at a connection."""
    _bars(out, found.bars)
    table = _table("May see", ("what", "about", "may", "by"))
    for line in found.may:
        table.add_row(_data(line.mask), _span(line.period), ", ".join(line.actions), line.rule)
    if found.may:
        out.print(table, highlight=False)
    else:
        said(out, "May see nothing.")
    for one in found.may_not:
        said(out, f"Not for {_words(one.request.purpose)}: {one.rule}.")
    _because(out, [*found.may, *found.may_not])


def who(out: Console, found: Who) -> None:
    """Tell who may know what of a connection."""
    _bars(out, found.bars)
    table = _table("Who may see", ("who", "what", "about", "may", "by"))
    for line in found.lines:
        somebody = _words(line.requester.role) + " " + (name(line.requester, found) or str(line.requester.id))
        table.add_row(escape(somebody), _data(line.mask), _span(line.period), ", ".join(line.actions), line.rule)
    if found.lines:
        out.print(table, highlight=False)
    else:
        said(out, "Nobody may see anything.")
    _because(out, found.lines)


def _because(out: Console, answers: Iterable[Explanation | Refusal]) -> None:
    """Tell each rule that was named, once, in its own words."""
    for rule, words in dict.fromkeys((one.rule, one.en) for one in answers):
        said(out, f"{rule}: {words}")


def outcome(out: Console, found: Outcome) -> None:
    """Tell what a proposed edition would change."""
    nights = "the night" if found.days == 1 else f"{found.days} nights from the one"
    said(out, f"{found.proposal} instead of {found.base}, in {nights} about {found.day}: {found.connections:,} connections,")
    said(out, f"{found.asked:,} questions, {found.same:,} answered as before; {found.touched:,} connections would notice.")
    table = _table("", ("permits", "which", "by", "what for", "to"))
    for change, counts in (("appear", found.appear), ("vanish", found.vanish)):
        for (rule, purpose, action), count in sorted(counts.items()):
            table.add_row(f"{count:,}", change, rule, _words(purpose), action)
    if table.row_count:
        out.print(table, highlight=False)
    else:
        said(out, "No permit would appear, and none would vanish.")


def name(who_asks: Requester, found: Who) -> str | None:
    """Return the public name of a party, or the code of a use case of the operator's. People stay numbers."""
    if who_asks.role is Role.CUSTOMER:
        return None
    return (found.use_cases if who_asks.role is Role.OPERATOR else found.parties).get(who_asks.id)


def _bars(out: Console, bars: Sequence[Bar]) -> None:
    for bar in bars:
        said(out, f"{bar.rule}: {bar.en} ({_span(bar.period)})")


def _data(mask: Mask) -> str:
    kinds = ("intervals", mask & INTERVAL_MASK), ("day registers", mask & DAY_MASK)
    return " and ".join(kind for kind, some in kinds if some) or "no usage"


def _span(period: Period) -> str:
    ends = [
        moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00") for moment in (period.start, period.end) if moment
    ]
    return " to ".join(ends) if period.end else f"from {ends[0]}"


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _words(code: str) -> str:
    return str(code).replace("_", " ")
