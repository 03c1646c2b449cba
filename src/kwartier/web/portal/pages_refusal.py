"""S3 on the portal: refuse the smart meter, have it switched off, or back; one step, after a page that says what it means."""

from datetime import date

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from kwartier.model.errors import BadInput
from kwartier.model.register import Channel
from kwartier.web.portal import own, show_refusal
from kwartier.web.portal.answer import SEE_OTHER, Form, SignInFirst, Unclear, answered
from kwartier.web.portal.desk import Desk
from kwartier.web.portal.session import Session
from kwartier.web.portal.words import Words
from kwartier.workflows import refusal

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)


def routes() -> list[Route]:
    """Return the addresses of the choice."""
    return [
        Route("/{language}/choice", answered(_ask), methods=["GET"]),
        Route("/{language}/choice", answered(_say), methods=["POST"]),
        Route("/{language}/absence", answered(_absence)),
        Route("/{language}/reading", answered(_ask_reading), methods=["GET"]),
        Route("/{language}/reading", answered(_take_reading), methods=["POST"]),
    ]


def _chosen(desk: Desk, subject: int, form: Form) -> tuple[refusal.MyMeter, refusal.Choice]:
    """Return the meter that is named, and what is to be said of it. Raises as `own.lived_in`, Unclear where it cannot be said."""
    key = own.lived_in(desk, subject, form).key
    for one in refusal.meters(desk.house, subject, at=desk.clock()):
        for choice in one.choices:
            if (one.connection, str(choice)) == (key, form.get("to")):
                return one, choice
    raise Unclear


def _ask(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    account = desk.account(session)
    if account is None:
        return RedirectResponse(f"/{request.path_params['language']}/", SEE_OTHER)
    asked = show_refusal.asked(Words(request.path_params["language"]), *_chosen(desk, account.subject, form))
    return desk.page(request, session, "choice.html", one=asked)


def _say(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    account = desk.account(session)
    if account is None:
        raise SignInFirst
    one, choice = _chosen(desk, account.subject, form)
    refusal.choose(desk.house, account.subject, one.connection, choice, at=desk.clock())
    return RedirectResponse(f"/{request.path_params['language']}/mine?chosen={choice}&connection={one.connection}#meter", SEE_OTHER)


def said(desk: Desk, words: Words, subject: int, form: Form) -> str:
    """Say what the customer has just said of a meter, if it is so still; else nothing."""
    word = form.get("chosen", "")
    told = show_refusal.chosen(words, word)
    if not told or "connection" not in form:
        return ""
    return told if refusal.holds(desk.house, subject, own.named(form), word, at=desk.clock()) else ""


def _counters(desk: Desk, subject: int, form: Form) -> refusal.Counters:
    """Return the counters of the connection that is named. Raises as `own.lived_in`, Unclear where nobody sends any in."""
    key = own.lived_in(desk, subject, form).key
    for one in refusal.counters(desk.house, subject, at=desk.clock()):
        if one.connection == key:
            return one
    raise Unclear


def _ask_reading(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    account = desk.account(session)
    if account is None:
        return RedirectResponse(f"/{request.path_params['language']}/", SEE_OTHER)
    asked = show_refusal.reading(Words(request.path_params["language"]), _counters(desk, account.subject, form))
    return desk.page(request, session, "reading.html", one=asked)


def _take_reading(desk: Desk, request: Request, session: Session, form: Form) -> Response:
    account = desk.account(session)
    if account is None:
        raise SignInFirst
    one = _counters(desk, account.subject, form)
    try:
        refusal.send_in(desk.house, account.subject, one.connection, _values(one, form), at=desk.clock())
    except refusal.Implausible:
        raise
    except BadInput:
        raise Unclear from None
    place = f"mine?chosen=reading&connection={one.connection}#meter"
    return RedirectResponse(f"/{request.path_params['language']}/{place}", SEE_OTHER)


def _values(one: refusal.Counters, form: Form) -> dict[Channel, int]:
    """Return what was filled in, of the registers that a meter of this product may show. Raises BadInput."""
    filled = {channel: form.get(channel.name.lower(), "") for channel in one.registers}
    return {channel: refusal.shown(text) for channel, text in filled.items() if text.strip()}


def _absence(desk: Desk, _: Request, session: Session, form: Form) -> Response:
    account = desk.account(session)
    if account is None:
        raise SignInFirst
    try:
        first, last = date.fromisoformat(form["first"]), date.fromisoformat(form["last"])
    except (KeyError, ValueError):
        raise Unclear from None
    if first < FIRST_DAY or last > LAST_DAY:
        raise Unclear
    found = refusal.absence(desk.house, account.subject, own.named(form), first, last, at=desk.clock())
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return Response(found.body, media_type="application/zip", headers=headers)
