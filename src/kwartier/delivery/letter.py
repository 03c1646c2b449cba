"""A letter to a customer, as whoever prints and posts it gets it: to whom, and the same in Dutch and in English.

One is about a mandate that a party claims, for silence is an answer only to somebody who was told; the other about a permission
that is about to end. What is in it a customer sees on the own page too.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from kwartier.delivery.words import LANGUAGES, Words
from kwartier.model.period import ZONE, Period
from kwartier.model.register import CONSUMPTION_MASK, INTERVAL_MASK, Mask, Product

FORMAT: Final = "kwartier/letter/1"

_CLAIMED: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "nl": (
        "{party} zegt dat u toestemming gaf: klopt dat?",
        (
            (
                "{party} (code {code}) zegt dat u in de eigen app van {party} toestemming gaf voor meetgegevens van uw woning:"
                " {product}, aansluiting {ean}."
            ),
            "Waarvoor, in de woorden van {party}: {purpose}",
            "Welke gegevens: {what}, over de tijd {data}. De toestemming loopt van {live}.",
            "Zegt u niets, dan begint dit op {begins}. Tot dan wordt hiervoor niets uitgelezen en krijgt {party} niets.",
            (
                "Klopt het niet, of wilt u het niet? Zeg dan nee, zonder reden: {no}. Dan gebeurt er niets, en {party} kan dit niet"
                " nog eens namens u zeggen."
            ),
            "Ook daarna kunt u op elk moment nee zeggen, op dezelfde manier: dan stopt het meteen.",
        ),
    ),
    "en": (
        "{party} says that you gave it your permission: is that right?",
        (
            (
                "{party} (code {code}) says that you gave it your permission, in its own app, for metering data of your home:"
                " {product}, metering point {ean}."
            ),
            "What for, in the words of {party}: {purpose}",
            "Which data: {what}, about the time {data}. The permission runs {live}.",
            "If you say nothing, this begins on {begins}. Until then nothing is read for it and {party} gets nothing.",
            (
                "Is it not right, or do you not want it? Then say no, without a reason: {no}. Then nothing happens, and {party}"
                " cannot say this once more in your name."
            ),
            "Afterwards too you can say no at any time, in the same way: then it stops at once.",
        ),
    ),
}
_ENDING: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "nl": (
        "Uw toestemming aan {party} loopt af",
        (
            "U gaf {party} toestemming voor meetgegevens van uw woning: {product}, aansluiting {ean}.",
            "Waarvoor: {purpose}",
            "Welke gegevens: {what}, over de tijd {data}. De toestemming loopt van {live}.",
            "Zegt u niets, dan eindigt zij op {ends}. Wilt u dat zij doorloopt, verleng haar dan voor die tijd {page}.",
            "Wilt u nu al stoppen? Zeg dan nee, zonder reden: {no}.",
        ),
    ),
    "en": (
        "Your permission to {party} is about to end",
        (
            "You gave {party} your permission for metering data of your home: {product}, metering point {ean}.",
            "What for: {purpose}",
            "Which data: {what}, about the time {data}. The permission runs {live}.",
            "If you say nothing, it ends on {ends}. If you want it to go on, renew it before then {page}.",
            "Do you want to stop now? Then say no, without a reason: {no}.",
        ),
    ),
}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "nl": {
        "own page": "uw eigen pagina",
        "page": "op uw eigen pagina bij uw netbeheerder",
        "no": "in één stap {page}, of met een brief aan {to} waarin „nee” en {reference} staat",
        "operator": "uw netbeheerder",
        "quarter": "verbruik per kwartier",
        "hour": "verbruik per uur",
        "day": "meterstanden per dag",
        "and": " en ",
        "taken": "alleen wat u afneemt",
        "given": "alleen wat u teruglevert",
        "both": "wat u afneemt en teruglevert",
        "span": "{start} tot {end}",
        "open": "{start} en zolang de toestemming loopt",
        "moment": "{day} om {time} uur",
    },
    "en": {
        "own page": "your own page",
        "page": "on your own page at your grid operator",
        "no": 'in one step {page}, or by a letter to {to} that says "no" and {reference}',
        "operator": "your grid operator",
        "quarter": "usage per quarter of an hour",
        "hour": "usage per hour",
        "day": "meter readings per day",
        "and": " and ",
        "taken": "only what you take",
        "given": "only what you give back",
        "both": "what you take and give back",
        "span": "from {start} until {end}",
        "open": "from {start} and as long as the permission runs",
        "moment": "{day} at {time}",
    },
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a letter says. `claimed` True: of a mandate, which begins at `turns`; False: of a permission, which ends then.

    `name` is empty where none is known, `party` where it is the own page. `pages_at` and `letters_to` are where the operator is
    found; empty ones are described.
    """

    reference: str
    made: datetime
    claimed: bool
    name: str
    customer: str
    ean: str
    product: Product
    party: str
    party_code: str
    purpose: str
    mask: Mask
    data: Period
    live: Period
    turns: datetime
    pages_at: str = ""
    letters_to: str = ""


def document(one: Letter) -> bytes:
    """Return the letter: UTF-8 JSON on one line, the same for the same letter."""
    body = {
        "format": FORMAT,
        "reference": one.reference,
        "made": one.made.isoformat(),
        "to": {"name": one.name, "customer": one.customer, "metering_point": one.ean},
        "if_nothing_is_said": {"begins" if one.claimed else "ends": one.turns.isoformat()},
        **{language: _said(one, language) for language in LANGUAGES},
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _said(one: Letter, language: str) -> dict[str, object]:
    subject, lines = (_CLAIMED if one.claimed else _ENDING)[language]
    parts = _parts(one, language)
    return {"subject": subject.format(**parts), "text": [line.format(**parts) for line in lines]}


def _parts(one: Letter, language: str) -> dict[str, str]:
    words = _WORDS[language]
    page = words["page"] + (f" ({one.pages_at})" if one.pages_at else "")
    no = words["no"].format(page=page, to=one.letters_to or words["operator"], reference=one.reference)
    return {
        "party": one.party or words["own page"],
        "code": one.party_code,
        "product": Words(language)(one.product),
        "ean": one.ean,
        "purpose": one.purpose,
        "what": _what(one, language),
        "data": _span(one.data, language),
        "live": _span(one.live, language),
        "begins": _moment(one.turns, language),
        "ends": _moment(one.turns, language),
        "page": page,
        "no": no,
    }


def _what(one: Letter, language: str) -> str:
    """Say which data: how fine, and of electricity in which direction."""
    words = _WORDS[language]
    fine = "hour" if one.product is Product.GAS else "quarter"
    kinds = [words[name] for name, part in ((fine, INTERVAL_MASK), ("day", ~INTERVAL_MASK)) if one.mask & part]
    said = words["and"].join(kinds)
    if one.product is Product.GAS:
        return said
    taken, given = one.mask & CONSUMPTION_MASK, one.mask & ~CONSUMPTION_MASK
    return f"{said} ({words['both' if taken and given else 'taken' if taken else 'given']})"


def _span(period: Period, language: str) -> str:
    start = _moment(period.start, language)
    if period.end is None:
        return _WORDS[language]["open"].format(start=start)
    return _WORDS[language]["span"].format(start=start, end=_moment(period.end, language))


def _moment(moment: datetime, language: str) -> str:
    """Write a local moment; one at midnight is its day."""
    local = moment.astimezone(ZONE)
    day, time = Words(language).day(local.date()), f"{local:%H:%M}"
    return day if time == "00:00" else _WORDS[language]["moment"].format(day=day, time=time)
