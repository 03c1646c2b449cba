"""Every kind of finding is told in docs/REPLAY.md, as it counts."""

from pathlib import Path

from kwartier.workflows.replay.findings import CODES

PAGE = Path(__file__).parents[4] / "docs" / "REPLAY.md"


def test_the_page_has_every_code_and_no_other() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    told = [line for line in lines if line.startswith("| `")]
    assert told == [f"| `{code}` | {str(category).replace('_', ' ')} | {what} |" for code, (category, what) in CODES.items()]
