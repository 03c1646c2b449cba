"""S19: energy loss, under its own use case."""

from kwartier.workflows.grid_care.loss import Losses, losses

__all__ = ["Losses", "losses"]
