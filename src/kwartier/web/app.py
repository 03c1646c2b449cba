"""The web application: portal and public pages in one process, on loopback. Every answer carries the security headers."""

from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from kwartier.web.portal import pages
from kwartier.web.portal.desk import Desk
from kwartier.workflows.installation import Clock, Installation

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
HOSTS = ["127.0.0.1", "localhost"]


async def _secured(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.update(HEADERS)
    if not request.url.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def application(house: Installation, *, clock: Clock, demo: bool) -> Starlette:
    """Return the application over an opened installation. `demo` alone lets people sign in as a persona."""
    static = Path(str(resources.files("kwartier.web.portal") / "static"))
    app = Starlette(
        routes=[Route("/health", _health), Mount("/static", StaticFiles(directory=static)), *pages.routes()],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS), Middleware(BaseHTTPMiddleware, dispatch=_secured)],
        exception_handlers=pages.problem_handlers(),
    )
    app.state.desk = Desk(house, clock=clock, demo=demo)
    return app
