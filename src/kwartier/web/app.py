"""The web application: portal and public pages in one process, on loopback. Every answer carries the security headers."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kwartier.web.portal import pages
from kwartier.web.portal.answer import problem_handlers
from kwartier.web.portal.desk import Desk
from kwartier.workflows.installation import Clock, Installation

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
HOSTS = ["127.0.0.1", "localhost"]


Failed = Callable[[Exception], None]


def secured(app: ASGIApp, failed: Failed) -> ASGIApp:
    """Put the headers on every answer, those of failures outside the pages included; `failed` is told what nobody foresaw."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["Cache-Control"] = "no-cache" if scope["path"].startswith("/static/") else "no-store"
            await send(message)

        try:
            await app(scope, receive, sent)
        except Exception as fault:
            if scope["type"] != "http":
                raise
            failed(fault)  # the visitor has the page that says so by now

    return answer


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _check_proof(_: Request) -> Response:
    """Give the check of proofs away: one file that stands alone, the one that `kwartier verify` runs."""
    return FileResponse(str(resources.files("kwartier") / "audit" / "verify.py"), media_type="text/x-python")


def application(house: Installation, *, clock: Clock, demo: bool, failed: Failed) -> ASGIApp:
    """Return the application over an opened installation. `demo` alone lets people sign in as a persona.

    `failed` is told every failure that nobody foresaw: its visitor was shown a page that says so, and no more.
    """
    static = Path(str(resources.files("kwartier.web.portal") / "static"))
    app = Starlette(
        routes=[
            Route("/health", _health),
            Route("/static/check_proof.py", _check_proof),
            Mount("/static", StaticFiles(directory=static)),
            *pages.routes(),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)],
        exception_handlers=problem_handlers(),
    )
    app.state.desk = Desk(house, clock=clock, demo=demo)
    return secured(app, failed)
