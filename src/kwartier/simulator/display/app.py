"""The pages of the displays on 127.0.0.1: `/LL/display/HOME?step=N`. No JavaScript; no address holds the number of a meter."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import final

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from kwartier.simulator import identity
from kwartier.simulator.display import segments, words
from kwartier.simulator.display.screens import Screen, screens
from kwartier.simulator.errors import BadTown
from kwartier.simulator.lived import Lived
from kwartier.simulator.town import Town

HOST = "127.0.0.1"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
CELLS = 9
"""Characters of the large row; a longer text makes them smaller."""
_HELD, _CLOSE_S, _NOT_FOUND = 64, 1, 404
_HERE = Path(str(resources.files("kwartier.simulator.display")))


@final
class Hall:
    """Where all displays hang: which screens a home's meter shows at the town's time."""

    def __init__(self, town: Town, clock: Callable[[], int], status: Callable[[int], int]) -> None:
        """`clock` gives the town's epoch seconds, `status` the administrative status of the meter with a number."""
        self._town, self._clock, self._status = town, clock, status
        self._lived = lru_cache(maxsize=_HELD)(self._live)

    def _live(self, number: int) -> Lived:
        return Lived(self._town, number)

    def screens(self, home: int) -> list[Screen] | None:
        """Return the screens of a home's meter; None where there is no readable meter."""
        number = identity.home_number(home)
        if home >= len(self._town.homes) or not self._town.homes[home].has_meter:
            return None
        return screens(self._lived(number).at(self._clock()), identity.equipment_id(number), self._status(number))


def application(hall: Hall) -> Starlette:
    """Return the pages over a hall."""
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def page(language: str, status: int = 200, **values: object) -> Response:
        at = words.LANGUAGES.index(language)
        shared = {"language": language, "other": words.LANGUAGES[1 - at], "say": lambda *key: words.text(language, *key)}
        return HTMLResponse(templates.get_template("display.html").render(**shared, **values), status, HEADERS)

    async def display(request: Request) -> Response:
        language, home = request.path_params["language"], request.path_params["home"]
        if language not in words.LANGUAGES:
            raise HTTPException(_NOT_FOUND)
        shown = hall.screens(home)
        if shown is None:
            return page(language, _NOT_FOUND, home=home, problem=words.text(language, "none"))
        step = _step(request.query_params.get("step", "1"), len(shown))
        rows = [(one, words.meaning(language, one.code)) for one in shown]
        screen, meaning = rows[step - 1]
        return page(
            language,
            home=home,
            problem="",
            step=step,
            rows=rows,
            screen=screen,
            meaning=meaning,
            told=label(language, screen),
            cells=segments.cells(screen.text, CELLS),
            shape=segments,
        )

    async def lost(request: Request, fault: Exception) -> Response:
        status = fault.status_code if isinstance(fault, HTTPException) else _NOT_FOUND
        first = request.url.path.split("/")[1]
        language = first if first in words.LANGUAGES else words.LANGUAGES[0]
        return page(language, status, home=0, problem=words.text(language, "nowhere"))

    async def entrance(_: Request) -> Response:
        return RedirectResponse(f"/{words.LANGUAGES[0]}/display/0")

    return Starlette(
        routes=[
            Route("/", entrance),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
            Route("/{language}/display/{home:int}", display),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
        exception_handlers={HTTPException: lost},
    )


def _step(text: str, most: int) -> int:
    """Read which screen is asked for, from 1 on. Raises HTTPException."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise HTTPException(_NOT_FOUND)
    return int(text)


def label(language: str, screen: Screen) -> str:
    """Return a screen in words, for whoever hears it."""
    unit = screen.unit.replace("m3", "m\N{SUPERSCRIPT THREE}")
    note = words.text(language, screen.note) if screen.note else ""
    return ", ".join(part for part in (f"{screen.text} {unit}".strip(), note) if part)


@final
class _Server(uvicorn.Server):
    """Uvicorn, but signals are the town's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def claim(port: int) -> socket.socket:
    """Bind a port on 127.0.0.1, 0 for any. Raises BadTown."""
    try:
        return socket.create_server((HOST, port))
    except OSError as fault:
        msg = "the port of the displays is taken"
        raise BadTown(msg) from fault


@contextlib.asynccontextmanager
async def listening(bound: socket.socket, hall: Hall) -> AsyncIterator[None]:
    """Serve the pages as long as the context lasts."""
    server = _Server(
        uvicorn.Config(
            application(hall),
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_CLOSE_S,
        )
    )
    serving = asyncio.create_task(server.serve([bound]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
