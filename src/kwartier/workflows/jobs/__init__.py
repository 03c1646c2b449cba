"""What runs beside everything else, by itself."""

from kwartier.audit.cosign import WITHIN_S
from kwartier.audit.log import Standing
from kwartier.workflows.jobs.signing import sign, signing, standing

__all__ = ["WITHIN_S", "Standing", "sign", "signing", "standing"]
