"""tests/scenarios/import_*: a street comes in (given), then more (when); what is told and what the log gets stands in then."""

from pathlib import Path

import pytest

from enrolment_support import Gate
from kwartier.workflows.enrolment.report import ImportedFact

SCENARIOS = Path(__file__).parents[3] / "scenarios"
NAMES = sorted(path.name for path in SCENARIOS.glob("import_*"))


def lines(facts: list[ImportedFact]) -> list[str]:
    return [f"{one.kind} {one.subject_code or '-'} {sorted(one.body)}" for one in facts]


@pytest.mark.parametrize("name", NAMES)
def test_the_scenario_ends_as_it_says(name: str, gate: Gate) -> None:
    scenario = SCENARIOS / name
    given = gate.take(scenario / "given")
    assert given.rejected == 0, given.diff
    told = gate.take(scenario / "when")
    assert told.diff == (scenario / "then" / "report.txt").read_text("utf-8").splitlines()
    assert lines(gate.facts) == (scenario / "then" / "facts.txt").read_text("utf-8").splitlines()
    again = gate.take(scenario / "when")
    assert (again.added, again.changed, again.rejected) == (0, 0, told.rejected)


def test_there_are_scenarios() -> None:
    assert len(NAMES) >= 3
