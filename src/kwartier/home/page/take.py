"""What a visitor takes away: CSV, made while it is sent."""

from collections.abc import Iterator
from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from kwartier.home import export, overview
from kwartier.home.page.desk import Desk, desk

KINDS = ("intervals", "days", "readings")
MOST_DAYS = 3700


def csv(request: Request) -> Response:
    """GET /csv/KIND?from=YYYY-MM-DD&to=YYYY-MM-DD; without them all that is known."""
    kind = request.path_params["kind"]
    if kind not in KINDS:
        raise HTTPException(404)
    here = desk(request)
    first, last = _asked(here, request.query_params.get("from"), request.query_params.get("to"))
    name = f"kwartier-{kind}-{first.isoformat()}-{last.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_rows(here, kind, first, last), media_type="text/csv; charset=utf-8", headers=headers)


def _rows(here: Desk, kind: str, first: date, last: date) -> Iterator[str]:
    with here.history() as history:
        if kind == "intervals":
            yield from export.intervals(history, here.live.state, first, last)
        elif kind == "days":
            yield export.days(overview.days(history, here.live.state, first, last))
        else:
            yield export.readings(history, first, last)


def _asked(here: Desk, begin: str | None, end: str | None) -> tuple[date, date]:
    with here.history() as history:
        known = history.span() or (here.today(), here.today())
    try:
        first = date.fromisoformat(begin) if begin else known[0]
        last = date.fromisoformat(end) if end else max(known[1], here.today())
    except ValueError as fault:
        raise HTTPException(400) from fault
    if not 0 <= (last - first).days <= MOST_DAYS:
        raise HTTPException(400)
    return first, last
