"""What the pages work with: the store, what is live, and the templates."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from kwartier.home import own_clock
from kwartier.home.live import Live
from kwartier.home.page.words import LANGUAGES, Words, best
from kwartier.home.settings import Settings
from kwartier.home.store import history
from kwartier.home.store.history import History
from kwartier.model.period import day_of, from_epoch_s

HERE = Path(str(resources.files("kwartier.home.page")))


@final
@dataclass(frozen=True, slots=True)
class Desk:
    """One home's pages; in `app.state.desk`."""

    folder: Path
    settings: Settings
    live: Live
    templates: Environment

    @contextmanager
    def history(self) -> Iterator[History]:
        """Open the store for one page."""
        with history.opened(self.folder) as opened:
            yield opened

    def now(self) -> int:
        """Return the moment that is now on the page: in a recording that of its last telegram."""
        if self.live.is_recorded and self.live.at:
            return self.live.at
        return own_clock.receipt().at or self.live.at

    def today(self) -> date:
        """Return the local day that is today on the page."""
        return day_of(from_epoch_s(self.now()))

    def age_s(self) -> int | None:
        """Return seconds since the last telegram was heard; None if there was none yet."""
        return None if self.live.sample is None else int(time.monotonic() - self.live.received)


def made(folder: Path, settings: Settings, live: Live) -> Desk:
    """Return the desk of a folder."""
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return Desk(folder, settings, live, templates)


def desk(request: Request) -> Desk:
    """Return the desk of the application that was asked."""
    found: Desk = request.app.state.desk
    return found


def words(request: Request) -> Words | None:
    """Return the words of the language in the path; None for another word there."""
    language = request.path_params["language"]
    return Words(language) if language in LANGUAGES else None


def away(request: Request) -> Response:
    """Send a visitor without a language to the page in theirs."""
    return RedirectResponse(f"/{best(request.headers.get('accept-language'))}/", 303)


def page(request: Request, template: str, spoken: Words, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401 - for templates
    """Render a template with what every page needs."""
    here = desk(request)
    rest = request.url.path.removeprefix(f"/{spoken.language}") or "/"
    query = f"?{request.url.query}" if request.url.query else ""
    rendered = here.templates.get_template(template).render(
        _=spoken.text, words=spoken, here=f"/{spoken.language}", rest=rest, query=query, settings=here.settings, **values
    )
    return HTMLResponse(rendered, status)
