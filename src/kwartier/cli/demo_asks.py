"""What apps of the demo's town ask for, taken as `kwartier permission ask` and `claim` take it: it waits for its customer."""

from pathlib import Path

from kwartier.workflows.installation import Installation, system_clock
from kwartier.workflows.permission import claims


def take(house: Installation, town: Path) -> None:
    """Put each party's requests to their customers, and give notice of the mandates it claims. The same again changes nothing."""
    for path in sorted((town / "asked").glob("*.csv")):
        claims.ask(house, path.stem, path, at=system_clock())
    for path in sorted((town / "claimed").glob("*.csv")):
        claims.upload(house, path.stem, path, at=system_clock())
