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
th,td{padding:.35rem .5rem .35rem 0;text-align:start;vertical-align:top;border-block-end:1px solid var(--line)}
th:not(:first-child),td{text-align:end;padding-inline:.5rem 0}tbody th{font-weight:400}tr.sum>*{font-weight:700}
caption{text-align:start;color:var(--muted);font-size:.9375rem}
.why{display:block;color:var(--muted);font-size:.9375rem;font-weight:400}.muted{color:var(--muted)}
.bars{display:block;inline-size:100%;overflow:visible}.bars line{stroke:var(--muted)}
.bars text{font-size:.875rem;fill:var(--muted)}.bars .up0{fill:var(--up0)}.bars .up1{fill:var(--up1)}.bars .down{fill:var(--down)}
.bars .gap{fill:var(--gap);fill-opacity:.25}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;padding:0;margin:.5rem 0 1rem}
.key li::before{content:"";display:inline-block;inline-size:.8em;block-size:.8em;margin-inline-end:.45em;background:var(--up0)}
.key .up1::before{background:var(--up1)}.key .down::before{background:var(--down)}
@media (max-width:36rem){dl{grid-template-columns:1fr}dd{margin-block-end:.35rem}.bars .other{display:none}table{font-size:.9375rem}
.stood{display:none}}
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
    rows = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(*fact) for fact in facts)
    return Markup("<dl>{}</dl>").format(rows)


def _used(body: Body, say: Words) -> Markup:
    stood = "opening" in body["usage"][0]
    names = [say("register"), *((say("opening"), say("closing")) if stood else ()), say("amount")]
    rows = [_register(one, say, stood=stood) for one in body["usage"]]
    if len(body["usage"]) > 1:
        rows += [_sum(one, say, columns=len(names)) for one in body["totals"]]
    return _section(say("used"), _table(say.moments(body["period"]), names, rows))


def _register(one: Body, say: Words, *, stood: bool) -> Markup:
    why = Markup('<span class="why">{}</span>').format(say(one["why"])) if "why" in one else ""
    head = Markup('<th scope="row">{} <span class="muted">{}</span>{}</th>').format(_name(one, say), one["register"], why)
    stands = [one["opening"], one["closing"]] if stood else []
    return _row(head, [*(say.amount(value, one["unit"]) for value in stands), say.amount(one["value"], one["unit"])])


def _sum(one: Body, say: Words, *, columns: int) -> Markup:
    return Markup('<tr class="sum"><th scope="row">{} {}</th>{}<td>{}</td></tr>').format(
        say("total"), say(one["direction"]).lower(), Markup("<td></td>") * (columns - 2), say.amount(one["value"], one["unit"])
    )


def _name(one: Body, say: Words) -> str:
    return say(one["direction"]) + (f", {say(one['tariff'])}" if "tariff" in one else "")


def _compared(body: Body, say: Words) -> Markup:
    before = body["year_before"]
    if "why" in before:
        return _section(say("compare"), Markup("<p>{}</p>").format(say(before["why"])))
    rows = [
        _row(Markup('<th scope="row">{}</th>').format(say(now["direction"])), _change(now, then, say))
        for now, then in zip(body["totals"], before["totals"], strict=True)
    ]
    whys = list(dict.fromkeys(one["why"] for one in before["usage"] if "why" in one))
    told = Markup("").join(Markup("<p>{}</p>").format(say(why)) for why in whys)
    names = ["", say("now"), say("then"), say("changed")]
    return _section(say("compare"), _table(say.moments(before["period"]), names, rows) + told)


def _change(now: Body, then: Body, say: Words) -> list[str]:
    change = None if None in (now["value"], then["value"]) else now["value"] - then["value"]
    return [say.amount(value, now["unit"]) for value in (now["value"], then["value"], change)]


def _periods(body: Body, say: Words) -> Markup:
    """Return the drawing of all own periods, oldest first, its key, and the table that has every number."""
    spans = [*reversed(body["earlier"]), body]
    unit = body["usage"][0]["unit"]
    drawing = drawn([_bar(one, say) for one in spans], say("chart"), say("chart-says", unit=say.unit(unit)))
    rows = [
        _row(
            Markup('<th scope="row">{}</th>').format(say.moments(one["period"])),
            [say.amount(total["value"], total["unit"]) for total in one["totals"]],
        )
        for one in reversed(spans)
    ]
    names = [say("period"), *(say(total["direction"]) for total in body["totals"])]
    return _section(say("periods"), drawing + _key(body["usage"], say) + _table(say("chart"), names, rows))


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
    notes = [say("own", since=since), say("gas-counted" if body["product"] == "gas" else "tariffs"), say("costs")]
    return _section(say("notes"), Markup("").join(Markup("<p>{}</p>").format(note) for note in notes))


def _section(title: str, inner: Markup) -> Markup:
    return Markup("<section>\n<h2>{}</h2>\n{}\n</section>").format(title, inner)


def _table(caption: str, names: Sequence[str], rows: Sequence[Markup]) -> Markup:
    head = Markup('<th scope="col">{}</th>')
    heads = Markup("").join(head.format(name) if name else Markup("<td></td>") for name in names)
    return Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(
        caption, heads, Markup("").join(rows)
    )


def _row(head: Markup, values: Sequence[str]) -> Markup:
    return Markup("<tr>{}{}</tr>").format(head, Markup("").join(Markup("<td>{}</td>").format(value) for value in values))
