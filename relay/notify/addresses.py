"""The addresses that messages go to, by Apprise, and the address that hears of each run; all of them are secrets.

An address is told by its scheme alone, and by its host where that is no part of the secret. Every exchange has a thread
and a time limit of its own: a service that hangs is left behind. None is led elsewhere. What is not near is reached as
OfficeRnD is: by the proxy of the settings, never by the environment's.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit, urlunsplit

from relay import foreign, http, language
from relay.config import Settings
from relay.config.sections import OfficeRnDSection
from relay.errors import ConfigError
from relay.language import lazy

log = logging.getLogger(__name__)

PASS_S = 8.0  # one look at what there is to tell, all its messages together
TEST_S = 20.0
PING_S = 4.0
# Where the host is a server's name; elsewhere it may be a token, as in slack://TOKEN/...
_NAMED_HOSTS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos"})


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a message to one address, which is told by its scheme and its line in the file."""

    address: str
    line: int
    sent: bool
    why: str = ""

    def as_json(self) -> dict[str, object]:
        return {"address": self.address, "line": self.line, "sent": self.sent, "why": self.why}


def addresses(settings: Settings) -> list[tuple[int, str]]:
    """Return the file's addresses with their lines; empty lines and comments are none."""
    if settings.notify.urls is None:
        return []
    lines = enumerate(settings.notify.urls.get_secret_value().splitlines(), 1)
    return [(number, line.strip()) for number, line in lines if line.strip() and not line.strip().startswith("#")]


def shown(url: str) -> str:
    """Return what may be told of an address: "slack://", "mailto://example.com"."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "") if parts.scheme.lower() in _NAMED_HOSTS else ""
    except ValueError:
        return "an address"
    return f"{parts.scheme.lower()}://{host}" if parts.scheme else "an address"


class Post:
    """Sends messages to every address, all within `limit_s` of the first one."""

    def __init__(self, settings: Settings, limit_s: float = PASS_S) -> None:
        self._addresses = addresses(settings)
        self._cloud = settings.officernd
        self._language = language.of_site(settings.console.locale)
        self._until = time.monotonic() + limit_s

    @property
    def has_addresses(self) -> bool:
        return bool(self._addresses)

    def send(self, title: str, body: str) -> list[Tried]:
        """Send one message, in the language of the site, to every address at once; never raises.

        Returns what became of each. What a system said may stand in it: it is made visible, and the title, a header of
        e-mails, is one line.
        """
        failures: dict[int, str] = {}
        with language.speaking(self._language):
            title, body = str(language.told(title)), str(language.told(body))
        title, body = foreign.shown(title), foreign.visible(body)

        def send_one(number: int, url: str) -> None:
            failures[number] = _deliver(url, title, body, self._cloud)

        threads = [_begin(partial(send_one, number, url)) for number, url in self._addresses]
        for thread in threads:
            thread.join(max(0.0, self._until - time.monotonic()))
        told = dict(failures)
        found = [
            Tried(shown(url), number, told.get(number) == "", told.get(number, lazy("it did not answer in time")))
            for number, url in self._addresses
        ]
        for one in found:
            if not one.sent:
                log.warning("no message went to line %d of [notify] urls_file, %s: %s", one.line, one.address, one.why)
        return found


def try_addresses(settings: Settings) -> list[Tried]:
    """Send a test message to every address. Raises ConfigError where there is none."""
    post = Post(settings, TEST_S)
    if not post.has_addresses:
        problem = lazy(
            "[notify] urls_file: names no address; put Apprise addresses into a file, one per line, and name it there"
        )
        raise ConfigError([problem])
    name = settings.site.name
    return post.send(
        lazy("%(name)s: test message", name=name),
        lazy("Messages of the print relay at %(name)s will come here.", name=name),
    )


def ping(settings: Settings, path: str = "") -> None:
    """Call the ping address, `path` "" for success, "/start" or "/fail"; never raises, and gives up soon."""
    if settings.notify.ping_url is None:
        return
    parts = urlsplit(settings.notify.ping_url.get_secret_value())
    url = urlunsplit(parts._replace(path=parts.path.rstrip("/") + path))
    thread = _begin(partial(_call, url, settings.officernd))
    thread.join(PING_S)
    if thread.is_alive():
        log.warning("the ping address did not answer in time")


def _begin(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, name="notify", daemon=True)
    thread.start()
    return thread


def _deliver(url: str, title: str, body: str, cloud: OfficeRnDSection) -> str:
    """Return why a message could not be sent, in a clause without the address, "" where it was."""
    try:
        import apprise  # only who has addresses pays for loading it

        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it logs parts of addresses
        http.bound_libraries(ca_file=cloud.ca_file, proxy=cloud.proxy_url)
        service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if service is None:
            return lazy("Apprise does not understand it")
        post = apprise.Apprise()
        post.add(service)
        is_taken = post.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
        return "" if is_taken else lazy("it was not taken")
    except Exception as error:
        return type(error).__name__


def _call(url: str, cloud: OfficeRnDSection) -> None:
    try:
        proxy = http.proxy_towards(url, cloud.proxy_url)
        with http.session(connections=1, ca_file=cloud.ca_file, proxy=proxy) as session:
            answer = session.get(url, timeout=PING_S, headers={"User-Agent": "papercut-relay"})
        if answer.status_code >= 300:  # also one that leads elsewhere, where we do not go
            log.warning("the ping address answered %d", answer.status_code)
    except Exception as error:
        log.warning("the ping address cannot be called: %s", type(error).__name__)
