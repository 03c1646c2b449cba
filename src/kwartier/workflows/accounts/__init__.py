"""Who signs in."""

from kwartier.workflows.accounts.people import Account, NoSuchPerson, Persona, account, persona_account, personas, session_secret

__all__ = ["Account", "NoSuchPerson", "Persona", "account", "persona_account", "personas", "session_secret"]
