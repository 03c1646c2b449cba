"""S5: everything that was read, kept, delivered and shown, decided again: docs/REPLAY.md.

The replay changes nothing. What it finds is data.
"""

from kwartier.workflows.replay.findings import Finding, Findings
from kwartier.workflows.replay.run import run
from kwartier.workflows.replay.window import Window, of_days

__all__ = ["Finding", "Findings", "Window", "of_days", "run"]
