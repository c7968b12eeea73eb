"""OfficeRnD's side of the settings: location, plan, rules, and the second application that checks passwords.

Source: OfficeRnD developer reference, authentication and scopes; plans and locations as in officernd.model.
"""

from __future__ import annotations

from collections.abc import Iterator

from papercut_scripts.token_cache import SCOPE as SIGNIN_SCOPE
from relay import language
from relay.checks.model import Check, CheckedSite, Fix
from relay.config import Settings
from relay.errors import AuthFailed, NotSent, RemoteError
from relay.finding import Finding
from relay.language import lazy
from relay.money.act import fees_plan
from relay.officernd.named import named
from relay.officernd.token import exchange, open_session
from relay.private_files import read_private


def location(site: CheckedSite) -> Iterator[Finding]:
    wanted = site.settings.officernd.location
    known = {place.id: place for place in site.reached_officernd.locations()}
    if wanted not in known:
        listed = ", ".join(f"{place.id} ({place.name})" for place in list(known.values())[:10]) or "none"
        yield Finding(
            "location_unknown",
            "error",
            wanted,
            lazy(
                "OfficeRnD has no location %(wanted)s: correct [officernd] location; it has %(listed)s.",
                wanted=wanted,
                listed=listed,
            ),
        )
        return
    zone, ours = known[wanted].timezone, site.settings.site.timezone
    if zone and zone != ours:
        yield Finding(
            "timezone_differs",
            "warning",
            known[wanted].name,
            lazy(
                "OfficeRnD counts this location's days in %(zone)s, [site] timezone says %(ours)s: fees near midnight "
                "may fall on another day than expected.",
                zone=zone,
                ours=ours,
            ),
        )
    for rule in site.settings.members.locations:
        if rule not in known:
            yield Finding(
                "rule_unknown",
                "warning",
                rule,
                lazy(
                    "[members] locations names %(rule)s, which OfficeRnD does not have: nobody is admitted by it.",
                    rule=rule,
                ),
            )


def _plans_named(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield each plan that the rules name, with what is told where OfficeRnD does not have it."""
    for rule in settings.members.plans:
        yield (
            rule,
            lazy("[members] plans names %(rule)s, which OfficeRnD does not have: nobody is admitted by it.", rule=rule),
        )
    for item in settings.top_up.plan:
        yield (
            item.plan,
            lazy(
                "[[top_up.plan]] names %(plan)s, which OfficeRnD does not have: nobody is topped up by it.",
                plan=item.plan,
            ),
        )
    for item in settings.included.plan:
        yield (
            item.plan,
            lazy(
                "[[included.plan]] names %(plan)s, which OfficeRnD does not have: nobody's printing is included by it.",
                plan=item.plan,
            ),
        )


def plans(site: CheckedSite) -> Iterator[Finding]:
    """Look at the plan that fees are made with, and at the plans that the rules name."""
    settings = site.settings
    known = site.reached_officernd.plans()
    for word, told in _plans_named(settings):
        if not named(known, word):
            yield Finding("rule_unknown", "warning", word, told)
    if settings.fees.managed_in == "papercut":
        return
    wanted = settings.fees.plan
    for fault in fees_plan.faults(known, wanted, settings.officernd.location):
        does = lazy(
            "makes the one-off plan %(wanted)s with price 0 in OfficeRnD; no member is touched", wanted=repr(wanted)
        )
        yield Finding(
            fault.code,
            "error",
            wanted,
            lazy("%(text)s, so no fee can be made: %(advice)s.", text=fault.text, advice=fees_plan.ADVICE[fault.code]),
            does if fault.code == fees_plan.MISSING else "",
        )


def tax(site: CheckedSite) -> Iterator[Finding]:
    """Compare the tax of the settings with what OfficeRnD says of its prices; where it says nothing, ask once."""
    fees = site.settings.fees
    if fees.managed_in == "papercut":
        return
    includes = site.reached_officernd.prices_include_tax()
    is_said = "tax_percent" in fees.model_fields_set
    if includes and fees.tax_rate:
        yield Finding(
            "tax_in_prices",
            "warning",
            "[fees] tax_percent",
            lazy(
                "OfficeRnD says that its prices include tax, and [fees] tax_percent is %(tax_percent)s: every print "
                'fee is then too small by that tax. Set tax_percent to "0".',
                tax_percent=language.number(fees.tax_percent),
            ),
        )
    elif includes is False and not is_said:
        yield Finding(
            "tax_is_added",
            "warning",
            "[fees] tax_percent",
            lazy(
                "OfficeRnD says that its prices are without tax. If it adds tax to print fees and PaperCut's prices "
                'include it already, members pay it twice: set [fees] tax_percent to the rate, or to "0" if all is '
                "well."
            ),
        )
    elif includes is None and not is_said:
        yield Finding(
            "tax_not_said",
            "info",
            "[fees] tax_percent",
            lazy(
                "OfficeRnD does not say whether it adds tax to print fees. If it does and PaperCut's prices "
                'include it already, set [fees] tax_percent to the rate; otherwise set it to "0", and this is '
                "not asked again."
            ),
        )


def make_fees_plan(site: CheckedSite, findings: list[Finding]) -> None:
    fees_plan.fees_plan(site.reached_officernd, site.settings, create=True)


def signin(site: CheckedSite) -> Iterator[Finding]:
    """Ask for a token as the login programs will; nobody's password is needed for it, and it is thrown away."""
    settings = site.settings
    if settings.signin.method == "pin":
        return
    section = settings.officernd
    secret = read_private(settings.signin.client_secret_file).strip()
    if settings.signin.client_id == section.client_id:
        yield Finding(
            "signin_shares_application",
            "warning",
            settings.signin.client_id,
            lazy(
                "The login programs use the relay's own application: make a second one that has only the scope "
                "%(signin_scope)s, so that the PaperCut machine's programs can do nothing else.",
                signin_scope=SIGNIN_SCOPE,
            ),
        )
    try:
        with open_session(section) as session:
            exchange(session, section, SIGNIN_SCOPE, client_id=settings.signin.client_id, secret=secret)
    except AuthFailed as error:
        if error.code == "scope_missing":
            yield Finding(
                "signin_scope_missing",
                "error",
                settings.signin.client_id,
                lazy(
                    "The application of [signin] lacks the scope %(signin_scope)s, so nobody can log in: add it at "
                    "Settings > Developer Tools.",
                    signin_scope=SIGNIN_SCOPE,
                ),
            )
        else:
            yield Finding(
                "signin_refused",
                "error",
                settings.signin.client_id,
                lazy(
                    "OfficeRnD does not accept [signin] client_id and client_secret_file, so nobody can log in: "
                    "compare them with Settings > Developer Tools."
                ),
            )
    except (NotSent, OSError):
        return  # the relay's own check of OfficeRnD tells what is wrong with the way there
    except RemoteError as error:
        yield Finding(
            "signin_not_checked",
            "info",
            settings.signin.client_id,
            lazy(
                "OfficeRnD's token endpoint answered HTTP %(status)s for [signin]; check again in a minute.",
                status=error.status or 0,
            ),
        )


CHECKS = (
    Check(location, lazy("OfficeRnD has this site's location, in the same time zone"), needs="officernd"),
    Check(
        plans,
        lazy("The plan for the fees can be used for billing, and every plan in the rules exists"),
        needs="officernd",
        fixes=(
            Fix(
                "fees_plan_missing",
                make_fees_plan,
                warning=lazy("A plan in OfficeRnD can be hidden, but not taken back."),
            ),
        ),
    ),
    Check(tax, lazy("It is settled whether OfficeRnD adds tax to print fees"), needs="officernd"),
    Check(signin, lazy("The application for logins may check passwords"), needs="officernd"),
)
