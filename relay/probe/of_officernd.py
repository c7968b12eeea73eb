"""What is asked of OfficeRnD, in the order of asking."""

from __future__ import annotations

from functools import partial

from relay.officernd import model
from relay.probe.model import Asked, ProbeQuestion, asks, not_asked
from relay.probe.officernd_calls import NO_ID, json_of, rows_of, speaks_of_a_token
from relay.probe.unanswered import Unanswered

QUESTIONS: list[ProbeQuestion] = []
_asks = partial(asks, QUESTIONS, "officernd")
_not_asked = partial(not_asked, "officernd")


def _rate(asked: Asked, name: str) -> int:
    told = asked.officernd.first_page.headers.get(f"x-ratelimit-limit-read-{name}", "")
    if not told.isdecimal():
        raise Unanswered("the answer carries no such header")
    return int(told)


@_asks("How many reads a minute are allowed?", "the headers of one list")
def reads_a_minute(asked: Asked) -> int:
    return _rate(asked, "minute")


@_asks("How many reads a day are allowed?", "the headers of one list")
def reads_a_day(asked: Asked) -> int:
    return _rate(asked, "day")


@_asks("Do answers carry the limits?", "the headers of one list")
def rate_headers(asked: Asked) -> bool:
    return "x-ratelimit-limit-read-minute" in asked.officernd.first_page.headers


@_asks("How long is a page without a limit?", "members asked without one; none is kept")
def default_limit(asked: Asked) -> int:
    shown = len(rows_of(json_of(asked.officernd.first_page)))
    total = asked.officernd.read("members/count").get("total", 0)
    if shown >= total:
        raise Unanswered("there are too few members to tell")
    return shown


@_asks("How does a list end?", "lists that fit on one page")
def end_of_list(asked: Asked) -> str:
    for resource in ("locations", "plans", "members"):
        page = asked.officernd.read(resource, _limit="50")
        if isinstance(page, dict) and not page.get("cursorNext"):
            return "null" if "cursorNext" in page else "absent"
    raise Unanswered("every list that was asked is bare or longer than a page")


@_asks("Which lists are bare arrays?", "one record of each list")
def bare_lists(asked: Asked) -> list[str]:
    found = []
    for resource in ("members", "companies", "memberships", "plans", "locations", "fees"):
        answer = asked.officernd.get(resource, _limit="1")
        if answer.status_code == 200 and isinstance(json_of(answer), list):
            found.append(resource)
    return found


@_asks("What may memberships be filtered by?", "each filter, with nobody's id")
def membership_filters(asked: Asked) -> list[str]:
    """Return those filters that the list takes; any that it does not know is a 400."""
    taken = []
    for name in ("company", "location", "member", "plan", "status"):
        answer = asked.officernd.get("memberships", _limit="1", **{name: "approved" if name == "status" else NO_ID})
        if answer.status_code not in (200, 400):
            raise Unanswered(f"GET /memberships with a filter answered HTTP {answer.status_code}")
        if answer.status_code == 200:
            taken.append(name)
    return taken


@_asks("How does a member without e-mail look?", "some members; none is kept")
def missing_email(asked: Asked) -> str:
    for member in asked.officernd.some_members:
        if not member.get("email"):
            return "absent" if "email" not in member else "null" if member["email"] is None else "empty"
    raise Unanswered("every member that was looked at has an e-mail address")


@_asks("How does a member without properties look?", "some members; none is kept")
def empty_properties(asked: Asked) -> str:
    for member in asked.officernd.some_members:
        if not member.get("properties"):
            return "absent" if "properties" not in member else "object"
    raise Unanswered("every member that was looked at has custom properties")


@_asks("How is a token refused?", "a scope that does not exist")
def token_error_shape(asked: Asked) -> str:
    answer = asked.officernd.ask_token("flex.papercut.probe.read")
    if answer.status_code == 200:
        raise Unanswered("a scope that does not exist was granted")
    body = json_of(answer)
    return "envelope" if isinstance(body, dict) and "statusCode" in body else "oauth"


@_asks("What does the count of fees take?", "the count, and once with nobody's id")
def fee_count(asked: Asked) -> str:
    plain = asked.officernd.get("fees/count")
    if plain.status_code == 404:
        return "absent"
    if plain.status_code != 200:
        raise Unanswered(f"GET /fees/count answered HTTP {plain.status_code}")
    filtered = asked.officernd.get("fees/count", member=NO_ID)
    if filtered.status_code == 400:
        return "plain"
    total = json_of(plain).get("total")
    if not total:
        raise Unanswered("there is no fee to be counted")
    return "ignoring" if json_of(filtered).get("total") == total else "filtered"


@_asks("Are memberships counted?", "the count, and once with nobody's id")
def membership_count(asked: Asked) -> str:
    plain = asked.officernd.get("memberships/count")
    if plain.status_code == 404:
        return "absent"
    filtered = asked.officernd.get("memberships/count", member=NO_ID)
    if plain.status_code != 200 or filtered.status_code != 200:
        raise Unanswered("the count is there and refuses a filter")
    if not json_of(plain).get("total") or json_of(plain) != json_of(filtered):
        raise Unanswered("there is no membership to be counted, or the count takes filters")
    return "ignoring"


@_asks("How is a sign-in of nobody refused?", "one sign-in of a made-up address")
def signin_unknown_email(asked: Asked) -> int:
    status = asked.officernd.refused_signin.status_code
    if status not in (400, 401, 403, 404):
        raise Unanswered(f"a sign-in of nobody answered HTTP {status}")
    return status


@_asks("Does that read like a bad token?", "the same answer")
def signin_refusal_like_bad_token(asked: Asked) -> bool:
    answer = asked.officernd.refused_signin
    if answer.status_code != 401:
        raise Unanswered("a sign-in of nobody is not answered by a 401")
    return speaks_of_a_token(answer)


@_asks("Are there billing settings?", "one read")
def billing_settings(asked: Asked) -> str:
    status = asked.officernd.get("billing-settings").status_code
    if status not in (200, 404):
        raise Unanswered(f"GET /billing-settings answered HTTP {status}")
    return "present" if status == 200 else "absent"


@_asks("Are prices with tax?", "a field of the billing settings")
def prices_include_tax(asked: Asked) -> bool:
    told = model.prices_include_tax(asked.officernd.read("billing-settings"))
    if told is not None:
        return told
    raise Unanswered("no field of the billing settings says it in words that are known")


@_asks("How is an unknown organisation answered?", "a list of a made-up one", switch=False)
def unknown_slug(asked: Asked) -> int:
    return asked.officernd.get("members", slug="papercut-relay-probe-nobody", _limit="1").status_code


@_asks("Can integrations be read?", "one read, where the scope is granted", switch=False)
def integrations(asked: Asked) -> int:
    token = asked.officernd.token_for("flex.settings.integrations.read")
    return asked.officernd.get("integrations", token=token).status_code


QUESTIONS += _not_asked(
    "it would take many calls or a full minute's allowance, and hold up the site",
    writes_a_minute="How many writes a minute are allowed?",
    writes_a_day="How many writes a day are allowed?",
    tokens_a_minute="How many tokens a minute are allowed?",
    write_rate_headers="Do answers to writes carry the limits?",
    retry_after="Does a 429 say when to come back?",
    cursors="What does a write between two pages do?",
    list_lag_s="How late is a new fee in the lists?",
)
QUESTIONS += _not_asked(
    "only a change of members, memberships or plans could tell, and a probe changes nothing in OfficeRnD",
    properties_on_put="Does PUT replace or merge properties?",
    membership_bumps_member="Does a changed membership move the member's modifiedAt?",
    plans_can_be_created="Can a plan be made?",
    account_follows_email="Does a sign-in follow a changed address?",
)
QUESTIONS += _not_asked(
    "only a fee could tell, and somebody would be billed for it",
    fee_makes_drop_in="Does a fee turn a contact into a drop-in?",
    coins_switch_in="Where is shouldUseCoins read?",
    coins_shown_as="What does a fee show that coins pay in part?",
    recurring_plan_for_fee="Is a fee of a recurring plan refused?",
    plan_at_other_location="Is a plan of another location refused?",
    negative_price="May a fee be negative?",
    company_of_fee="Is the company of a member's fee filled in?",
    fee_update_fields="What may be changed of a fee?",
    fee_price_digits="Is a stored price rounded?",
    waived_shown_as="How does a waived fee look?",
    lock_applies_to="What does a billing lock date forbid?",
)
QUESTIONS += _not_asked(
    "only a member's own password could tell",
    signin_status="What does a right password answer?",
    signin_wrong_password="How is a wrong password refused?",
    signin_no_password="How is somebody refused who has made no password?",
    signin_portal_access_off="How is somebody refused whose access is off?",
    signin_sso_only="How is somebody refused who signs in elsewhere?",
    signin_admits_admins="Does an administrator pass?",
    signin_email_case_sensitive="Does the case of an address matter?",
    signin_lockout_after="After how many failures is an account locked?",
    signin_lockout_minutes="For how long?",
    signin_lockout_status="How is a locked account refused?",
    organisation_is_sso_only="Is the password login off for all?",
)
QUESTIONS += _not_asked(
    "webhooks come to serve, and tell of themselves there",
    webhook_fields="Which names do webhooks use?",
    webhook_attempts="How often is a webhook sent?",
    webhook_delay_s="How late does a webhook come?",
    webhook_duplicate_every="Does a webhook come twice?",
    webhook_lose_every="Does a webhook get lost?",
    webhook_reorder="Do webhooks come out of order?",
)
