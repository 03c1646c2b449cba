"""What runs beside the pages, by itself."""

from kwartier.workflows.jobs.signing import signing

__all__ = ["signing"]
