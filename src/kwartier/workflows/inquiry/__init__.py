"""S2: the customer looks at what is held, who may see it and who looked."""

from kwartier.store.registry.use_cases import UseCaseRow
from kwartier.workflows.inquiry.desk import connections, download, last_day_read, usage
from kwartier.workflows.inquiry.errors import NotYours
from kwartier.workflows.inquiry.log import access_log, every_line, proof, watch, who_saw
from kwartier.workflows.inquiry.staff import StaffAct, staff
from kwartier.workflows.inquiry.views import (
    AccessLine,
    Barred,
    Download,
    MyConnection,
    MyPermission,
    UsageDay,
    Watch,
    WhoMay,
    WhoMayRow,
)
from kwartier.workflows.inquiry.who import editions, use_cases, who_may

__all__ = [
    "AccessLine",
    "Barred",
    "Download",
    "MyConnection",
    "MyPermission",
    "NotYours",
    "StaffAct",
    "UsageDay",
    "UseCaseRow",
    "Watch",
    "WhoMay",
    "WhoMayRow",
    "access_log",
    "connections",
    "download",
    "editions",
    "every_line",
    "last_day_read",
    "proof",
    "staff",
    "usage",
    "use_cases",
    "watch",
    "who_may",
    "who_saw",
]
