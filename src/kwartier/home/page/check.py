"""Is the operator right? A file downloaded there is compared here, and forgotten: nothing of it is kept."""

from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response

from kwartier.home import compare, operator_file
from kwartier.home.compare import Compared, Comparison, Verdict
from kwartier.home.errors import BadFile
from kwartier.home.overview import Kind
from kwartier.home.page import show
from kwartier.home.page.desk import Desk, away, desk, page, words
from kwartier.home.page.show import DASH
from kwartier.home.page.words import Words

MOST_ROWS: Final = 500
_AROUND: Final = 100_000
"""What a form puts around a file, at the most."""
VERDICTS: Final = {
    Verdict.EQUAL: "equal",
    Verdict.DIFFERENT: "different",
    Verdict.UNSURE: "different, but one of the two is no exact measurement",
    Verdict.ONLY_HERE: "missing at the operator",
    Verdict.ONLY_THERE: "missing here",
    Verdict.IN_PART: "heard in part only",
}


def form(request: Request) -> Response:
    """GET /LANGUAGE/compare."""
    spoken = words(request)
    return away(request) if spoken is None else page(request, "compare.html", spoken, result=None, problem="")


async def result(request: Request) -> Response:
    """POST /LANGUAGE/compare, with the file."""
    spoken = words(request)
    if spoken is None:
        return away(request)
    try:
        _bounded(request)
        form = await request.form(max_files=1, max_fields=1)
    except (MultiPartException, HTTPException):
        return page(request, "compare.html", spoken, 400, result=None, problem=spoken.text("No file was chosen."))
    file = form.get("file")
    data = await file.read(operator_file.LARGEST + 1) if isinstance(file, UploadFile) else b""
    await form.close()
    if not data:
        return page(request, "compare.html", spoken, 400, result=None, problem=spoken.text("No file was chosen."))
    try:
        found = await run_in_threadpool(_compared, desk(request), data)
    except BadFile as fault:
        problem = spoken.text("This is not a file of quarter-hours as the operator gives it: {why}.", why=fault)
        return page(request, "compare.html", spoken, 400, result=None, problem=problem)
    return page(request, "compare.html", spoken, result=_told(spoken, found), problem="")


def _bounded(request: Request) -> None:
    """Refuse what is larger than any file before it is taken in. Raises HTTPException."""
    length = request.headers.get("content-length", "")
    if not length.isascii() or not length.isdigit() or int(length) > operator_file.LARGEST + _AROUND:
        raise HTTPException(400)


def _told(words: Words, found: Comparison) -> dict[str, Any]:
    counts = found.counts
    return {
        "verdict": words.text(_summary(found)),
        "is_right": found.is_right,
        "counts": [(words.text(VERDICTS[verdict]), words.number(counts[verdict])) for verdict in Verdict if counts.get(verdict)],
        "rows": [_row(words, each) for each in found.findings[:MOST_ROWS]],
        "more": words.number(max(0, len(found.findings) - MOST_ROWS)) if len(found.findings) > MOST_ROWS else "",
    }


def _summary(found: Comparison) -> str:
    counts = found.counts
    if not counts.keys() & {Verdict.EQUAL, Verdict.DIFFERENT, Verdict.UNSURE}:
        return "The file and this home have nothing in common that can be compared."
    if not found.is_right:
        return "The operator's file differs from what your meter said here."
    return "The operator's file agrees with what your meter said here."


def _row(words: Words, each: Compared) -> dict[str, str]:
    difference = each.difference
    return {
        "start": words.moment(each.start)[:-3],
        "end": words.exact_clock(each.end),
        "kind": words.text(show.NAMES[each.kind]),
        "unit": "dm³" if each.kind is Kind.GAS else "Wh",
        "here": DASH if each.here is None else words.number(each.here),
        "there": DASH if each.there is None else words.number(each.there),
        "difference": DASH if difference is None else ("+" if difference > 0 else "") + words.number(difference),
        "verdict": words.text(VERDICTS[each.verdict]),
    }


def _compared(here: Desk, data: bytes) -> Comparison:
    file = operator_file.parse(data)
    with here.history() as history:
        return compare.compare(history.intervals(*compare.reach(file)), file)
