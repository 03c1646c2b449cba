"""The demo as a visitor finds it: the town lives, its night was read, its pages are served. One for all sentences."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest

from chain_support import DAY, patient
from leaflet_support import HOMES, SEED, Place, look
from pages_support import Visitor


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("leaflet") / "data"
    patient(data)
    command = [sys.executable, "-m", "kwartier.cli.main", "demo", "--json", "--port", "0", "--data", str(data)]
    command += ["--homes", str(HOMES), "--seed", str(SEED), "--date", DAY.isoformat()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield look(data, running)
        finally:
            running.send_signal(signal.SIGINT)
            _, rest = running.communicate(timeout=60)
    assert "fault" not in rest


@pytest.fixture
def visit(place: Place) -> Iterator[Callable[..., Visitor]]:
    """Return what makes a visitor of the pages: signed in as a persona of the town, or nobody."""
    opened: list[httpx.Client] = []
    personas = json.loads((place.data / "town" / "personas.json").read_text("utf-8"))
    codes = {one["persona"]: one["subject"] for one in personas}

    def visits(persona: str | None = None) -> Visitor:
        client = httpx.Client(base_url=place.pages, follow_redirects=True, timeout=30)
        opened.append(client)
        visitor = Visitor(client)
        if persona is not None:
            assert visitor.post("/nl/sign-in", persona=codes[persona]).url.path == "/nl/mine"
        return visitor

    yield visits
    for client in opened:
        client.close()
