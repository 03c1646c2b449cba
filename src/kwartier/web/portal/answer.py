"""From a request to a page: language, session, form and its token; and every failure to a page that says what to do.

KwartierError
+-- PortalError
    +-- Unclear        the address or form has a value that cannot be; whoever made the request erred
    +-- FormExpired    the form does not belong to this visit: it is old, or was made elsewhere; nothing was changed
    +-- SignInFirst    the page is for somebody, and nobody has signed in
    +-- NothingLeft    a permission was narrowed until nothing of it was left; nothing was changed
    +-- NoSuchLastDay  a permission cannot last until the day that was chosen; nothing was changed
    +-- NotThereNow    the connection is of another time of whoever asks: nothing can be said of it now; nothing was changed
"""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from kwartier.model.errors import KwartierError
from kwartier.web.portal.desk import Desk
from kwartier.web.portal.session import Session
from kwartier.web.portal.show_problem import problem
from kwartier.web.portal.words import LANGUAGES, Words, best

SEE_OTHER, BAD_REQUEST, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_EARLY = 303, 400, 403, 404, 409, 425
LONGEST_FORM = 4096
"""Bytes. The forms of these pages hold a token, a number and a few lines of text."""

Form = Mapping[str, str]
Page = Callable[[Desk, Request, Session, Form], Response]


class PortalError(KwartierError):
    """A request to the portal cannot be answered as it was asked."""

    code = "portal"


class Unclear(PortalError):
    """A value that cannot be."""

    code = "unclear"


class FormExpired(PortalError):
    """A form of another visit."""

    code = "form-expired"


class SignInFirst(PortalError):
    """Nobody has signed in."""

    code = "sign-in-first"


class NothingLeft(PortalError):
    """Every kind of values, or all of the time, was left out."""

    code = "nothing-left"


class NoSuchLastDay(PortalError):
    """A last day before the permission begins, or after the last of all."""

    code = "no-such-last-day"


class NotThereNow(PortalError):
    """A connection of one's own, at another time."""

    code = "not-there-now"


def answered(page: Page) -> Callable[[Request], Awaitable[Response]]:
    """Run a page in a thread, its form read and its token checked; workflows are synchronous."""

    async def answer(request: Request) -> Response:
        if request.path_params["language"] not in LANGUAGES:
            raise HTTPException(NOT_FOUND)
        desk: Desk = request.app.state.desk
        session = desk.sessions.read(request)
        form: Form = request.query_params
        if request.method == "POST":
            form = await _posted(request)
            if not desk.sessions.genuine(session, form.get("csrf", "")):
                raise FormExpired
        return await run_in_threadpool(page, desk, request, session, form)

    return answer


async def _posted(request: Request) -> Form:
    """Read a posted form, which is small. Raises Unclear."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            raise Unclear
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict"))
    except ValueError:
        raise Unclear from None


_CODES: Mapping[str, tuple[int, str]] = {
    "unclear": (BAD_REQUEST, "400"),
    "nothing-left": (BAD_REQUEST, "nothing-left"),
    "no-such-last-day": (BAD_REQUEST, "no-such-last-day"),
    "form-expired": (FORBIDDEN, "form-expired"),
    "sign-in-first": (FORBIDDEN, "sign-in-first"),
    "no-such-person": (FORBIDDEN, "sign-in-first"),
    "not-yours": (NOT_FOUND, "404"),
    "not-there-now": (CONFLICT, "not-there-now"),
    "no-such-permission": (NOT_FOUND, "no-such-permission"),
    "has-ended": (NOT_FOUND, "no-such-permission"),
    "not-your-meter": (NOT_FOUND, "404"),
    "not-your-connection": (NOT_FOUND, "404"),
    "no-such-time": (BAD_REQUEST, "no-such-time"),
    "was-read": (CONFLICT, "was-read"),
    "implausible": (CONFLICT, "implausible"),
    "already-taken": (CONFLICT, "implausible"),
    "nothing-to-change": (BAD_REQUEST, "400"),
    "already-restricted": (BAD_REQUEST, "400"),  # the same word was said twice at the same moment
    "no-such-request": (NOT_FOUND, "no-such-request"),
    "already-answered": (CONFLICT, "no-such-request"),
    "no-longer-holds": (CONFLICT, "no-longer-holds"),
    "already-permitted": (CONFLICT, "no-longer-holds"),
    "granted-elsewhere": (FORBIDDEN, "granted-elsewhere"),
    "not-yet": (TOO_EARLY, "not-yet"),
    "no-such-right": (NOT_FOUND, "404"),
    "cannot-be-asked": (BAD_REQUEST, "400"),
    "words-missing": (BAD_REQUEST, "words-missing"),
    "already-asked": (CONFLICT, "already-asked"),
    "right-ended": (CONFLICT, "right-ended"),
}
"""Which status an error of ours has, and by which words it is told; any other is our own fault."""


async def _http_problem(request: Request, fault: Exception) -> Response:
    status, headers = 500, None
    if isinstance(fault, HTTPException):
        status, headers = fault.status_code, fault.headers
    response = await run_in_threadpool(_problem, request, status, str(status))
    response.headers.update(headers or {})
    return response


async def _own_problem(request: Request, fault: Exception) -> Response:
    known = _CODES.get(fault.code) if isinstance(fault, KwartierError) else None
    return await run_in_threadpool(_problem, request, *(known or (500, "500")))


def _problem(request: Request, status: int, code: str) -> Response:
    desk: Desk = request.app.state.desk
    first = request.url.path.split("/")[1]
    language = first if first in LANGUAGES else best(request.headers.get("accept-language"))
    request.scope["path_params"] = {"language": language}
    session = desk.sessions.read(request)
    return desk.page(request, session, "problem.html", status, problem=problem(Words(language), code))


def problem_handlers() -> Mapping[type[Exception] | int, Callable[[Request, Exception], Awaitable[Response]]]:
    """Return how every failure is told: what happened and what to do, never how it is built inside."""
    return {HTTPException: _http_problem, KwartierError: _own_problem, 500: _http_problem}
