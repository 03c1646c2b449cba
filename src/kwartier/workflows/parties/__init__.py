"""S6: parties of the market: whether they keep to what they agreed, and what happens when they do not."""

from kwartier.workflows.parties.suspending import reinstate, suspend

__all__ = ["reinstate", "suspend"]
