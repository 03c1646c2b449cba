"""The energy loss of the transformers in a batch: balanced from sums, stored or withheld with its reason (S19)."""

from datetime import datetime
from typing import Any

import numpy as np
from psycopg import Connection

from kwartier.audit.events import Event, EventKind
from kwartier.grid import loss
from kwartier.model.task import Result
from kwartier.store.registry import loss as losses
from kwartier.workflows.installation import Installation
from kwartier.workflows.night.job import BatchResult, Station, StationSums
from kwartier.workflows.night.prepare import ACTOR, Intent
