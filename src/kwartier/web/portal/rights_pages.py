"""The addresses of "my rights": ask, see what became of it, take the answer away."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from kwartier.grounds.rights import Right
from kwartier.web.portal import show_data, show_rights
from kwartier.web.portal.answer import SEE_OTHER, Form, SignInFirst, Unclear, answered
from kwartier.web.portal.desk import Desk
from kwartier.web.portal.session import Session
from kwartier.web.portal.words import Words
from kwartier.workflows import rights

LONGEST_NUMBER = 12


def routes() -> list[Route]:
    """Return the addresses of this page and those behind it."""
    return [
        Route("/{language}/rights", answered(_rights)),
        Route("/{language}/rights/ask", answered(_offer), methods=["GET"]),
        Route("/{language}/rights/ask", answered(_ask), methods=["POST"]),
        Route("/{language}/rights/lift", answered(_lift), methods=["POST"]),
        Route("/{language}/rights/data", answered(_data)),
        Route("/{language}/rights/file", answered(_file)),
    ]


def _subject(desk: Desk, session: Session) -> int:
    account = desk.account(session)
    if account is None:
        raise SignInFirst
    return account.subject


def _to(request: Request, place: str) -> Response:
    return RedirectResponse(f"/{request.path_params['language']}/{place}", SEE_OTHER)


def _right(form: Form) -> Right:
    try:
        return Right(form.get("right", ""))
    except ValueError:
        raise Unclear from None


def _number(form: Form) -> int:
    text = form.get("request", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        raise Unclear
    return int(text)


def _rights(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    if desk.account(session) is None:
        return _to(request, "")
    subject, words, at = _subject(desk, session), Words(request.path_params["language"]), desk.clock()
    mine = rights.mine(desk.house, subject)
    return desk.page(
        request,
        session,
        "rights.html",
        offers=show_rights.offers(words, at, rights.objectionable(at)),
        asked=[show_rights.asked(words, one, at) for one in mine],
        breaches=[show_rights.breach(words, one) for one in rights.touched_me(desk.house, subject)],
        rules=show_rights.RULES,
        done=next((one.id for one in mine if str(one.id) == form.get("done")), None),
    )


def _offer(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    if desk.account(session) is None:
        return _to(request, "")
    words, at = Words(request.path_params["language"]), desk.clock()
    one = show_rights.offer(words, _right(form), at, rights.objectionable(at))
    return desk.page(request, session, "right.html", one=one, most=rights.MOST_WORDS)


def _ask(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    subject = _subject(desk, session)
    made = rights.ask(desk.house, subject, _right(form), about=form.get("about", ""), words=form.get("words", ""), at=desk.clock())
    return _to(request, "rights?" + urlencode({"done": made.id}) + "#asked")


def _lift(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    made = rights.lift(desk.house, _subject(desk, session), _number(form), at=desk.clock())
    return _to(request, "rights?" + urlencode({"done": made.id}) + "#asked")


def _data(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    if desk.account(session) is None:
        return _to(request, "")
    number, words = _number(form), Words(request.path_params["language"])
    found = rights.access_document(desk.house, _subject(desk, session), number, at=desk.clock(), readings=False)
    return desk.page(request, session, "data.html", tables=show_data.tables(words, found), number=number)


def _file(desk: Desk, _: Request, session: Session, form: Form) -> Response:
    subject, number = _subject(desk, session), _number(form)
    found = rights.file(desk.house, subject, number, form.get("form", ""), at=desk.clock())
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return Response(found.body, media_type=found.media_type, headers=headers)
