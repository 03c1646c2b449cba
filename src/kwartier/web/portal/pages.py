"""The addresses of the portal. One workflow call per question; what a page shows is formatted in show_*.py."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from kwartier.model.errors import BadInput
from kwartier.model.period import day_of, utc
from kwartier.web.portal import (
    own,
    pages_refusal,
    pages_requests,
    rights_pages,
    show_conduct,
    show_log,
    show_manual,
    show_refusal,
    show_requests,
    show_usage,
    show_who,
)
from kwartier.web.portal.answer import NOT_FOUND, SEE_OTHER, Form, SignInFirst, Unclear, answered
from kwartier.web.portal.desk import Desk
from kwartier.web.portal.manual.models import manuals
from kwartier.web.portal.phrases import last_day
from kwartier.web.portal.session import Session
from kwartier.web.portal.words import Words, best
from kwartier.workflows import accounts, inquiry, permission, refusal
from kwartier.workflows.permission import asked

NEWEST, PER_PAGE = 8, 50
FIRST_DAY = date(2000, 1, 1)


def routes() -> list[Route]:
    """Return every address of the portal."""
    return [
        Route("/", _root),
        Route("/{language}/", answered(_home)),
        Route("/{language}/sign-in", answered(_sign_in), methods=["POST"]),
        Route("/{language}/sign-out", answered(_sign_out), methods=["POST"]),
        Route("/{language}/mine", answered(_mine)),
        Route("/{language}/log", answered(_log)),
        Route("/{language}/revoke", answered(_ask_revoke), methods=["GET"]),
        Route("/{language}/revoke", answered(_revoke), methods=["POST"]),
        Route("/{language}/opt-in", answered(_ask_opt_in), methods=["GET"]),
        Route("/{language}/opt-in", answered(_opt_in), methods=["POST"]),
        *pages_refusal.routes(),
        *pages_requests.routes(),
        Route("/{language}/download", answered(_download)),
        Route("/{language}/proof/{entry:int}", answered(_proof)),
        Route("/{language}/proof/{entry:int}/{leaf:int}", answered(_proof)),
        Route("/{language}/conduct", answered(_conduct)),
        Route("/{language}/manual", answered(_manuals)),
        Route("/{language}/manual/{model}", answered(_manual)),
        Route("/{language}/log-key", answered(_log_key)),
        *rights_pages.routes(),
    ]


async def _root(request: Request) -> Response:
    return RedirectResponse(f"/{best(request.headers.get('accept-language'))}/", SEE_OTHER)


def _to(request: Request, place: str) -> Response:
    return RedirectResponse(f"/{request.path_params['language']}/{place}", SEE_OTHER)


def _words(request: Request) -> Words:
    return Words(request.path_params["language"])


# Coming and going


def _home(desk: Desk, request: Request, session: Session, _: Form) -> Response:
    if desk.account(session):
        return _to(request, "mine")
    personas = accounts.personas(desk.house) if desk.demo else []
    return desk.page(request, session, "sign_in.html", personas=personas)


def _sign_in(desk: Desk, request: Request, _: Session, form: Form) -> Response:
    if not desk.demo:
        raise SignInFirst
    account = accounts.persona_account(desk.house, form.get("persona", ""))
    return desk.renewed(_to(request, "mine"), account.subject)


def _sign_out(desk: Desk, request: Request, _: Session, __: Form) -> Response:
    return desk.renewed(_to(request, ""), None)


def _signed_in(desk: Desk, session: Session) -> int:
    account = desk.account(session)
    if account is None:
        raise SignInFirst
    return account.subject


# The customer's own page


def _mine(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    account, words, at = desk.account(session), _words(request), desk.clock()
    if account is None:
        return _to(request, "")
    subject = account.subject
    mine = inquiry.connections(desk.house, subject)
    digits = show_usage.digits(mine)
    chosen = _day(form, day_of(at))
    day = chosen or _last_day(desk, mine)
    there = [(number, one) for number, one in enumerate(mine) if show_usage.lived_there(one, day)]
    found = inquiry.who_may(desk.house, subject, at=at)
    offered = {one.key for one in show_who.may_ask(found, mine, at)}
    usage = [
        show_usage.usage(words, number, inquiry.usage(desk.house, subject, one.key, day, at=at), offered=one.key in offered)
        for number, one in there
    ]
    lines = inquiry.every_line(desk.house, subject)
    revoked = next((one for one in found.permissions if str(one.id) == form.get("revoked") and one.ended == "revoked"), None)
    return desk.page(
        request,
        session,
        "mine.html",
        day=day,
        before=_neighbour(day, -1),
        after=_neighbour(day, 1) if day < desk.yesterday() else None,
        latest=desk.yesterday(),
        note=show_usage.note(words, mine, desk.yesterday()) if chosen is None and mine and day < desk.yesterday() else "",
        usage=usage,
        stays=[show_usage.stay(words, one) for one in mine] if not usage else [],
        who=show_who.who(words, found, mine, at),
        given=_given(found.permissions, form),
        meters=show_refusal.meters(words, refusal.meters(desk.house, subject, at=at)),
        readings=show_refusal.readings(words, refusal.counters(desk.house, subject, at=at)),
        chosen=pages_refusal.said(desk, words, subject, form),
        wanted=show_requests.wanted(words, asked.waiting(desk.house, subject, at=at), digits, at),
        asked_before=show_requests.past(words, asked.past(desk.house, subject, at=at), digits),
        ending=show_requests.ending(words, found.permissions, digits, at),
        answered=pages_requests.said(desk, words, subject, found.permissions, form),
        log=show_log.newest(words, show_log.of_others(lines), NEWEST),
        revoked=revoked and show_who.revoked(words, revoked, found.permissions),
    )


def _given(permissions: Sequence[inquiry.MyPermission], form: Form) -> bool:
    """Tell whether the opt-in that an address names was given, and has effect."""
    return any(
        str(one.id) == form.get("given") and one.party is None and one.ended is None and one.idle is None for one in permissions
    )


def _day(form: Form, today: date) -> date | None:
    """Read which day is asked for. Raises Unclear, also for one before any smart meter or still to come."""
    try:
        day = date.fromisoformat(form["day"])
    except KeyError:
        return None
    except ValueError:
        raise Unclear from None
    if not FIRST_DAY <= day <= today:
        raise Unclear
    return day


def _neighbour(day: date, days: int) -> date:
    return day + timedelta(days=days)


def _last_day(desk: Desk, mine: Sequence[inquiry.MyConnection]) -> date:
    """Return the last day of the own time that was read, its very last day if none was, yesterday without a connection."""
    yesterday = desk.yesterday()
    ends = [yesterday if one.mine.end is None else min(yesterday, last_day(one.mine.end)) for one in mine]
    for one, end in zip(mine, ends, strict=True):
        read = inquiry.last_day_read(desk.house, end)
        if read is not None and read >= day_of(one.mine.start):
            return read
    return max(ends, default=yesterday)


def _log(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    account, words = desk.account(session), _words(request)
    if account is None:
        return _to(request, "")
    day = _day(form, day_of(desk.clock()))
    house, subject = desk.house, account.subject
    lines = inquiry.every_line(house, subject) if day is None else inquiry.who_saw(house, subject, day)
    others = "others" in form
    if others:
        lines = list(show_log.of_others(lines))
    pages = max(-(-len(lines) // PER_PAGE), 1)
    page = _number(form.get("page", "1"), pages)
    shown = lines[(page - 1) * PER_PAGE : page * PER_PAGE]
    return desk.page(
        request,
        session,
        "log.html",
        log=show_log.days(words, shown),
        others=others,
        page=page,
        pages=pages,
        day=day,
        latest=desk.yesterday(),
        watch=show_log.watch(words, inquiry.watch(desk.house)),
    )


def _number(text: str, most: int) -> int:
    """Read a number from 1 to `most`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise Unclear
    return int(text)


# What is done there


def _permission(desk: Desk, subject: int, form: Form) -> inquiry.MyPermission:
    """Return the permission that a form names, whatever became of it since the form was shown. Raises NoSuchPermission."""
    found = inquiry.who_may(desk.house, subject, at=desk.clock()).permissions
    for one in found:
        if str(one.id) == form.get("permission"):
            return one
    raise permission.NoSuchPermission


def _live_permission(desk: Desk, subject: int, form: Form) -> tuple[inquiry.MyPermission, Sequence[inquiry.MyPermission]]:
    """Return the permission that an address names, with all of theirs. Raises NoSuchPermission unless it is in force."""
    found = inquiry.who_may(desk.house, subject, at=desk.clock()).permissions
    for one in found:
        if str(one.id) == form.get("permission") and one.ended is None:
            return one, found
    raise permission.NoSuchPermission


def _ask_revoke(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    account = desk.account(session)
    if account is None:
        return _to(request, "")
    one, theirs = _live_permission(desk, account.subject, form)
    digits = show_usage.digits(inquiry.connections(desk.house, account.subject))
    return desk.page(request, session, "revoke.html", one=show_who.to_revoke(_words(request), one, theirs, digits))


def _revoke(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    subject = _signed_in(desk, session)
    number = _permission(desk, subject, form).id
    revoked = permission.revoke(desk.house, subject, number, at=desk.clock())
    return _to(request, "mine?" + urlencode({"revoked" if revoked else "declined": number}) + "#who")


def _to_ask(desk: Desk, subject: int, form: Form) -> inquiry.MyConnection:
    """Return the connection that is asked about. Raises as `own.lived_in`, Unclear if there is nothing to ask of it."""
    one, at = own.lived_in(desk, subject, form), desk.clock()
    if not show_who.may_ask(inquiry.who_may(desk.house, subject, at=at), [one], at):
        raise Unclear
    return one


def _ask_opt_in(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    account = desk.account(session)
    if account is None:
        return _to(request, "")
    return desk.page(request, session, "opt_in.html", one=show_who.offer(_words(request), _to_ask(desk, account.subject, form)))


def _opt_in(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    subject = _signed_in(desk, session)
    one = _to_ask(desk, subject, form)
    number = permission.opt_in(desk.house, subject, one.key, at=desk.clock())
    return _to(request, "mine?" + urlencode({"given": number}) + "#who")


def _file(found: inquiry.Download) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return Response(found.body, media_type=found.media_type, headers=headers)


def _download(desk: Desk, _: Request, session: Session, form: Form) -> Response:
    subject = _signed_in(desk, session)
    key = own.named(form)
    day = _day(form, day_of(desk.clock())) or desk.yesterday()
    if form.get("form") not in {"csv", "json"}:
        raise Unclear
    known = _known(form)
    return _file(inquiry.download(desk.house, subject, key, day, day, form["form"], at=desk.clock(), known=known))


def _known(form: Form) -> datetime | None:
    """Return the moment of which somebody wants to have what was known then. Raises Unclear."""
    try:
        return utc(datetime.fromisoformat(form["known"])) if form.get("known") else None
    except (ValueError, OverflowError, BadInput) as fault:
        raise Unclear from fault


def _proof(desk: Desk, request: Request, session: Session, _: Form) -> Response:
    subject = _signed_in(desk, session)
    return _file(inquiry.proof(desk.house, subject, request.path_params["entry"], request.path_params.get("leaf"), at=desk.clock()))


# Public


def _conduct(desk: Desk, request: Request, session: Session, _: Form) -> Response:
    words, at = _words(request), desk.clock()
    editions = show_conduct.editions(words, inquiry.editions(), at)
    uses = show_conduct.uses(words, inquiry.use_cases(desk.house, at=at), at)
    return desk.page(request, session, "conduct.html", editions=editions, uses=uses)


def _manuals(desk: Desk, request: Request, session: Session, _: Form) -> Response:
    shown = [show_manual.manual(_words(request), one) for one in manuals().values()]
    return desk.page(request, session, "manuals.html", manuals=shown)


def _manual(desk: Desk, request: Request, session: Session, _: Form) -> Response:
    one = manuals().get(request.path_params["model"])
    if one is None:
        raise HTTPException(NOT_FOUND)
    return desk.page(request, session, "manual.html", one=show_manual.manual(_words(request), one))


def _log_key(desk: Desk, _: Request, __: Session, ___: Mapping[str, str]) -> Response:
    return _file(inquiry.Download("kwartier-log.vkey", "text/plain; charset=utf-8", f"{desk.house.log.vkey}\n".encode()))
