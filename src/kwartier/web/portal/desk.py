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
from kwartier.web.portal.words import Words, translations
from kwartier.workflows import accounts, installation


@final
class Desk:
    """One per application. Holds nothing of a visitor."""

    def __init__(self, house: installation.Installation, *, clock: installation.Clock, demo: bool) -> None:
        """Open the templates and the session key."""
        self.house = house
        self.clock = clock
        self.demo = demo
        self.sessions = Sessions(accounts.session_secret(house))
        folder = Path(str(resources.files("kwartier.web.portal") / "templates"))
        self._pages = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
        )

    def yesterday(self) -> date:
        """Return the last whole local day."""
        return day_of(self.clock()) - timedelta(days=1)

    def page(self, request: Request, session: Session, template: str, status: int = 200, **values: object) -> Response:
        """Render a page in the language of its address, and keep the session."""
        language = request.path_params.get("language", "nl")
        pages = self._pages.overlay()
        pages.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # added by jinja2.ext.i18n
        path = request.url.path
        body = pages.get_template(template).render(
            words=Words(language),
            csrf=self.sessions.token(session),
            account=self.account(session),
            path=path[len(language) + 1 :] if path.startswith(f"/{language}/") else "/",
            **values,
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
