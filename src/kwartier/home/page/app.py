"""The application: pages, their style, and the headers of every answer. It opens no connection to anybody."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from kwartier.home.page import check, desk, machine, now, past, take
from kwartier.home.page.desk import HERE, Desk
from kwartier.home.page.words import LANGUAGES, Words, best

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ALWAYS: Final = ("localhost", "127.0.0.1", "::1", "[::1]")
_FOREIGN: Final = frozenset({"cross-site", "same-site"})


async def _secured(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Let no other site post to us, and send the headers with every answer."""
    if request.method != "GET" and request.headers.get("sec-fetch-site") in _FOREIGN:
        response: Response = PlainTextResponse("another site asked for this\n", 403)
    else:
        response = await call_next(request)
    response.headers.update(HEADERS)
    if not request.url.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _problem(request: Request, fault: Exception) -> Response:
    """Tell a visitor what went wrong, in their language."""
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    asked = request.url.path.split("/")[1]
    spoken = Words(asked if asked in LANGUAGES else best(request.headers.get("accept-language")))
    return desk.page(request, "problem.html", spoken, status, code=status)


def application(made: Desk) -> Starlette:
    """Return the application over a desk."""
    settings = made.settings
    routes = [
        Route("/", desk.away),
        Mount("/static", StaticFiles(directory=HERE / "static")),
        Route("/{language}/", now.first),
        Route("/{language}/live", now.live),
        Route("/{language}/day", past.day),
        Route("/{language}/month", past.month),
        Route("/{language}/year", past.year),
        Route("/{language}/peak", past.peaks),
        Route("/{language}/compare", check.form, methods=["GET"]),
        Route("/{language}/compare", check.result, methods=["POST"]),
        Route("/{language}/meter", machine.meter),
        Route("/csv/{kind}", take.csv),
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(
                TrustedHostMiddleware,
                allowed_hosts=[*ALWAYS, settings.listen, f"[{settings.listen}]", *settings.hosts.split()],
                www_redirect=False,
            ),
            Middleware(BaseHTTPMiddleware, dispatch=_secured),
        ],
        exception_handlers={HTTPException: _problem},
    )
    app.state.desk = made
    return app
