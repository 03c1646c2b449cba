"""No ground, no reading: an independent comparison of log, store and the meters' own journals that must show 0 uncovered."""

from kwartier.workflows.replay.findings import Finding, Findings
from kwartier.workflows.replay.run import run

__all__ = ["Finding", "Findings", "run"]
