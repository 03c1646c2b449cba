"""The words of what left: each is the one that parcel, rule and readings give, and there is no room for another.

Values are compared elsewhere. Here are the grounds that a document names (a row of the edition in force when it was decided, to the
word), units, marks of quality, how a register was read by hand, and why a usage is not told.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from kwartier.delivery.document import FORMAT
from kwartier.delivery.supplier import METHODS, marks
from kwartier.delivery.usage import Why, totals
from kwartier.grounds import conduct
from kwartier.model.errors import KwartierError
from kwartier.model.ground import Purpose, Role
from kwartier.model.period import Period
from kwartier.model.register import Product
from kwartier.store.registry.replay import Sent

Said = Mapping[str, Any]
ROUND: Final = timedelta(days=1)
"""How long before the last decision a document may have been made: a round takes minutes."""
QUALITIES: Final = frozenset({"missing", "sum-of-gap", "not-valid", "corrected", "valid"})
_ID: Final = re.compile(r"[0-9a-z-]{1,64}")
_HEADING: Final = frozenset({"format", "reference", "created", "metering_point", "product", "purpose"})
_DOCUMENT: Final = _HEADING | {"period", "grounds", "corrects", "series", "readings"}
_PAPER: Final = _HEADING | {"own_since", "replaces", "readings", "period", "usage", "totals", "year_before", "earlier"}
_SERIES: Final = frozenset({"register", "direction", "unit", "resolution", "start", "values", "quality"})
_GROUND: Final = frozenset({"permit", "rule", "edition", "sentence", "article", "purpose"})
_BY_HAND: Final = frozenset({"read", "by", "method"})
_READING: Final = frozenset({"register", "direction", "tariff", "unit", "at", "value", "quality"}) | _BY_HAND
_USED: Final = frozenset({"register", "direction", "tariff", "unit", "value", "why", "opening", "closing"})


def of_document(body: Said, one: Sent) -> bool:
    """True if a document says nothing in other words than its parcel gives."""
    try:
        return body.keys() <= _DOCUMENT and body["format"] == FORMAT and _document(body, one)
    except (KeyError, TypeError, ValueError, AttributeError, KwartierError):
        return False  # what cannot be read has no known words


def _document(body: Said, one: Sent) -> bool:
    made = datetime.fromisoformat(body["created"])
    (ground,) = body["grounds"]
    return (
        one.permit is not None
        and one.decided - ROUND <= made <= one.decided
        and _is_period(body["period"], one.period)
        and ground.keys() == _GROUND
        and ground["permit"] == one.permit.hex()
        and _is_ground(ground, one.receiver.role, one.purpose, one.decided)
        and _ids(body.get("corrects", ()))
        and all(_series(each, body["product"]) for each in body["series"])
        and all(_reading(each, body["product"], by_hand=one.purpose is Purpose.HAND_READING) for each in body["readings"])
    )


def of_paper(body: Said, purposes: Mapping[str, Purpose]) -> bool:
    """True if a supplier's paper says nothing in other words than its readings give; `purposes` are those of the parcels it names.

    Raises KeyError, TypeError, ValueError, AttributeError, KwartierError for what has not the form of a paper.
    """
    made = datetime.fromisoformat(body["created"])
    datetime.fromisoformat(body["own_since"])
    spans = [body, *body.get("earlier", ()), *([body["year_before"]] if "year_before" in body else ())]
    return (
        body.keys() <= _PAPER
        and _ids(body.get("replaces", ()))
        and all(_quoted(one, purposes[one["parcel"]], made) for one in body["readings"])
        and all(span.keys() <= {"period", "usage", "totals", "why"} for span in spans[1:])
        and all(_span(span, body["product"]) for span in spans)
    )


def _quoted(one: Said, purpose: Purpose, made: datetime) -> bool:
    """A reading that a paper rests on: on which ground it is used now, and how it was read if by hand."""
    by_hand = purpose is Purpose.HAND_READING
    return (
        one.keys() <= _GROUND | {"at", "parcel"} | (_BY_HAND if by_hand else set())
        and _ids([one["permit"]])
        and _is_ground(one, Role.SUPPLIER, purpose, made)
        and _how(one, by_hand=by_hand)
    )


def _span(span: Said, product: str) -> bool:
    if "why" in span:
        return span["why"] == Why.NOT_OWN and span.keys() == {"period", "why"}
    lines = span["usage"]
    told = all(
        one.keys() <= _USED and one["unit"] == _unit(product) and ("why" in one) is (one["value"] is None) and _why(one)
        for one in lines
    )
    return told and span["totals"] == totals(lines)


def _why(one: Said) -> bool:
    return "why" not in one or one["why"] in {*Why}


def _is_ground(ground: Said, role: Role, purpose: Purpose, at: datetime) -> bool:
    """True if this is the row of the edition in force then, in its words."""
    edition = conduct.edition_at(at)
    rule = edition.grant(role, purpose)
    return rule is not None and [ground[name] for name in ("rule", "edition", "sentence", "article", "purpose")] == [
        *(rule.id, edition.id, rule.sentence, rule.article),
        purpose,
    ]


def _is_period(said: Said, period: Period) -> bool:
    end = None if said["end"] is None else datetime.fromisoformat(said["end"])
    return said.keys() == {"start", "end"} and (datetime.fromisoformat(said["start"]), end) == (period.start, period.end)


def _series(one: Said, product: str) -> bool:
    qualities = one.get("quality", ["valid"] * len(one["values"]))
    gas = product == Product.GAS
    return (
        one.keys() <= _SERIES
        and (one["unit"], one["resolution"]) == (_unit(product), "PT1H" if gas else "PT15M")
        and QUALITIES.issuperset(qualities)
        and all((value is None) is (mark == "missing") for value, mark in zip(one["values"], qualities, strict=True))
    )


def _reading(one: Said, product: str, *, by_hand: bool) -> bool:
    mark = one.get("quality", "valid")
    return (
        one.keys() <= (_READING if by_hand else _READING - _BY_HAND)
        and one["unit"] == _unit(product)
        and mark in QUALITIES
        and (one["value"] is None) is (mark == "missing")
        and _how(one, by_hand=by_hand)
    )


def _how(one: Said, *, by_hand: bool) -> bool:
    """True if it says how it was read by hand in the market's words, and only if it was."""
    said = {name: one[name] for name in _BY_HAND & one.keys()}
    return said == marks(said["by"]) if by_hand and said.get("by") in METHODS else not (by_hand or said)


def _unit(product: str) -> str:
    return "dm3" if product == Product.GAS else "Wh"


def _ids(found: Iterable[object]) -> bool:
    return all(isinstance(one, str) and _ID.fullmatch(one) is not None for one in found)
