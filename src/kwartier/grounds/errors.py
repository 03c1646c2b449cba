"""Errors of the grounds: whoever asked used them wrongly. "No" is not an error but a `Refusal`.

GroundsError
+-- NoEdition          the moment lies before any edition of the code of conduct
+-- NoTransition       this event cannot happen to a permission in this state
+-- BadScope           a permission that nobody could ever use, or that has no end
+-- BadObject          an information object of another body that does not have its fields
+-- BadProposal        a proposed edition that does not have the form of docs/PROPOSAL.md
+-- BadUseCase         a proposed use case that does not have the form of docs/PARTIES.md, or reaches further than the table
"""

from kwartier.model.errors import KwartierError


class GroundsError(KwartierError):
    """The root of this room's errors."""

    code = "grounds"


class NoEdition(GroundsError):
    """No edition of the code of conduct was in force then, so nothing can be decided."""

    code = "no-edition"


class NoTransition(GroundsError):
    """The life cycle of a permission has no such step; nothing was changed."""

    code = "no-transition"


class BadScope(GroundsError):
    """The scope of a permission is not one a customer can give; whoever proposed it erred."""

    code = "bad-scope"


class BadProposal(GroundsError):
    """The proposal of an edition is not one; whoever wrote it erred."""

    code = "bad-proposal"


class BadUseCase(GroundsError):
    """The proposal of a use case is none, or it asks more than its row of the code of conduct can ever grant."""

    code = "bad-use-case"


class BadObject(GroundsError):
    """What another body sent is no information object of the regulation; its text names the field, never what stood there."""

    code = "bad-object"
