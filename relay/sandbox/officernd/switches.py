"""Everything about OfficeRnD that nobody could tell us for sure, as named switches.

One value for each UNKNOWN (or weakly known fact) of the reference, with the section that names it. The defaults are the
likelier or the stricter reading. The product must work in every position. Nothing here acts by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal, get_args, get_origin, get_type_hints


@dataclass(slots=True)
class OfficeRnDSwitches:
    """How the stand-in behaves where the reference does not say. Names in brackets: section of officernd-api."""

    # -- limits (2.1); 0 switches a limit off
    reads_a_minute: int = 400  # [2.1] about 400 were observed
    writes_a_minute: int = 400  # [2.1] number unknown
    reads_a_day: int = 500_000  # [2.1] number unknown
    writes_a_day: int = 100_000  # [2.1] number unknown
    tokens_a_minute: int = 5  # [1] five calls of the token endpoint
    rate_headers: bool = True  # [2.1] seen on good answers
    write_rate_headers: bool = True  # [2.1] the write family is an inference
    retry_after: bool = True  # [2.1] clients expect it on a 429; it was not seen

    # -- token endpoint (1)
    token_error_shape: Literal["oauth", "envelope"] = "oauth"  # [1] body of a refusal unknown

    # -- shape of lists (2.3, 2.4)
    default_limit: int = 50  # [2.3] the page says 50; one test saw 30 without a limit
    end_of_list: Literal["absent", "null"] = "absent"  # [2.3] cursorNext at the end
    cursors: Literal["keyset", "offset"] = "keyset"  # [2.3] opaque: what a write between two pages does is unknown
    bare_lists: frozenset[str] = frozenset()  # [2.3] resources that answer a bare array, e.g. {"locations"}
    membership_filters: frozenset[str] = frozenset(
        {"company", "member", "location", "plan", "status"}
    )  # [2.4] not listed

    # -- records (3.1, 3.10)
    missing_email: Literal["absent", "null", "empty"] = "absent"  # [3.1] how a member without e-mail looks
    empty_properties: Literal["absent", "object"] = "absent"  # [5] seen missing when empty
    properties_on_put: Literal["replace", "merge"] = "replace"  # [2.5] unknown: read, merge, write
    membership_bumps_member: bool = False  # [2.4] whether a changed membership moves the member's modifiedAt
    fee_makes_drop_in: bool = True  # [3.1] by the definition of drop-in a fee turns a contact or former into one

    membership_count: Literal["ignoring", "absent"] = (
        "ignoring"  # [2.4, corrections] seen, filters ignored; no page documents it
    )

    # -- plans (3.4)
    plans_can_be_created: Literal["no", "unauthorized", "yes"] = (
        "no"  # [3.4, corrections] in neither the scope list nor the endpoint list: 404, 401 or allowed after all
    )

    # -- fees (3.5)
    coins_switch_in: Literal["query", "body"] = (
        "query"  # [corrections] documented for POST and PUT; the other place refuses it
    )
    coins_shown_as: Literal["discount", "nothing"] = "discount"  # [8.4] what a fee shows that coins pay in part
    recurring_plan_for_fee: Literal["refuse", "accept"] = "refuse"  # [3.4] a fee needs a one-off plan
    plan_at_other_location: Literal["refuse", "accept"] = "refuse"  # [3.4] plan not sold at the fee's location
    negative_price: Literal["refuse", "accept"] = "refuse"  # [3.5] not said
    company_of_fee: Literal["filled", "as_sent"] = "filled"  # [8.7] a member's fee sent without company
    fee_update_fields: frozenset[str] = frozenset(
        {"properties", "price", "billToMember"}
    )  # [corrections] documented; any other field of a fee in another position
    fee_count: Literal["filtered", "plain", "ignoring", "absent"] = (
        "filtered"  # [corrections] documented; plain refuses filters, ignoring drops them as for memberships [2.4]
    )
    fee_price_digits: int = -1  # [3.5] digits that a stored price is rounded to, half up; -1 stores it as sent
    list_lag_s: float = 0.0  # [2.3] how long a new fee is in no list and no count; nothing was seen of it
    waived_shown_as: Literal["nothing", "status", "payment"] = "nothing"  # [3.5] how Waived looks in the API
    lock_applies_to: frozenset[str] = frozenset({"POST", "PUT", "DELETE"})  # [3.5] what a billing lock date forbids

    prices_include_tax: bool = (
        False  # [corrections] the organisation's own setting; PaperCut's prices know nothing of it
    )
    billing_settings: Literal["present", "absent"] = "present"  # [corrections] documented; its fields are not known

    # -- sign-in (4.2)
    signin_status: int = 200  # [corrections] documented; other POSTs answer 201
    signin_wrong_password: int = 401
    signin_unknown_email: int = 401
    signin_no_password: int = 401  # invited, no password made yet
    signin_portal_access_off: int = 403
    signin_sso_only: int = 403  # that account, or all while `organisation_is_sso_only`
    signin_refusal_like_bad_token: bool = False  # a 401 of a wrong password reads like the 401 of a bad token
    signin_admits_admins: bool = True  # an admin of the organisation passes
    signin_email_case_sensitive: bool = False
    signin_lockout_after: int = 0  # failures of one account; 0: never
    signin_lockout_minutes: int = 15
    signin_lockout_status: int = 429
    organisation_is_sso_only: bool = False  # [4.3] password login switched off for all

    account_follows_email: bool = (
        True  # [4.1] user and member are joined by e-mail: what a changed address does is unknown
    )

    # -- webhooks (5)
    webhook_fields: Literal["v2", "v1"] = "v2"  # names inside data.object
    webhook_attempts: int = 1  # deliveries of an event that is not answered 2xx; retries unknown
    webhook_delay_s: float = 0.0
    webhook_duplicate_every: int = 0  # every nth event is delivered twice
    webhook_lose_every: int = 0  # every nth event is never delivered
    webhook_reorder: bool = False  # what waits is delivered last first

    # -- not unknown, but of this machine
    latency_s: float = 0.0  # added to every answer of the API; about 0.12 was observed

    def change(self, values: dict[str, object]) -> None:
        """Set several switches by name. Raises ValueError for an unknown name or a value of another type."""
        known = get_type_hints(type(self))
        checked: dict[str, object] = {}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"there is no switch {name}; known are {', '.join(sorted(known))}")
            present = getattr(self, name)
            if isinstance(present, frozenset) and isinstance(value, (list, tuple, set, frozenset)):
                value = frozenset(map(str, value))
            elif isinstance(present, float) and isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
            if type(value) is not type(present):
                raise ValueError(f"the switch {name} takes {type(present).__name__}, not {value!r}")
            if get_origin(known[name]) is Literal and value not in get_args(known[name]):
                raise ValueError(f"the switch {name} takes {' or '.join(get_args(known[name]))}, not {value}")
            checked[name] = value
        for name, value in checked.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, object]:
        values = {row.name: getattr(self, row.name) for row in fields(self)}
        return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Application:
    """An application of Developer Tools: its token requests may name any of `scopes` and nothing else (1)."""

    client_id: str
    client_secret: str = field(repr=False)
    scopes: frozenset[str] = frozenset()


RELAY_SCOPES = frozenset(
    {
        "flex.settings.organization.read",
        "flex.settings.customProperties.read",
        "flex.community.members.read",
        "flex.community.companies.read",
        "flex.community.memberships.read",
        "flex.community.checkins.read",
        "flex.billing.plans.read",
        "flex.billing.payments.read",
        "flex.space.locations.read",
        "flex.space.passes.read",
        "flex.space.coins.read",
        "flex.community.fees.read",
        "flex.community.fees.create",
        "flex.community.fees.update",
        "flex.community.fees.delete",
        "flex.settings.webhooks.read",
        "flex.settings.webhooks.create",
        "flex.settings.webhooks.update",
        "flex.settings.webhooks.delete",
    }
)
"""What the relay's own application is granted (officernd-api 1)."""

SIGNIN_SCOPES = frozenset({"flex.user.auth.signin"})
"""What the second application is granted: it may check passwords and nothing else."""
