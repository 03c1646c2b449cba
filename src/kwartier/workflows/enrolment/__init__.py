"""The way in: connections, meters, keys, people, contracts and permissions from files."""

from kwartier.workflows.enrolment.report import ImportReport
from kwartier.workflows.enrolment.take import take

__all__ = ["ImportReport", "take"]
