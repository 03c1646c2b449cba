"""S4: what the code of conduct says about a connection, and what a change would mean for all, before it is adopted."""

from kwartier.workflows.conduct.ask import Who, may, who
from kwartier.workflows.conduct.trial import Difference, Key, Outcome, read, what_if

__all__ = ["Difference", "Key", "Outcome", "Who", "may", "read", "what_if", "who"]
