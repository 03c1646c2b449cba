"""S2, S12: the customer gives and takes back."""

from kwartier.workflows.permission.desk import NoSuchPermission, NotYourConnection, opt_in, revoke

__all__ = ["NoSuchPermission", "NotYourConnection", "opt_in", "revoke"]
