"""S4: what the code of conduct says about a connection, what a change would mean, and the operator's own uses of data."""

from kwartier.workflows.conduct import use_cases
from kwartier.workflows.conduct.ask import Who, may, who
from kwartier.workflows.conduct.trial import Difference, Key, Outcome, read, what_if

__all__ = ["Difference", "Key", "Outcome", "Who", "may", "read", "use_cases", "what_if", "who"]
