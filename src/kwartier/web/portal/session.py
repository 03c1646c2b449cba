"""Who is signed in: a signed cookie with the subject's surrogate key, and a token against forged forms."""

import hmac
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import final

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "kwartier"
LASTS_S, MOST_S = 3600, 8 * 3600
"""A visit that nobody uses ends after the one, any visit after the other: nothing here takes a cookie back that somebody copied."""


@final
@dataclass(frozen=True, slots=True)
class Session:
    """One visit. `subject` is None before signing in; `nonce` ties the forms of this visit to it. `began_s` is in epoch seconds."""

    subject: int | None
    nonce: str
    began_s: int


@final
class Sessions:
    """Reads and writes the cookie. Sessions end by themselves, an hour after they were last used, eight after they began."""

    def __init__(self, secret: bytes, now: Callable[[], float] = time.time) -> None:
        """Sign with the installation's session key. `now` is in epoch seconds."""
        self._now = now
        self._signer = URLSafeTimedSerializer(secret, salt="kwartier session", signer_kwargs={"digest_method": sha256})
        self._secret = secret

    def read(self, request: Request) -> Session:
        """Return the session of a request, a fresh one without subject if the cookie is absent, old or not ours."""
        with suppress(BadSignature, ValueError, TypeError):
            found = Session(*self._signer.loads(request.cookies.get(COOKIE, ""), max_age=LASTS_S))
            if self._now() - found.began_s <= MOST_S:
                return found
        return self.begin(None)

    def begin(self, subject: int | None) -> Session:
        """Begin a visit, as somebody or as nobody yet."""
        return Session(subject, secrets.token_urlsafe(16), int(self._now()))

    def write(self, response: Response, session: Session) -> None:
        """Set the cookie: for this site only, invisible to scripts."""
        value = self._signer.dumps([session.subject, session.nonce, session.began_s])
        response.set_cookie(COOKIE, value, max_age=LASTS_S, httponly=True, samesite="strict", path="/")

    def token(self, session: Session) -> str:
        """Return what a form of this session must carry."""
        return hmac.new(self._secret, b"form " + session.nonce.encode(), sha256).hexdigest()

    def genuine(self, session: Session, token: str) -> bool:
        """Tell whether a form came from a page of this session."""
        return hmac.compare_digest(self.token(session).encode(), token.encode())
