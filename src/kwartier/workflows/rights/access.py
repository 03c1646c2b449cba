"""Art. 15: one document with everything held about a person, at the own connections, in the own time.

What it leaves out it names, with the reason. Readings come by way of the same decision as every download (rule C1).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from kwartier.grounds import conduct, rights
from kwartier.grounds.holdings import HOLDINGS, Holding, kept
from kwartier.grounds.rights import Right
from kwartier.model.ean import Ean
from kwartier.model.period import ZONE, Period, from_epoch_s
from kwartier.model.register import channels_of
from kwartier.store.registry import breaches, holdings, names, people
from kwartier.store.registry.holdings import Stay
from kwartier.store.registry.names import Own
from kwartier.store.registry.rights import RightRequest
from kwartier.workflows import inquiry
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import own, register
from kwartier.workflows.rights.errors import NoSuchRequest

FORMAT: Final = "kwartier/access/1"
LEFT_OUT: Final = (
    ("meter_keys", "keys of the meter: whoever has them can pretend to be its reader (art. 15(4), 32)"),
    ("meter_address", "where the meter answers in the operator's network: for the same reason"),
    ("put_aside_values", "values that validation doubts are listed with the doubt; ask, and they are given as they came"),
    ("person_key", "the key under which your name is sealed: whoever has it can open what a backup holds (art. 32)"),
    ("staff", "who of the operator's people looked, and why: the log names the role; an auditor can have the name (art. 15(4))"),
    ("copies", "documents and papers in the boxes of receivers: they are made of the readings above"),
    ("imports", "rows of an import that could not be taken are kept as they came, tied to nobody"),
    ("others", "whatever is about who lived there before or after you"),
)


def document(house: Installation, subject: int, request: int, *, at: datetime, readings: bool = True) -> dict[str, Any]:
    """Return the document that answers a request for access, as of now. Raises NoSuchRequest, also for one of another right.

    Without `readings` the values stay out, for a page that shows them elsewhere.
    """
    ready(house, subject, request, Right.ACCESS)
    with house.operator() as c:
        me, since = names.person(c, key=subject), people.recorded(c, subject)
        held = holdings.of_person(c, subject)
        touched = breaches.of_subject(c, subject)
        gone = holdings.taken_out(c, subject)
    assert me is not None  # noqa: S101 - who asked is in the registry
    stays = own.stays(house, subject)
    who = inquiry.who_may(house, subject, at=at)
    return {
        "format": FORMAT,
        "created": plain(at),
        "request": request,
        "person": {"code": me.code, "name": house.name_of(me), "recorded": plain(since)},
        "connections": [
            _stay(one, held.get(key)) | (_values(house, subject, one, at) if readings else {}) for key, one in stays.items()
        ],
        "stays_taken_out": [_taken_out(row) for row in gone],
        "permissions": [permission(one, stays.values()) for one in who.permissions],
        "requests": [_request(one) for one in register.mine(house, subject)],
        "breaches": [plain(one._asdict()) for one in touched],
        "log": [_line(one) for one in inquiry.every_line(house, subject)],
        "purposes": _purposes(who, at),
        "held": [_holding(one, at) for one in HOLDINGS],
        "rights": {str(right): article for right, article in rights.ARTICLES.items()},
        "complaint": "GDPR art. 77: the data protection authority (in the Netherlands the Autoriteit Persoonsgegevens)",
        "automated_decisions": "none about you (GDPR art. 22); grounds are decided by the published code of conduct",
        "third_countries": "nothing goes outside the European Union",
        "left_out": [{"what": what, "why": why} for what, why in LEFT_OUT],
    }


def ready(house: Installation, subject: int, request: int, right: Right) -> None:
    """Look whether this is the person's own request for this right, and answered. Raises NoSuchRequest."""
    found = next((one for one in register.mine(house, subject) if one.id == request), None)
    if found is None or found.right is not right or found.state != "answered":
        msg = "there is no such request of this person"
        raise NoSuchRequest(msg)


def _values(house: Installation, subject: int, one: Own, at: datetime) -> dict[str, Any]:
    """Return the readings of a stay, and what those that were put right said before."""
    return {
        "readings": own.readings(house, subject, one, at=at),
        "readings_before_corrections": own.before_corrections(house, one, at=at),
    }


def _stay(one: Own, held: Stay | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "metering_point": one.ean.reveal(),
        "product": str(one.product),
        **plain(one.mine),
    }
    for name, rows in (held.holds if held is not None else {}).items():
        found[name] = [_row(row) for row in rows]
    return found


def _taken_out(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stay that was taken out, because it was wrong: what was believed, and until when."""
    ean: Ean = row["ean"]
    return {"metering_point": ean.reveal(), **plain(row["period"]), "known": plain(row["at"])}


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in row.items():
        if name in {"period", "wrong"}:
            told |= plain(value)
        elif name == "channels":
            told[name] = [channel.name.lower() for channel in channels_of(value)]
        elif name.endswith("_s"):
            told[name.removesuffix("_s")] = plain(from_epoch_s(value))
        else:
            told[name] = plain(value)
    return told


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever a document may hold
    """Return a value as JSON has it: moments in local time with their offset, a period as `from` and `to`."""
    if isinstance(value, datetime):
        return value.astimezone(ZONE).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Period):
        return {"from": plain(value.start), "to": None if value.end is None else plain(value.end)}
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value if isinstance(value, str | int | list | None) else str(value)


def permission(one: inquiry.MyPermission, stays: Iterable[Own]) -> dict[str, Any]:
    """Return a permission as the document has it; of one for a connection that turned out to be another's, without its code."""
    home = next((stay.ean for stay in stays if stay.key == one.connection), None)
    return {
        "permission": one.id,
        "metering_point": None if home is None else home.reveal(),
        "party": one.party,
        "product": str(one.product),
        "channels": [channel.name.lower() for channel in channels_of(one.mask)],
        "purpose": one.purpose,
        "about": plain(one.data),
        "given": plain(one.given),
        "until": plain(one.until),
        "ended": one.ended,
        "ended_at": plain(one.ended_at),
    }


def _request(one: RightRequest) -> dict[str, Any]:
    return {
        "request": one.id,
        "right": str(one.right),
        "about": one.about,
        "words": one.words,
        "asked": plain(one.asked),
        "due": plain(one.due),
        "events": [
            {"at": plain(each.at), "event": each.event, "because": each.because, "receipt": each.entry} for each in one.events
        ],
    }


def _line(one: inquiry.AccessLine) -> dict[str, Any]:
    return {
        "at": plain(one.at),
        "kind": one.kind,
        "product": None if one.product is None else str(one.product),
        "who": [str(each) for each in one.who],
        "purposes": list(one.purposes),
        "rules": list(one.rules),
        "outcome": one.outcome,
        "profile": one.profile,
        "period": plain(one.period),
        "entry": one.entry,
        "leaf": one.leaf,
        "in_the_name_of": "registered_then" if one.registered_then else None,
    }


def _purposes(who: inquiry.WhoMay, at: datetime) -> list[dict[str, Any]]:
    """Return on which rules somebody may know something of this person now: purpose, ground, recipient (art. 15(1)(a), (c))."""
    edition = conduct.edition_at(at)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in who.rows:
        rule = edition.rule(row.explanation.rule)
        found[rule.id, row.who] = {
            "rule": rule.id,
            "purpose": str(row.explanation.purpose),
            "recipient": row.who or str(row.explanation.requester.role),
            "basis": f"GDPR art. {rights.article(rule)}",
            "article": rule.article,
            "nl": rule.nl,
            "en": rule.en,
        }
    return list(found.values())


def _holding(one: Holding, at: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "nl": {"what": one.nl, "source": one.source_nl, "kept": kept(one, at, "nl")},
        "en": {"what": one.en, "source": one.source_en, "kept": kept(one, at, "en")},
        "article": one.article,
    }
