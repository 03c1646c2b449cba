"""What is the customer's own: everything held about the own period, to read and to take away (GDPR art. 15 and 20)."""

import csv
import io
from collections.abc import Sequence

from kwartier.delivery import document
from kwartier.delivery.errors import NotForReceiver
from kwartier.model.channel_day import ChannelDay
from kwartier.model.ground import Role

COLUMNS = ("metering_point", "register", "direction", "tariff", "start", "resolution", "value", "unit", "quality")


def _own(heading: document.Heading) -> None:
    if any(permit.request.requester.role is not Role.CUSTOMER for permit in heading.permits):
        msg = "this permit is not the customer's own"
        raise NotForReceiver(msg)


def download_json(heading: document.Heading, days: Sequence[ChannelDay]) -> bytes:
    """Return what is held as JSON, in the same form parties get. Raises NotForReceiver."""
    _own(heading)
    return document.document(heading, days, gaps=False)


def download_csv(heading: document.Heading, days: Sequence[ChannelDay]) -> bytes:
    """Return what is held as CSV (UTF-8, header line), one row per value. Raises NotForReceiver."""
    _own(heading)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    ean = heading.ean.reveal()
    mask = heading.mask
    held = document.content((d for d in days if mask >> d.channel & 1), heading.period)
    for one in held["series"]:
        marks = one.get("quality") or ["valid"] * len(one["values"])
        starts = document.starts(one)
        for start, value, mark in zip(starts, one["values"], marks, strict=True):
            table.writerow((ean, one["register"], one["direction"], "", start, one["resolution"], value, one["unit"], mark))
    for one in held["readings"]:
        what = (ean, one["register"], one["direction"], one.get("tariff", ""), one["at"], "")
        table.writerow((*what, one["value"], one["unit"], one.get("quality", "valid")))
    return out.getvalue().encode()
