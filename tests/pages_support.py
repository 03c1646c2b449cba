"""The pages served, and a visitor without a browser: keeps cookies, and sends forms with the token that a page gave."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.types import ASGIApp

TOKEN = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@contextmanager
def served(data: Path, *options: str) -> Iterator[str]:
    """Serve the pages of an installation and give their address; what is said on standard error must be free of faults."""
    command = [sys.executable, "-m", "kwartier.cli.main", "--data", str(data), "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as server:
        assert server.stderr is not None
        try:
            said = next(line for line in server.stderr if "http://" in line)
            yield next(word for word in said.split() if word.startswith("http://")).rstrip("/")
        finally:
            server.terminate()
            _, rest = server.communicate(timeout=30)
        assert rest == ""


class Direct(httpx.BaseTransport):
    """Asks an application in this process: for pages of an installation that a test opened itself."""

    def __init__(self, app: ASGIApp) -> None:
        """Ask this ASGI application."""
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask and read the whole answer."""
        return asyncio.run(self._ask(request))

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(
            httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        )
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread(), request=request)


@dataclass(frozen=True)
class Visitor:
    """Somebody with a cookie jar."""

    client: httpx.Client

    def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return self.client.get(path)

    def post(self, path: str, **form: str) -> httpx.Response:
        """Send a form with the token of this visit."""
        found = TOKEN.search(self.get("/nl/").text)
        assert found is not None
        return self.client.post(path, data={"csrf": found[1], **form})

    def send(self, page: httpx.Response, path: str, **form: str) -> httpx.Response:
        """Send the form of a page that was opened before, with what it hides."""
        (found,) = re.findall(rf'<form method="post" action="{path}".*?</form>', page.text, re.DOTALL)
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', found))
        return self.client.post(path, data=hidden | form)

    def title(self, path: str) -> tuple[int, str]:
        """Open a page and return its status and main heading."""
        answer = self.get(path)
        return answer.status_code, heading(answer)


def heading(answer: httpx.Response) -> str:
    """Return the one main heading of a page."""
    (found,) = re.findall(r"<h1>(.*?)</h1>", answer.text)
    return str(found)
