"""Where the database is, for each of the four roles."""

from dataclasses import dataclass, field
from typing import final

OWNER = "kw_owner"
OPERATOR = "kw_operator"
PORTAL = "kw_portal"
AUDIT = "kw_audit"
ROLES = (OWNER, OPERATOR, PORTAL, AUDIT)


@final
@dataclass(frozen=True, slots=True)
class Dsns:
    """A libpq connection string per role. They hold passwords, so they are not shown."""

    owner: str = field(repr=False)
    operator: str = field(repr=False)
    portal: str = field(repr=False)
    audit: str = field(repr=False)

    def by_role(self) -> dict[str, str]:
        """Return them by the name of the role."""
        return {OWNER: self.owner, OPERATOR: self.operator, PORTAL: self.portal, AUDIT: self.audit}
