"""A visit ends by itself, however much it is used; a cookie of ours that was changed or is of another form is none."""

import time

import pytest
from starlette.requests import Request
from starlette.responses import Response

from kwartier.web.portal.session import COOKIE, LASTS_S, MOST_S, Session, Sessions


class Clock:
    """A clock that stands until it is moved."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def cookie(sessions: Sessions, session: Session) -> str:
    response = Response()
    sessions.write(response, session)
    return response.headers["set-cookie"].split(";", 1)[0].removeprefix(f"{COOKIE}=")


def request(value: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", f"{COOKIE}={value}".encode())]})


def test_a_visit_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    sessions = Sessions(bytes(32), clock)
    session = sessions.begin(7)
    began = clock.now
    while clock.now - began <= MOST_S:
        seen = sessions.read(request(cookie(sessions, session)))
        assert seen == session, "whoever is at it is not signed out"
        clock.now += LASTS_S - 60
    assert sessions.read(request(cookie(sessions, session))).subject is None, "also who never paused"
    other = sessions.begin(7)
    kept = cookie(sessions, other)
    clock.now += LASTS_S + 2
    assert sessions.read(request(kept)).subject is None, "nobody used it"


@pytest.mark.parametrize("form", [[7, "nonce"], [7, "nonce", 1, 2], 7, None, [7, "nonce", "x"]])
def test_what_is_signed_in_another_form_signs_nobody_in(form: object) -> None:
    sessions = Sessions(bytes(32))
    value = sessions._signer.dumps(form)  # noqa: SLF001 - one from before visits had a beginning
    assert isinstance(value, str)
    assert sessions.read(request(value)).subject is None
    genuine = cookie(sessions, sessions.begin(7))
    assert sessions.read(request(genuine)).subject == 7
    assert sessions.read(request(genuine[:-5] + ("A" if genuine[-5] != "A" else "B") + genuine[-4:])).subject is None
