"""Art. 20: what a person provided, and what rests on consent or contract, in a form that another program reads.

What the law asks for is not carried along (supplier's readings, the operator's own task): it is named, and access gives it. To who
never consented to anything it is refused: the operator has no contract with a person on which it reads.
"""

import csv
import io
import json
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from kwartier.grounds import conduct, rights
from kwartier.grounds.rights import Base, Right, Why
from kwartier.grounds.rule import Condition
from kwartier.store.registry import names, people
from kwartier.workflows import inquiry
from kwartier.workflows.inquiry import Download
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import access, own, register
from kwartier.workflows.rights.errors import NoSuchRequest
from kwartier.workflows.visits import looks

FORMAT: Final = "kwartier/portability/1"
FORMS: Final = ("json", "csv")
_LEFT_OUT: Final = {
    Why.NOT_PORTABLE: "it rests on a legal duty or a public task (GDPR art. 20(1)(a), 20(3)); access gives it",
    Why.NOTHING_GIVEN: "it would rest on your consent, and you gave none of this kind (GDPR art. 20(1)(a))",
}
_PERMISSION: Final = (
    "permission",
    "metering_point",
    "party",
    "product",
    "channels",
    "purpose",
    "data_from",
    "data_to",
    "from",
    "to",
    "ended",
    "ended_at",
)


def consented() -> int:
    """Return the bits of the rules that rest on consent: a reading that one of them asked for was provided by the person."""
    rules = {rule.no for edition in conduct.EDITIONS for rule in edition.grants if rights.base(rule) is Base.CONSENT}
    return sum(1 << number for number in rules)


def document(house: Installation, subject: int, request: int, *, at: datetime) -> dict[str, Any]:
    """Return the document that answers a request for portability, as of now. Raises NoSuchRequest."""
    access.ready(house, subject, request, Right.PORTABILITY)
    with house.operator() as c:
        me, given = names.person(c, key=subject), register.consented(c, subject)
    assert me is not None  # noqa: S101 - who asked is in the registry
    stays = own.stays(house, subject).values()
    return {
        "format": FORMAT,
        "created": access.plain(at),
        "request": request,
        "person": {"code": me.code, "name": house.name_of(me)},
        "permissions": [access.permission(one, stays) for one in inquiry.who_may(house, subject, at=at).permissions],
        "readings": [one for stay in stays for one in own.readings(house, subject, stay, at=at, basis=consented())],
        "left_out": left_out(at, given),
    }


def left_out(at: datetime, consented: Collection[Condition]) -> list[dict[str, str]]:
    """Return what is not carried along, by rule, and why."""
    reached = rights.reach(Right.PORTABILITY, conduct.edition_at(at).grants, consented)
    return [{"rule": one.rule, "why": _LEFT_OUT[one.why]} for one in reached if not one.done]


def download(house: Installation, subject: int, request: int, form: str, *, at: datetime) -> Download:
    """Return it as one JSON file, or as CSV files in a zip. Raises NoSuchRequest."""
    found = document(house, subject, request, at=at)
    if form == "json":
        return Download("kwartier-portability.json", "application/json", _json(found))
    sheets = [
        ("person.csv", _sheet(("code", "name"), [found["person"]])),
        ("permissions.csv", _sheet(_PERMISSION, [_flat(one) for one in found["permissions"]])),
        ("left_out.csv", _sheet(("rule", "why"), found["left_out"])),
        *_readings(house, subject, at),
    ]
    return Download("kwartier-portability.zip", "application/zip", _zipped(sheets))


def file(house: Installation, subject: int, request: int, form: str, *, at: datetime) -> Download:
    """Return the answer to a request for access (JSON) or portability (JSON, CSV) as a file. Raises NoSuchRequest."""
    one = next((each for each in register.mine(house, subject) if each.id == request), None)
    if one is not None and one.right is Right.ACCESS and form == "json":
        return Download("kwartier-access.json", "application/json", _json(access.document(house, subject, request, at=at)))
    if form not in FORMS:
        msg = "there is no such form"
        raise NoSuchRequest(msg)
    return download(house, subject, request, form, at=at)


def for_post(house: Installation, request: int, form: str, *, at: datetime) -> Download:
    """Return the same to one of the operator's people, for who asked by letter; the person's log says so. Raises NoSuchRequest."""
    subject = register.request(house, request).subject
    found = file(house, subject, request, form, at=at)
    with house.operator() as c:
        homes = {one.connection for one in people.occupancies(c, subject)}
        looks.of_person(house, c, subject, homes, "document", now=at)
    return found


def _json(found: Mapping[str, Any]) -> bytes:
    return (json.dumps(found, ensure_ascii=False, indent=1) + "\n").encode()


def _readings(house: Installation, subject: int, at: datetime) -> Iterator[tuple[str, bytes]]:
    number = 0
    for stay in own.stays(house, subject).values():
        for one in own.files(house, subject, stay, "csv", at=at, basis=consented()):
            number += 1
            yield f"readings-{number}.csv", one.body


def _flat(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "channels": "|".join(one["channels"]),
        "data_from": one["about"]["from"],
        "data_to": one["about"]["to"],
        "from": one["given"],
        "to": one["until"],
    }


def _sheet(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    out = io.StringIO()
    table = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode()


def _zipped(sheets: Sequence[tuple[str, bytes]]) -> bytes:
    """Pack files so that the same content gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        for name, body in sheets:
            box.writestr(zipfile.ZipInfo(name), body)
    return out.getvalue()
