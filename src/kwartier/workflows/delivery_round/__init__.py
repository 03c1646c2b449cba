"""S6, S9, S11, S12: what was read for somebody goes to that somebody, decided again just before."""

from kwartier.workflows.delivery_round.run import DeliveryReport, DeliveryRuns, recover, run

__all__ = ["DeliveryReport", "DeliveryRuns", "recover", "run"]
