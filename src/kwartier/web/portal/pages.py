"""The addresses of the portal. One workflow call per question; what a page shows is formatted in show.py."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from kwartier.model.errors import KwartierError
from kwartier.web.portal import show, show_conduct
from kwartier.web.portal.desk import Desk
from kwartier.web.portal.session import Session
from kwartier.web.portal.words import LANGUAGES, Words, best
from kwartier.workflows import accounts, inquiry, permission

SEE_OTHER, BAD_REQUEST, FORBIDDEN, NOT_FOUND, TOO_EARLY = 303, 400, 403, 404, 425
LOG_LINES = 100

Page = Callable[[Desk, Request, Session, Mapping[str, str]], Response]


def routes() -> list[Route]:
    """Return every address of the portal."""
    return [
        Route("/", _root),
        Route("/{language}/", _page(_home)),
        Route("/{language}/sign-in", _page(_sign_in), methods=["POST"]),
        Route("/{language}/sign-out", _page(_sign_out), methods=["POST"]),
        Route("/{language}/mine", _page(_mine)),
        Route("/{language}/revoke", _page(_revoke), methods=["POST"]),
        Route("/{language}/download", _page(_download)),
        Route("/{language}/proof/{entry:int}", _page(_proof)),
        Route("/{language}/proof/{entry:int}/{leaf:int}", _page(_proof)),
        Route("/{language}/conduct", _page(_conduct)),
    ]


async def _root(request: Request) -> Response:
    return RedirectResponse(f"/{best(request.headers.get('accept-language'))}/", SEE_OTHER)


def _page(page: Page) -> Callable[[Request], Awaitable[Response]]:
    """Run a page in a thread, its form read and its token checked; workflows are synchronous."""

    async def answer(request: Request) -> Response:
        if request.path_params["language"] not in LANGUAGES:
            raise HTTPException(NOT_FOUND)
        desk: Desk = request.app.state.desk
        session = desk.sessions.read(request)
        form: Mapping[str, str] = request.query_params
        if request.method == "POST":
            form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
            if not desk.sessions.genuine(session, form.get("csrf", "")):
                raise HTTPException(FORBIDDEN)
        return await run_in_threadpool(page, desk, request, session, form)

    return answer


def _to(request: Request, place: str) -> Response:
    return RedirectResponse(f"/{request.path_params['language']}/{place}", SEE_OTHER)


def _home(desk: Desk, request: Request, session: Session, _: Mapping[str, str]) -> Response:
    if desk.account(session):
        return _to(request, "mine")
    personas = accounts.personas(desk.house) if desk.demo else []
    return desk.page(request, session, "sign_in.html", personas=personas)


def _sign_in(desk: Desk, request: Request, session: Session, form: Mapping[str, str]) -> Response:
    if not desk.demo:
        raise HTTPException(NOT_FOUND)
    account = accounts.persona_account(desk.house, form.get("persona", ""))
    response = _to(request, "mine")
    desk.sessions.write(response, Session(account.subject, session.nonce))
    return response


def _sign_out(desk: Desk, request: Request, session: Session, _: Mapping[str, str]) -> Response:
    response = _to(request, "")
    desk.sessions.write(response, Session(None, session.nonce))
    return response


def _signed_in(desk: Desk, session: Session) -> int:
    account = desk.account(session)
    if account is None:
        raise HTTPException(FORBIDDEN)
    return account.subject


def _day(form: Mapping[str, str], otherwise: date) -> date:
    try:
        return date.fromisoformat(form["day"])
    except KeyError:
        return otherwise
    except ValueError:
        raise HTTPException(BAD_REQUEST) from None


def _mine(desk: Desk, request: Request, session: Session, form: Mapping[str, str]) -> Response:
    if desk.account(session) is None:
        return _to(request, "")
    subject = _signed_in(desk, session)
    words = Words(request.path_params["language"])
    at = desk.clock()
    day = _day(form, desk.yesterday())
    mine = inquiry.connections(desk.house, subject)
    usage = [
        show.usage(words, number, inquiry.usage(desk.house, subject, one.key, day, at=at))
        for number, one in enumerate(mine)
        if show.lived_there(one, day)
    ]
    who = [show.who(words, row, one) for one in mine for row in inquiry.who_may(desk.house, subject, one.key, at=at)]
    log = [show.log_line(words, line) for line in inquiry.access_log(desk.house, subject, most=LOG_LINES)]
    notice = (
        words.text("The permission is revoked. No reading and no delivery starts on it any more.") if "revoked" in form else None
    )
    return desk.page(request, session, "mine.html", day=day, usage=usage, who=who, log=log, notice=notice)


def _revoke(desk: Desk, request: Request, session: Session, form: Mapping[str, str]) -> Response:
    subject = _signed_in(desk, session)
    try:
        chosen = int(form.get("permission", ""))
    except ValueError:
        raise HTTPException(BAD_REQUEST) from None
    permission.revoke(desk.house, subject, chosen, at=desk.clock())
    return _to(request, "mine?revoked=1#who")


def _file(found: inquiry.Download) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return Response(found.body, media_type=found.media_type, headers=headers)


def _download(desk: Desk, _: Request, session: Session, form: Mapping[str, str]) -> Response:
    subject = _signed_in(desk, session)
    mine = inquiry.connections(desk.house, subject)
    number = form.get("n", "0")
    if not number.isdecimal() or int(number) >= len(mine) or form.get("form") not in {"csv", "json"}:
        raise HTTPException(BAD_REQUEST)
    day = _day(form, desk.yesterday())
    key = mine[int(number)].key
    return _file(inquiry.download(desk.house, subject, key, day, day, form["form"], at=desk.clock()))


def _proof(desk: Desk, request: Request, session: Session, _: Mapping[str, str]) -> Response:
    subject = _signed_in(desk, session)
    return _file(inquiry.proof(desk.house, subject, request.path_params["entry"], request.path_params.get("leaf"), at=desk.clock()))


def _conduct(desk: Desk, request: Request, session: Session, _: Mapping[str, str]) -> Response:
    words = Words(request.path_params["language"])
    return desk.page(request, session, "conduct.html", editions=show_conduct.editions(words, inquiry.conduct()))


_STATUS: dict[str, int] = {
    "not-yours": NOT_FOUND,
    "no-such-person": FORBIDDEN,
    "no-such-permission": NOT_FOUND,
    "not-yet": TOO_EARLY,
}


async def _http_problem(request: Request, fault: Exception) -> Response:
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    return await run_in_threadpool(_problem, request, status)


async def _own_problem(request: Request, fault: Exception) -> Response:
    code = fault.code if isinstance(fault, KwartierError) else ""
    return await run_in_threadpool(_problem, request, _STATUS.get(code, 500))


def _problem(request: Request, status: int) -> Response:
    desk: Desk = request.app.state.desk
    language = request.path_params.get("language", "nl")
    request.scope.setdefault("path_params", {})["language"] = (
        language if language in LANGUAGES else best(request.headers.get("accept-language"))
    )
    words = Words(request.path_params["language"])
    title, what, todo = show.problem(words, status)
    return desk.page(request, desk.sessions.read(request), "problem.html", status, title=title, what=what, todo=todo)


def problem_handlers() -> Mapping[type[Exception] | int, Callable[[Request, Exception], Awaitable[Response]]]:
    """Return how every failure is told: what happened and what to do, never how it is built inside."""
    return {HTTPException: _http_problem, KwartierError: _own_problem, 500: _http_problem}
