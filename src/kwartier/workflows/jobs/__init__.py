"""What runs beside everything else, by itself."""

from kwartier.workflows.jobs.signing import sign, signing

__all__ = ["sign", "signing"]
