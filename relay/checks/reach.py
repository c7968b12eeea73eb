"""Can both systems be reached, are we let in, how old are they, do the clocks agree.

Source: PaperCut manual (allowed web-service callers, System Health API), vendor bulletins through installer.versions.
"""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from cryptography import x509

from relay import http
from relay.checks.model import Check, CheckedSite, Fix
from relay.errors import RemoteError
from relay.finding import Finding
from relay.installer import versions
from relay.language import joined, lazy
from relay.officernd import token
from relay.officernd.client import OfficeRnD
from relay.papercut import keys
from relay.papercut.client import PaperCut

CLOCK_TOLERANCE_S = 90
ISSUER_TIMEOUT_S = 5


def papercut(site: CheckedSite) -> Iterator[Finding]:
    """Reach PaperCut with our token; everything else about it waits for this."""
    address = site.settings.papercut.url
    try:
        client = PaperCut(site.settings, site.clock)
        client.total_users()
    except RemoteError as error:
        yield Finding(f"papercut_{error.code}", "error", "PaperCut", joined(error.message, _issuer(error, address)))
        return
    site.papercut = client
    site.health = client.health()


def officernd(site: CheckedSite) -> Iterator[Finding]:
    """Reach OfficeRnD with the relay's application; everything else about it waits for this."""
    section = site.settings.officernd
    try:
        client = OfficeRnD(site.settings, site.clock)
        client.organization()
    except RemoteError as error:
        address = section.token_url if error.operation == token.OPERATION else section.api_url
        yield Finding(f"officernd_{error.code}", "error", "OfficeRnD", joined(error.message, _issuer(error, address)))
        return
    site.officernd = client


def _issuer(error: RemoteError, url: str) -> str:
    """Return who issued the certificate that is not accepted, as a further sentence: a proxy is known by its name."""
    if error.code != "tls":
        return ""
    parts = urlsplit(url)
    context = ssl.create_default_context()
    # Nothing is sent over this connection: it is only asked whose certificate stands there.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 443), ISSUER_TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secured,
        ):
            certificate = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
    except (OSError, ValueError):
        return ""
    return lazy("The certificate there was issued by: %(issuer)s.", issuer=certificate.issuer.rfc4514_string())


def version(site: CheckedSite) -> Iterator[Finding]:
    found = site.reached_papercut.version() if site.health else ""
    parsed = versions.parse(found)
    if found and versions.sentence(parsed):
        name = ".".join(map(str, parsed or ()))
        yield Finding(
            "papercut_version",
            "warning",
            f"PaperCut {found}",
            lazy(versions.SENTENCES[versions.verdict(parsed)], name=name),
        )
    if site.health:
        return
    key = site.reached_papercut.config(keys.HEALTH)
    if key:
        yield Finding(
            "health_unreadable",
            "info",
            "PaperCut",
            lazy(
                "PaperCut's health interface does not answer to its own key, so version and licence cannot be "
                "read: compare the version by hand with 24.1.10, 25.0.13 and 26.0.5."
            ),
        )
    else:
        yield Finding(
            "health_key_missing",
            "info",
            "PaperCut",
            lazy("PaperCut's health interface has no key yet, so version and licence cannot be read."),
            lazy("sets the config key %(health)s to a new random value; nobody is touched by it", health=keys.HEALTH),
        )


def set_health_key(site: CheckedSite, findings: list[Finding]) -> None:
    site.reached_papercut.set_config(keys.HEALTH, secrets.token_urlsafe(24))


def callers(site: CheckedSite) -> Iterator[Finding]:
    allowed = [entry.strip() for entry in site.reached_papercut.config(keys.CALLERS).split(",")]
    if "*" in allowed or any(entry.startswith("0.0.0.0") for entry in allowed):
        yield Finding(
            "callers_everyone",
            "warning",
            "PaperCut",
            lazy(
                "Every machine in the network may call PaperCut's web services with a guessed token: at Options > "
                "Advanced > Security list only this machine, and what else must call, under Allowed XML Web Services "
                "callers."
            ),
        )


def clocks(site: CheckedSite) -> Iterator[Finding]:
    """Compare this machine's clock with both systems': days are counted and tokens expire by it."""
    settings = site.settings
    places = [("PaperCut", settings.papercut.url, settings.papercut.ca_file, "")] if site.papercut else []
    if site.officernd:
        cloud = settings.officernd
        places.append(("OfficeRnD", cloud.api_url, cloud.ca_file, cloud.proxy_url))
    for system, url, ca_file, proxy in places:
        try:
            session = http.session(connections=1, ca_file=ca_file, public_too=system == "OfficeRnD", proxy=proxy)
            with session:
                answer = session.head(url, timeout=ISSUER_TIMEOUT_S, allow_redirects=False)
            there = parsedate_to_datetime(answer.headers["Date"])
        except (requests.RequestException, OSError, KeyError, ValueError, TypeError):
            continue  # who answers calls but no date is not worth a finding
        there = there if there.tzinfo else there.replace(tzinfo=UTC)  # one that says no zone
        apart_s = (site.clock.now() - there).total_seconds()
        if abs(apart_s) > CLOCK_TOLERANCE_S:
            seconds = f"{abs(apart_s):.0f}"
            ahead, behind = (
                lazy("%(seconds)s s ahead of", seconds=seconds),
                lazy("%(seconds)s s behind", seconds=seconds),
            )
            apart = ahead if apart_s > 0 else behind
            yield Finding(
                "clock_difference",
                "warning",
                system,
                lazy(
                    "This machine's clock is %(apart)s %(system)s's: switch on time synchronisation "
                    "on both machines, since business days and top-up periods are counted by this one.",
                    apart=apart,
                    system=system,
                ),
            )


CHECKS = (
    Check(papercut, lazy("PaperCut answers, accepts the token and lets this machine call")),
    Check(officernd, lazy("OfficeRnD answers, with every permission that is needed")),
    Check(
        version,
        lazy("PaperCut's version has no known hole"),
        needs="papercut",
        fixes=(Fix("health_key_missing", set_health_key),),
    ),
    Check(callers, lazy("Only named machines may call PaperCut's web services"), needs="papercut"),
    Check(clocks, lazy("The clocks of all three agree")),
)
