"""PaperCut's own names: config keys, properties, built-in groups and how it spells yes. Nothing else of the relay
spells one; PaperCut's side and the installer, which run without the relay, have theirs, and a test compares them.

Source: ServerCommandProxy (properties), the server's config editor (keys), PaperCutExamples (built-in groups).
"""

from __future__ import annotations

from collections.abc import Mapping

# Keys of the config editor.
USER_SOURCE = "user-source.custom-program"
AUTH_PROGRAM = "auth.source.custom-program"
LONG_RECORDS = "user-source.update-user-details-card-id"  # "Y": the user source's records have ten fields
CALLERS = "auth.webservices.allowed-addresses"
AUTH_TOKEN = "auth.webservices.auth-token"
HEALTH = "health.api.key"

# Properties of a user: what the relay calls them, and PaperCut.
DETAILS: Mapping[str, str] = {
    "full_name": "full-name",
    "email": "email",
    "department": "department",
    "office": "office",
    "primary_card": "primary-card-number",
    "other_emails": "other-emails",
    "secondary_card": "secondary-card-number",
    "alias": "username-alias",
    "home": "home",
}
EMAIL, BALANCE, INTERNAL, DISABLED_PRINT = DETAILS["email"], "balance", "internal", "disabled-print"
RESTRICTED, OVERDRAFT = "restricted", "overdraft-amount"
JOB_COUNT = "print-stats.job-count"  # of a user, and of a printer

# Properties of a shared account, and of a printer.
ACCOUNT_ID, ACCOUNT_DISABLED, NOTES = "account-id", "disabled", "notes"
COST_MODEL, SIMPLE_COST = "cost-model", "SIMPLE"
# No page names the property behind "Unauthenticated printer": these are tried.
POPUP = ("unauthenticated", "unauthenticated-printer", "advanced-config.unauthenticated")

YES, NO = "TRUE", "FALSE"

BUILT_IN = "!!"  # what the API's names of PaperCut's own groups begin with
ALL_USERS = "!!All Users!!"
OWN_GROUPS = ("[All Users]", "[Internal Users]", ALL_USERS, "!!Internal Users!!")  # as pages and API name them
NO_QUOTA = "NONE"


def is_true(text: str) -> bool:
    """Return a property's truth; PaperCut spells booleans TRUE, true and Y. Source: HexaSpaceRND, C# sample."""
    return text.strip().lower() in ("true", "y", "yes", "1")


def is_built_in(group: str) -> bool:
    """Return whether the API's name of a group is that of one of PaperCut's own."""
    return group.startswith(BUILT_IN)
