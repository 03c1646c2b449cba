"""The pages on which a customer answers what a party asks, vetoes what it claims, and renews what is about to run out."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from kwartier.grounds.errors import BadScope
from kwartier.grounds.permission import Scope
from kwartier.model.errors import BadInput
from kwartier.web.portal import show_requests, show_usage
from kwartier.web.portal.answer import SEE_OTHER, Form, NoSuchLastDay, NothingLeft, SignInFirst, Unclear, answered
from kwartier.web.portal.desk import Desk
from kwartier.web.portal.session import Session
from kwartier.web.portal.words import Words
from kwartier.workflows import inquiry, permission
from kwartier.workflows.permission import asked, mandates, reminders, requests

LONGEST_NUMBER = 18
"""Digits of a number that a registry can hold."""


def routes() -> list[Route]:
    """Return the addresses of these pages."""
    return [
        Route("/{language}/request", answered(_look), methods=["GET"]),
        Route("/{language}/request", answered(_answer), methods=["POST"]),
        Route("/{language}/renew", answered(_ask_renew), methods=["GET"]),
        Route("/{language}/renew", answered(_renew), methods=["POST"]),
    ]


def _to(request: Request, place: str) -> Response:
    return RedirectResponse(f"/{request.path_params['language']}/{place}", SEE_OTHER)


def _number(form: Form, name: str) -> int:
    """Read a number that an address or form names. Raises Unclear."""
    text = form.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        raise Unclear
    return int(text)


def _subject(desk: Desk, session: Session) -> int:
    account = desk.account(session)
    if account is None:
        raise SignInFirst
    return account.subject


def _digits(desk: Desk, subject: int) -> dict[int, str]:
    return show_usage.digits(inquiry.connections(desk.house, subject))


def _look(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    if desk.account(session) is None:
        return _to(request, "")
    subject, at = _subject(desk, session), desk.clock()
    found = asked.one(desk.house, subject, _number(form, "request"), at=at)
    (shown,) = show_requests.wanted(Words(request.path_params["language"]), [found], _digits(desk, subject), at)
    return desk.page(request, session, "request.html", one=shown)


def _answer(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    subject, number, at = _subject(desk, session), _number(form, "request"), desk.clock()
    if form.get("answer") == "no":
        revoked = mandates.veto(desk.house, subject, number, at=at)
        if revoked is not None:  # it had begun meanwhile
            return _to(request, "mine?" + urlencode({"revoked": revoked}) + "#who")
    elif form.get("answer") == "yes":
        one = asked.one(desk.house, subject, number, at=at)
        given = _narrowed(one.scope, form, at, begins=at)
        try:
            requests.grant(desk.house, subject, number, at=at, given=given)
        except (BadInput, BadScope) as fault:
            raise NoSuchLastDay from fault
    else:
        raise Unclear
    return _to(request, "mine?" + urlencode({"answered": number}) + "#who")


def _narrowed(most: Scope, form: Form, at: datetime, *, begins: datetime) -> Scope:
    """Return what is left of a scope that would be in force from `begins` on. Raises NoSuchLastDay, NothingLeft."""
    try:
        left = show_requests.narrowed(most, form, at)
    except (BadInput, ValueError, OverflowError) as fault:
        raise NoSuchLastDay from fault
    if not begins < left.until <= most.until:
        raise NoSuchLastDay
    if not left.mask or left.data.is_moment:
        raise NothingLeft
    return left


def said(desk: Desk, words: Words, subject: int, permissions: Sequence[inquiry.MyPermission], form: Form) -> str:
    """Say what the customer has just answered or renewed, if it is so; else nothing."""
    if "renewed" in form:
        there = any(str(one.id) == form["renewed"] and one.ended is None for one in permissions)
        return show_requests.answered(words, "renewed" if there else "")
    if "declined" in form:
        there = asked.declined(desk.house, subject, _number(form, "declined"))
        return show_requests.answered(words, "declined" if there else "")
    if "answered" not in form:
        return ""
    return show_requests.answered(words, asked.answered(desk.house, subject, _number(form, "answered")) or "")


def _running_out(desk: Desk, subject: int, form: Form) -> tuple[inquiry.MyPermission, Scope]:
    """Return the permission that the form names, which is about to run out, and how it goes on. Raises NoSuchPermission."""
    at = desk.clock()
    found = inquiry.who_may(desk.house, subject, at=at).permissions
    number = _number(form, "permission")
    for one in found:
        if one.id == number and one.ended is None and show_requests.runs_out(one, found, at):
            scope = show_requests.renewed(one)
            if scope is not None:
                return one, scope
    raise permission.NoSuchPermission


def _ask_renew(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    if desk.account(session) is None:
        return _to(request, "")
    subject = _subject(desk, session)
    one, _ = _running_out(desk, subject, form)
    (shown,) = show_requests.ending(Words(request.path_params["language"]), [one], _digits(desk, subject), desk.clock())
    return desk.page(request, session, "renew.html", one=shown)


def _renew(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    subject, at = _subject(desk, session), desk.clock()
    one, most = _running_out(desk, subject, form)
    after = _narrowed(most, form, at, begins=one.until or at)
    try:
        number = reminders.renew(desk.house, subject, one.id, until=after.until, at=at, mask=after.mask, data=after.data)
    except (BadInput, BadScope) as fault:
        raise NoSuchLastDay from fault
    return _to(request, "mine?" + urlencode({"renewed": number}) + "#who")
