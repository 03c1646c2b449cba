"""What the portal's pages share: the installation, the sessions and the templates."""

from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from kwartier.model.period import day_of
from kwartier.web.portal.session import Session, Sessions
from kwartier.web.portal.words import LANGUAGES, Words, translations
from kwartier.workflows import accounts, installation

FAILURE, SERVER_ERROR = 400, 500


@final
class Desk:
    """One per application. Holds nothing of a visitor."""

    def __init__(self, house: installation.Installation, *, clock: installation.Clock, demo: bool) -> None:
        """Open the templates and the session key."""
        self.house = house
        self.clock = clock
        self.demo = demo
        self.sessions = Sessions(accounts.session_secret(house))
        self._pages = {language: _templates(language) for language in LANGUAGES}

    def yesterday(self) -> date:
        """Return the last whole local day."""
        return day_of(self.clock()) - timedelta(days=1)

    def page(self, request: Request, session: Session, template: str, status: int = 200, **values: object) -> Response:
        """Render a page in the language of its address, and keep the session."""
        language = request.path_params["language"]
        body = (
            self._pages[language]
            .get_template(template)
            .render(
                words=Words(language),
                csrf=self.sessions.token(session),
                account=None if status >= SERVER_ERROR else self.account(session),
                here=request.url.path.removeprefix(f"/{language}"),
                elsewhere=_elsewhere(request, language, status),
                demo=self.demo,
                **values,
            )
        )
        response = HTMLResponse(body, status)
        self.sessions.write(response, session)
        return response

    def account(self, session: Session) -> accounts.Account | None:
        """Return who is signed in; a person who is gone is signed out."""
        if session.subject is None:
            return None
        try:
            return accounts.account(self.house, session.subject)
        except accounts.NoSuchPerson:
            return None

    def renewed(self, response: Response, subject: int | None) -> Response:
        """Begin another visit: forms of the one before can no longer be sent."""
        self.sessions.write(response, self.sessions.begin(subject))
        return response


def _templates(language: str) -> Environment:
    pages = Environment(
        loader=FileSystemLoader(Path(str(resources.files("kwartier.web.portal") / "templates"))),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # added by jinja2.ext.i18n
    return pages


def _elsewhere(request: Request, language: str, status: int) -> str:
    """Return the address of this page within another language; the first one where this page cannot be opened by its address."""
    if request.method not in {"GET", "HEAD"} or status >= FAILURE:
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return request.url.path.removeprefix(f"/{language}") + query
