"""A paper as a page to send: one file, no script, nothing fetched; any width, light and dark, on screen and on paper.

It is made from the paper's JSON alone, so it cannot say more than that; a replay makes it again and compares.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from kwartier.delivery.bars import Bar, drawn
from kwartier.delivery.papers import BILL, OVERVIEW, as_json
from kwartier.delivery.words import LANGUAGES, Words
from kwartier.model.period import ZONE, day_of

Body = Mapping[str, Any]

_NAMES = {BILL: "annual-bill", OVERVIEW: "overview"}
_STYLE = Markup(
    """:root{color-scheme:light dark;--fg:#1b2733;--bg:#fff;--soft:#f3f6f9;--muted:#4c5b6a;--line:#c9d3dc;--up0:#1567b0;
--up1:#6aa5d9;--down:#2f8a3e;--gap:#66788a}
@media (prefers-color-scheme:dark){:root{--fg:#e9eff5;--bg:#11181f;--soft:#18222c;--muted:#b2c0cd;--line:#33424f;--up0:#6db3f8;
--up1:#2f6fa8;--down:#72cb83;--gap:#8597a8}}
*{box-sizing:border-box}
body{margin:0;overflow-wrap:break-word;color:var(--fg);background:var(--bg);
font:1.0625rem/1.55 system-ui,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",Arial,sans-serif}
header,main{max-inline-size:46rem;margin-inline:auto;padding-inline:1rem}
header{display:flex;align-items:center;gap:.6rem;padding-block:.75rem;font-weight:700;font-size:1.3rem}
header svg{inline-size:2rem;block-size:2rem;fill:var(--up0)}header path{fill:var(--bg)}
h1{font-size:1.7rem;line-height:1.25;margin:.5rem 0 1rem}h2{font-size:1.3rem;line-height:1.25;margin:2.25rem 0 .5rem}
p,li{max-inline-size:68ch}dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.15rem 1rem;margin:0}
dt{color:var(--muted)}dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
table{border-collapse:collapse;inline-size:100%;font-variant-numeric:tabular-nums}
th{text-align:start;font-weight:600}th[scope=rowgroup]{padding-block-start:.5rem}
td,th[scope=col]{text-align:end;vertical-align:bottom;padding-inline-start:.5rem}
th[scope=row]{padding-block:.5rem;border-block-end:1px solid var(--line)}
td{padding-block-end:.5rem;border-block-end:1px solid var(--line)}
thead th{border-block-end:1px solid var(--line)}caption{text-align:start;color:var(--muted);font-size:.9375rem}
.why{display:block;color:var(--muted);font-size:.9375rem;font-weight:400}.code{color:var(--muted);font-weight:400;white-space:nowrap}
.bars{display:block;inline-size:100%;overflow:visible}.bars line{stroke:var(--muted)}
.bars text{font-size:.875rem;fill:var(--muted)}.bars .up0{fill:var(--up0)}.bars .up1{fill:var(--up1)}.bars .down{fill:var(--down)}
.bars .gap{fill:var(--gap);fill-opacity:.25}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;padding:0;margin:.5rem 0 1rem}
.key li::before{content:"";display:inline-block;inline-size:.8em;block-size:.8em;margin-inline-end:.45em;background:var(--up0)}
.key .up1::before{background:var(--up1)}.key .down::before{background:var(--down)}
@media (max-width:36rem){dl{grid-template-columns:1fr}dd{margin-block-end:.35rem}.bars .other{display:none}
table{font-size:.9375rem}thead{font-size:.8125rem}}
@media (forced-colors:active){.bars rect,.key li::before{forced-color-adjust:none}}
@media print{:root{color-scheme:light;--fg:#000;--bg:#fff;--muted:#333;--line:#999;--up0:#1567b0;--up1:#6aa5d9;--down:#2f8a3e}
body{font-size:10.5pt}h2,tr,svg{break-inside:avoid;break-after:auto}h2{break-after:avoid}
.bars rect,.key li::before{print-color-adjust:exact;-webkit-print-color-adjust:exact}}"""
)
_MARK = Markup(
    '<svg viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="14"/><path d="M16 16V6a10 10 0 0 1 10 10z"/></svg>'
)


def files(body: Body) -> dict[str, bytes]:
    """Return a paper as files by their names: its JSON, and a page in every language."""
    name = f"{body['reference']}/{_NAMES[body['format']]}"
    pages = {f"{name}.{language}.html": page(body, language).encode() for language in LANGUAGES}
    return {f"{name}.json": as_json(body), **pages}


def page(body: Body, language: str) -> str:
    """Return a paper as an HTML page in this language."""
    say = Words(language)
    title = f"{say('overview' if body['format'] == OVERVIEW else 'bill')}: {say(body['product'])}"
    parts = [_facts(body, say), _used(body, say)]
    if body["format"] == OVERVIEW:
        parts += [_compared(body, say), _periods(body, say)]
    parts.append(_notes(body, say))
    return str(
        Markup(
            '<!doctype html>\n<html lang="{}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{}</title>\n<style>{}</style>\n</head>\n'
            "<body>\n<header>{}Kwartier</header>\n<main>\n<h1>{}</h1>\n{}\n</main>\n</body>\n</html>\n"
        ).format(language, title, _STYLE, _MARK, title, Markup("\n").join(parts))
    )


def _facts(body: Body, say: Words) -> Markup:
    made = say.day(day_of(datetime.fromisoformat(body["created"])))
    facts = [(say("period"), say.moments(body["period"])), (say("point"), body["metering_point"]), (say("made"), made)]
    facts += [(say("replaces"), say("replaced"))] if "replaces" in body else []
    rows = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(*fact) for fact in facts)
    return Markup("<dl>{}</dl>").format(rows)


def _used(body: Body, say: Words) -> Markup:
    stood = "opening" in body["usage"][0]
    names = [*((say("opening"), say("closing")) if stood else ()), say("amount")]
    groups = [_register(one, say, stood=stood) for one in body["usage"]]
    if len(body["usage"]) > 1:
        blank = [""] * (len(names) - 1)
        groups += [
            _group(f"{say('total')} {say(one['direction']).lower()}", [*blank, say.number(one["value"])]) for one in body["totals"]
        ]
    return _section(say("used"), _table(_caption(body, say), names, groups))


def _caption(span: Body, say: Words) -> str:
    """Return the period of a table, and the unit of its numbers."""
    return f"{say.moments(span['period'])}, {say('in', unit=say.unit(span['usage'][0]['unit']))}"


def _register(one: Body, say: Words, *, stood: bool) -> Markup:
    stands = [one["opening"], one["closing"]] if stood else []
    why = say(one["why"]) if "why" in one else ""
    return _group(_name(one, say), [say.number(value) for value in (*stands, one["value"])], code=one["register"], why=why)


def _name(one: Body, say: Words) -> str:
    return say(one["direction"]) + (f", {say(one['tariff'])}" if "tariff" in one else "")


def _compared(body: Body, say: Words) -> Markup:
    before = body["year_before"]
    if "why" in before:
        return _section(say("compare"), Markup("<p>{}</p>").format(say(before["why"])))
    groups = [
        _group(say(now["direction"]), [say.number(value) for value in _change(now["value"], then["value"])])
        for now, then in zip(body["totals"], before["totals"], strict=True)
    ]
    whys = list(dict.fromkeys(one["why"] for one in before["usage"] if "why" in one))
    told = Markup("").join(Markup("<p>{}</p>").format(say(why)) for why in whys)
    return _section(say("compare"), _table(_caption(before, say), [say("now"), say("then"), say("changed")], groups) + told)


def _change(now: int | None, then: int | None) -> tuple[int | None, int | None, int | None]:
    return now, then, None if now is None or then is None else now - then


def _periods(body: Body, say: Words) -> Markup:
    """Return the drawing of all own periods, oldest first, its key, and the table that has every number."""
    spans = [*reversed(body["earlier"]), body]
    unit = body["usage"][0]["unit"]
    drawing = drawn([_bar(one, say) for one in spans], say("chart"), say("chart-says", unit=say.unit(unit)))
    groups = [
        _group(say.moments(one["period"]), [say.number(total["value"]) for total in one["totals"]]) for one in reversed(spans)
    ]
    names = [say(total["direction"]) for total in body["totals"]]
    return _section(say("periods"), drawing + _key(body["usage"], say) + _table(say("in", unit=say.unit(unit)), names, groups))


def _bar(one: Body, say: Words) -> Bar:
    up = [line["value"] for line in one["usage"] if line["direction"] == "consumption"]
    down = sum(line["value"] or 0 for line in one["usage"] if line["direction"] == "production")
    told = [f"{say(total['direction'])} {say.amount(total['value'], total['unit'])}" for total in one["totals"]]
    start = datetime.fromisoformat(one["period"]["start"]).astimezone(ZONE).date()
    known = None if None in up else tuple(up)
    return Bar(say.month(start), known, down, f"{say.moments(one['period'])}: {', '.join(told)}")


def _key(lines: Sequence[Body], say: Words) -> Markup:
    """Say which colour is what; a single register needs no key."""
    ups = [one for one in lines if one["direction"] == "consumption"]
    if len(lines) == 1:
        return Markup("")
    items = [Markup('<li class="up{}">{}</li>').format(nth, _name(one, say)) for nth, one in enumerate(ups)]
    return Markup('<ul class="key">{}<li class="down">{}</li></ul>').format(Markup("").join(items), say("production"))


def _notes(body: Body, say: Words) -> Markup:
    since = say.day(day_of(datetime.fromisoformat(body["own_since"])))
    taken = [datetime.fromisoformat(one["at"]) for one in body["readings"] if "read" in one]
    by_hand = [say("by-hand", day=say.day(day_of(moment))) for moment in taken]
    notes = [*by_hand, say("own", since=since), say("gas-counted" if body["product"] == "gas" else "tariffs"), say("costs")]
    return _section(say("notes"), Markup("").join(Markup("<p>{}</p>").format(note) for note in notes))


def _section(title: str, inner: Markup) -> Markup:
    return Markup("<section>\n<h2>{}</h2>\n{}\n</section>").format(title, inner)


def _table(caption: str, names: Sequence[str], groups: Sequence[Markup]) -> Markup:
    """Return a table. Where a line has several numbers, one of its own above names them: that has room on the smallest screen."""
    blank = Markup("<td></td>") if len(names) == 1 else Markup("")
    heads = blank + Markup("").join(Markup('<th scope="col">{}</th>').format(name) for name in names)
    return Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead>{}</table>").format(
        caption, heads, Markup("").join(groups)
    )


def _group(title: str, values: Sequence[str], *, code: str = "", why: str = "") -> Markup:
    """Return what numbers are called, and them; an empty one is no number."""
    more = Markup(' <span class="code">{}</span>').format(code) if code else Markup("")
    more += Markup('<span class="why">{}</span>').format(why) if why else Markup("")
    cells = Markup("").join(Markup("<td>{}</td>").format(value) for value in values)
    if len(values) == 1:
        return Markup('<tbody><tr><th scope="row">{}{}</th>{}</tr></tbody>').format(title, more, cells)
    return Markup('<tbody><tr><th scope="rowgroup" colspan="{}">{}{}</th></tr><tr>{}</tr></tbody>').format(
        len(values), title, more, cells
    )
