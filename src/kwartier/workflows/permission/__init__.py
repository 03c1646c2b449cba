"""S2, S12: the customer gives and takes back."""

from kwartier.workflows.permission.desk import NoSuchPermission, revoke

__all__ = ["NoSuchPermission", "revoke"]
