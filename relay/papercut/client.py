"""PaperCut's web services in PaperCut's own nouns: translate, decide nothing.

Reads are repeated within bounds; a writing call is sent once, and a lost answer to it is `OutcomeUnknown`. Amounts
are micros (see `relay/amounts.py`); doubles exist on the wire only. An empty list is never the truth by itself: it is
checked against a second call or refused.

The plain `performUserAndGroupSync` is not here on purpose: it would use the administrator's "delete" setting.

Source: PaperCut manual, XML Web Services; ServerCommandProxy (method names and types); PaperCutExamples wiki (fault
codes); HexaSpaceRND field report (access-denied text, typed offsets).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import requests

from relay import amounts, errors, foreign, http, json_text
from relay.clock import Clock
from relay.config import Settings
from relay.language import N_, lazy
from relay.papercut import keys, wire
from relay.papercut.wire import Double, Value
from relay.progress import Progress

SYSTEM = "PaperCut"
MOST_NAMES = 200_000  # of one list, which has to end
MOST_PAGES = 2_000
LONGEST_NAME = foreign.LONGEST  # PaperCut's own columns end at 255 characters
_LONGEST_COUNT = 18  # digits that a database's integer can hold
_LONGEST_MESSAGE = 20_000
PAGE = 1000  # the size that PaperCut's own proxy calls efficient
ACCESS_DENIED = "Your IP address is not allowed"
TEMPLATE_PRINTER = "!!template printer!!"
TASK_POLL_SHORTEST_S = 0.02
TASK_POLL_LONGEST_S = 2.0

_NOT_FOUND_CODES = {262, 263, 283, 284}
_CONFLICT_CODES = {267, 268, 272}
# Before 19.2 only the text tells, and the codes of several faults are not published.
_NOT_FOUND_TEXT = re.compile(r"not found|does(?: not|n't) exist|unknown (?:user|group|printer|account)|no such", re.I)
_AUTH_TEXT = re.compile(r"access denied|token|authenticat|not authori[sz]ed|unauthori[sz]ed", re.I)
_CONFLICT_TEXT = re.compile(r"already (?:exists|in use|used)|not unique|duplicate", re.I)

Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """The one background task of the server; `message` grows line by line, its last line is the summary."""

    completed: bool
    message: str

    @property
    def summary(self) -> str:
        return foreign.shown(self.message.strip().rsplit("\n", 1)[-1])


@dataclass(frozen=True, slots=True)
class GroupQuota:
    """A native quota: `amount` micros every `period` (NONE, DAILY, WEEKLY, MONTHLY); 0 for no upper bound."""

    amount: int
    period: str
    max_accumulation: int


@dataclass(frozen=True, slots=True)
class SharedAccount:
    """A shared account: PaperCut's id of it, which stays when it is renamed, and its balance in micros."""

    account_id: str
    balance: int


@dataclass(frozen=True, slots=True)
class AccountReading:
    """What a user's account held: the balance in micros, and the job counter right before and right after it.

    Where the two counters differ a job was charged in between, and balance and counter do not belong together. `email`
    tells whose account it is, since staff rename accounts.
    """

    balance: int
    jobs_before: int
    jobs: int
    email: str = ""

    @property
    def is_steady(self) -> bool:
        return self.jobs_before == self.jobs


class PaperCut:
    """One server. May be used from several threads; at most `connections` calls are under way at once."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        section = settings.papercut
        self._section = section
        self._clock = clock
        self._token = section.auth_token.get_secret_value()
        self._lock = threading.Lock()
        self.writes = 0
        parts = urlsplit(section.url)
        self.address = f"{parts.scheme}://{parts.netloc}"
        try:
            # With a certificate of its own the server is pinned: no public authority may speak for it.
            self._http = http.session(connections=section.connections, ca_file=section.ca_file, public_too=False)
        except OSError as error:
            if section.ca_file is None:  # the system's own refusal, such as too many open files
                raise
            why = error.strerror or error
            wrong = lazy(
                "%(ca_file)s holds no certificate that can be read (%(why)s); "
                "export PaperCut's certificate as PEM there",
                ca_file=section.ca_file,
                why=why,
            )
            raise errors.ConfigError([errors.Problem(wrong, "papercut", "ca_file", str(settings.path))]) from None

    # -- users ---------------------------------------------------------------------------------------------------

    def total_users(self) -> int:
        return self._int("getTotalUsers")

    def usernames(self) -> list[str]:
        """Return every account's username, sorted by PaperCut, internal ones too.

        Checked against getTotalUsers; raises BadAnswer when the two disagree twice, so that a short or empty list is
        never taken for people who left.
        """
        for last_try in (False, True):
            total = self.total_users()
            names = self._pages("listUserAccounts", ())
            if len(names) == total and len(set(names)) == total:
                return self._apart(names)
            if last_try:
                raise errors.BadAnswer(
                    lazy(
                        "PaperCut lists %(names)s users but counts %(total)s; nothing was changed, try again in a "
                        "few minutes.",
                        names=len(set(names)),
                        total=total,
                    ),
                    system=SYSTEM,
                    operation="listUserAccounts",
                )
        raise AssertionError("unreachable")

    def _apart(self, names: list[str]) -> list[str]:
        """Return usernames that are still so many without their case, which nobody minds at a login."""
        seen: dict[str, str] = {}
        for name in names:
            if (other := seen.setdefault(name.lower(), name)) != name:
                raise errors.BadAnswer(
                    lazy(
                        "PaperCut lists the users %(other)s and %(name)s, which are one to whoever logs in; nothing "
                        "was changed: rename one of them in PaperCut.",
                        other=other,
                        name=name,
                    ),
                    system=SYSTEM,
                    operation="listUserAccounts",
                )
        return names

    def user_exists(self, username: str) -> bool:
        return self._bool("isUserExists", username)

    def user_groups(self, username: str) -> list[str]:
        return self._texts("getUserGroups", username)

    def user_properties(self, username: str, names: Sequence[str]) -> dict[str, str]:
        """Return the named properties as text, in one call. Raises NotFound for an unknown user."""
        values = self._texts("getUserProperties", username, list(names))
        return self._paired(names, values, "getUserProperties")

    def users_properties(
        self, usernames: Sequence[str], names: Sequence[str], progress: Progress | None = None
    ) -> dict[str, dict[str, str]]:
        """Return the named properties of many users: {"ann": {"email": "..."}}; one call each, several at once.

        There is no bulk read in the API. A user deleted meanwhile is left out; any other failure fails the whole, also
        a server that lists a user and does not know the properties: nobody is left out by a contradiction.
        """
        return self._of_each(
            usernames, lambda username: self.user_properties(username, names), lazy("Reading PaperCut users"), progress
        )

    def _of_each(
        self, usernames: Sequence[str], read: Callable[[str], Found], title: str, progress: Progress | None
    ) -> dict[str, Found]:
        def one(username: str) -> tuple[str, Found] | None:
            try:
                return username, read(username)
            except errors.NotFound:
                if self.user_exists(username):
                    raise errors.BadAnswer(
                        lazy(
                            "PaperCut lists %(username)s but does not know them in the next call; nothing was "
                            "changed, look at server.log and try again.",
                            username=username,
                        ),
                        system=SYSTEM,
                        operation="getUserProperties",
                    ) from None
                return None

        return dict(found for found in self.in_parallel(one, usernames, progress, title) if found)

    def set_user_properties(self, username: str, pairs: Sequence[tuple[str, str]]) -> None:
        self._write("setUserProperties", username, [list(pair) for pair in pairs])

    def look_up_by_email(self, email: str) -> str:
        """Return the username with this e-mail, "" for none."""
        return self._text("lookUpUserNameByEmail", email)

    def add_new_user(self, username: str) -> None:
        """Make an account for a user whom the user source lists; PaperCut asks the source for the details."""
        self._write("addNewUser", username)

    def rename_user(self, current: str, new: str) -> None:
        """Rename an account; balance, card, groups and history stay with it."""
        self._write("renameUserAccount", current, new)

    def delete_user(self, username: str, redact: bool = False) -> None:
        self._write("deleteExistingUser", username, redact)

    def set_overdraft_mode(self, username: str, mode: str) -> None:
        """Set "individual" or "default"; `overdraft-amount` counts only with "individual"."""
        self._write("setUserOverdraftMode", username, mode)

    # -- balances ------------------------------------------------------------------------------------------------

    def balance(self, username: str) -> int:
        """Return the balance in micros: of [papercut] personal_account where named, else over all of them."""
        method = "getUserAccountBalance"
        value = self._decimal(self._read(method, username, *self._account()), method)
        try:
            return amounts.from_double(float(value))
        except ValueError:
            raise self._bad(
                method,
                lazy("says %(value)s for the balance of %(username)s", value=format(value, ".6g"), username=username),
            ) from None

    def account_reading(self, username: str) -> AccountReading:
        """Return a user's balance between two looks at the job counter. Raises NotFound for an unknown user.

        Both stand in one answer, in the order asked for; with [papercut] personal_account the property is the total of
        all personal accounts, so the one that is billed is asked for between two calls.
        """
        jobs, email = keys.JOB_COUNT, keys.EMAIL
        if self._section.personal_account:
            before = self._texts("getUserProperties", username, [jobs])
            balance = self.balance(username)
            texts = [*before, "", *self._texts("getUserProperties", username, [jobs, email])]
        else:
            texts = self._texts("getUserProperties", username, [jobs, keys.BALANCE, jobs, email])
        if len(texts) != 4:
            raise self._bad("getUserProperties", lazy("gave %(texts)s values for 4 names", texts=len(texts)))
        try:
            if not self._section.personal_account:
                balance = balance_from_text(texts[1])
            return AccountReading(balance, _count(texts[0]), _count(texts[2]), texts[3])
        except (ValueError, OverflowError):
            raise errors.BadAnswer(
                lazy(
                    "PaperCut says %(balance)s for the balance and %(jobs)s for the job count of %(username)s, "
                    "which is not a number; nothing was billed. Look at the account in PaperCut.",
                    balance=self._quoted(texts[1]),
                    jobs=self._quoted(texts[0]),
                    username=username,
                ),
                system=SYSTEM,
                operation="getUserProperties",
            ) from None

    def account_readings(self, usernames: Sequence[str], progress: Progress | None = None) -> dict[str, AccountReading]:
        """Return the readings of many users; one deleted meanwhile is left out."""
        return self._of_each(usernames, self.account_reading, N_("Reading balances"), progress)

    def adjust_balance(self, username: str, micros: int, comment: str) -> None:
        """Add `micros` to the balance as a transaction; relative, never an absolute value."""
        self._write("adjustUserAccountBalance", username, Double(micros), comment, *self._account())

    def adjust_balance_if_available(self, username: str, micros: int, comment: str) -> bool:
        """Add `micros` (negative to take) only if the balance covers it; False: nothing was done."""
        done = self._write("adjustUserAccountBalanceIfAvailable", username, Double(micros), comment, *self._account())
        return bool(done)

    def _account(self) -> tuple[str, ...]:
        return (self._section.personal_account,) if self._section.personal_account else ()

    # -- groups --------------------------------------------------------------------------------------------------

    def groups(self) -> list[str]:
        """Return PaperCut's group list without its own groups (`!!All Users!!` and the like)."""
        return [name for name in self._pages("listUserGroups", ()) if not keys.is_built_in(name)]

    def group_exists(self, group: str) -> bool:
        return self._bool("isGroupExists", group)

    def group_members(self, group: str) -> list[str]:
        return self._pages("getGroupMembers", (group,))

    def add_group(self, group: str) -> None:
        """Put a group that the user source lists into the group list; runs as the background task."""
        self._write("addNewGroup", group)

    def remove_group(self, group: str) -> None:
        self._write("removeGroup", group)

    def sync_group(self, group: str) -> None:
        """Read one group's members from the user source, now."""
        self._write("syncGroup", group)

    def group_quota(self, group: str) -> GroupQuota:
        answer = self._read("getGroupQuota", group)
        try:
            return GroupQuota(
                amounts.from_decimal(Decimal(answer["QuotaAmount"])),
                str(answer["QuotaPeriod"]),
                amounts.from_decimal(Decimal(answer["QuotaMaxAccumulation"])),
            )
        except (KeyError, TypeError, ArithmeticError, ValueError):
            raise self._bad("getGroupQuota", f"answered {self._quoted(answer, 60)}") from None

    # -- printers and shared accounts ----------------------------------------------------------------------------

    def printers(self) -> list[tuple[str, str]]:
        """Return (server, printer) of every printer and device, the template row included."""
        found = []
        for name in self._pages("listPrinters", ()):
            server, _, printer = name.partition("\\")
            found.append((server, printer))
        return found

    def printer_properties(self, server: str, printer: str, names: Sequence[str]) -> dict[str, str]:
        values = self._texts("getPrinterProperties", server, printer, list(names))
        return self._paired(names, values, "getPrinterProperties")

    def set_printer_property(self, server: str, printer: str, name: str, value: str) -> None:
        self._write("setPrinterProperty", server, printer, name, value)

    def printer_cost(self, server: str, printer: str) -> int:
        """Return the price of a page in micros under the simple cost model."""
        value = self._read("getPrinterCostSimple", server, printer)
        return amounts.from_decimal(self._decimal(value, "getPrinterCostSimple"))

    def jobs_printed(self) -> int:
        """Return how many jobs all printers and devices have counted: no smaller counter sees a shared account's jobs.

        Source: ServerCommandProxy (printer property print-stats.job-count).
        """
        name = keys.JOB_COUNT

        def counted(row: str) -> int:
            server, _, printer = row.partition("\\")
            try:
                text = self.printer_properties(server, printer, [name])[name]
            except errors.NotFound:  # taken away since the list was read
                return 0
            try:
                return _count(text)
            except ValueError:
                raise self._bad(
                    "getPrinterProperties",
                    lazy("says %(text)s for the job count of %(row)s", text=self._quoted(text), row=row),
                ) from None

        rows = [row for row in self._pages("listPrinters", ()) if TEMPLATE_PRINTER not in row]
        return sum(self.in_parallel(counted, rows))

    def shared_accounts(self) -> list[str]:
        """Return the name of every shared account as PaperCut spells it, `parent\\sub` for a nested one."""
        return self._pages("listSharedAccounts", ())

    def shared_account(self, name: str) -> SharedAccount:
        """Return a shared account (`parent\\sub` for a nested one). Raises NotFound for an unknown one."""
        method, names = "getSharedAccountProperties", (keys.ACCOUNT_ID, keys.BALANCE)
        texts = self._of_shared(name, lambda: self._texts(method, name, list(names)))
        if texts is None:
            missing = lazy("PaperCut has no shared account %(name)s.", name=repr(name))
            raise errors.NotFound(missing, system=SYSTEM, operation=method)
        found = self._paired(names, texts, method)
        try:
            return SharedAccount(found[keys.ACCOUNT_ID], balance_from_text(found[keys.BALANCE]))
        except (ValueError, OverflowError):
            raise self._bad(
                method,
                lazy("says %(found)s for the balance of %(name)s", found=self._quoted(found[keys.BALANCE]), name=name),
            ) from None

    def shared_account_notes(self, name: str) -> str | None:
        """Return the notes of a shared account, None where there is no such account.

        Source: ServerCommandProxy, shared account properties (`notes`).
        """
        return self._of_shared(name, lambda: self._text("getSharedAccountProperty", name, keys.NOTES))

    def _of_shared(self, name: str, read: Callable[[], Found]) -> Found | None:
        """Return what is read of a shared account, None where there is none.

        The fault's code for a missing account is not known, so whether there is one is asked for.
        """
        try:
            return read()
        except errors.AuthFailed:
            raise
        except errors.Refused:
            if self._bool("isSharedAccountExists", name):
                raise
            return None

    def add_shared_account(self, name: str, notes: str) -> None:
        """Make a shared account that nobody can charge, with these notes."""
        self._write("addNewSharedAccount", name)
        self._write("setSharedAccountProperty", name, keys.ACCOUNT_DISABLED, keys.YES)
        self.set_shared_account_notes(name, notes)

    def set_shared_account_notes(self, name: str, notes: str) -> None:
        self._write("setSharedAccountProperty", name, keys.NOTES, notes)

    def adjust_shared_account(self, account: str, micros: int, comment: str) -> None:
        """Add `micros` to a shared account's balance as a transaction; relative, never an absolute value."""
        self._write("adjustSharedAccountAccountBalance", account, Double(micros), comment)

    # -- server --------------------------------------------------------------------------------------------------

    def config(self, key: str) -> str:
        """Return a configuration value; "" also for a key that does not exist."""
        return self._text("getConfigValue", key)

    def set_config(self, key: str, value: str) -> None:
        self._write("setConfigValue", key, value)

    def sync_all(self) -> None:
        """Start the full user and group sync that deletes nobody and updates details; watch `task_status`."""
        self._write("performUserAndGroupSyncAdvanced", False, True)

    def task_status(self) -> TaskStatus:
        """Return the state of the current or latest background task; this call takes no token."""
        value = self._repeat("getTaskStatus", ())
        if not isinstance(value, dict) or not isinstance(value.get("completed"), bool):
            raise self._bad("getTaskStatus", f"answered {self._quoted(value, 60)}")
        return TaskStatus(
            value["completed"], foreign.without(str(value.get("message", "")), self._token)[-_LONGEST_MESSAGE:]
        )

    def wait_for_task(self, limit_s: float) -> TaskStatus:
        """Return the finished task's status. Raises BadAnswer when it is not over after `limit_s` seconds.

        PaperCut has one task slot: call this before starting a task too, since it may be somebody else's.
        """
        started_s = self._clock.monotonic_s()
        while True:
            status = self.task_status()
            if status.completed:
                return status
            elapsed_s = self._clock.monotonic_s() - started_s
            if elapsed_s >= limit_s:
                raise errors.BadAnswer(
                    lazy(
                        "PaperCut's background task was not over after %(limit_s)s s "
                        "(%(summary)s); look at Options > User/Group Sync and run again.",
                        limit_s=format(limit_s, ".0f"),
                        summary=status.summary or lazy("no message"),
                    ),
                    system=SYSTEM,
                    operation="getTaskStatus",
                )
            # A quarter of what it took so far: little is lost on a short task, and a long one is not pestered.
            self._clock.sleep(min(max(elapsed_s / 4, TASK_POLL_SHORTEST_S), TASK_POLL_LONGEST_S))

    def health(self) -> dict[str, Any]:
        """Return the health API's answer, {} where no key is set or it does not answer.

        Source: PaperCut manual, System Health API: the key of `health.api.key` goes raw into Authorization.
        """
        key = self.config(keys.HEALTH)
        if not key:
            return {}
        try:
            answer = self._http.get(
                f"{self.address}/api/health",
                headers={"Authorization": key},
                timeout=self._section.timeout_s,
                allow_redirects=False,
            )
            found = json_text.parsed(answer.content) if answer.status_code == 200 else {}
        except (requests.RequestException, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def version(self) -> str:
        """Return the server's version such as "24.1.10", "" where it cannot be read."""
        info = self.health().get("applicationServer", {})
        system = info.get("systemInfo", {}) if isinstance(info, dict) else {}
        text = str(system.get("version", ""))[:LONGEST_NAME] if isinstance(system, dict) else ""
        match = re.match(r"\d+(?:\.\d+){1,2}", text)
        return match.group() if match else ""

    # -- the one exchange ----------------------------------------------------------------------------------------

    def in_parallel(
        self,
        one: Callable[[str], Item],
        items: Sequence[str],
        progress: Progress | None = None,
        title: str = N_("Asking PaperCut"),
    ) -> Iterable[Item]:
        """Return `one(item)` for every item in order, at most `connections` at once; the first failure ends it."""
        results: list[Item] = []
        with (
            (progress or Progress()).phase(title, len(items)) as phase,
            ThreadPoolExecutor(self._section.connections) as pool,
        ):
            futures = [pool.submit(one, item) for item in items]
            try:
                for future in futures:
                    results.append(future.result())
                    phase.advance()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return results

    def _pages(self, method: str, parameters: tuple[Value, ...]) -> list[str]:
        """Return a whole list page by page, until an empty page; a server may cap a page below what is asked."""
        names: list[str] = []
        for _ in range(MOST_PAGES):
            page = self._texts(method, *parameters, len(names), PAGE)
            if not page:
                return names
            if names and page[0] == names[0]:
                raise self._bad(method, lazy("sent its first page again"))
            if any(len(name) > LONGEST_NAME for name in page):
                raise self._bad(method, lazy("gave a name that is longer than any it can store"))
            names.extend(page)
            if len(names) > MOST_NAMES:
                break
        raise self._bad(method, lazy("gave a list without end"))

    def _paired(self, names: Sequence[str], values: list[str], method: str) -> dict[str, str]:
        if len(names) != len(values):
            raise self._bad(
                method, lazy("gave %(values)s values for %(names)s names", values=len(values), names=len(names))
            )
        return dict(zip(names, values, strict=True))

    def _texts(self, method: str, *parameters: Value) -> list[str]:
        value = self._read(method, *parameters)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._bad(method, lazy("gave no list of texts"))
        return cast(list[str], value)

    def _text(self, method: str, *parameters: Value) -> str:
        value = self._read(method, *parameters)
        if not isinstance(value, str):
            raise self._bad(method, lazy("gave no text"))
        return value

    def _int(self, method: str, *parameters: Value) -> int:
        value = self._read(method, *parameters)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._bad(method, lazy("gave no whole number"))
        return value

    def _bool(self, method: str, *parameters: Value) -> bool:
        value = self._read(method, *parameters)
        if not isinstance(value, bool):
            raise self._bad(method, lazy("gave neither yes nor no"))
        return value

    def _decimal(self, value: Any, method: str) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not Decimal(value).is_finite():
            raise self._bad(method, lazy("gave %(value)s instead of an amount", value=self._quoted(value)))
        # Through a double: PaperCut computes in doubles, and may write out all their digits.
        return Decimal(repr(float(value)))

    def _quoted(self, value: Any, length: int = 40) -> str:
        """Return the beginning of a value that cannot be meant, as a sentence shows it."""
        return repr(foreign.without(str(value), self._token)[:length])

    def _bad(self, method: str, what: str) -> errors.BadAnswer:
        return errors.BadAnswer(
            lazy(
                "PaperCut %(what)s in answer to %(method)s; nothing was changed, look at server.log and try again.",
                what=what,
                method=method,
            ),
            system=SYSTEM,
            operation=method,
        )

    def _read(self, method: str, *parameters: Value) -> Any:
        return self._repeat(method, (self._token, *parameters))

    def _repeat(self, method: str, parameters: tuple[Value, ...]) -> Any:
        return http.repeat_read(lambda: self._exchange(method, parameters, writes=False), self._clock)

    def _write(self, method: str, *parameters: Value) -> Any:
        with self._lock:
            self.writes += 1
        return self._exchange(method, (self._token, *parameters), writes=True)

    def _exchange(self, method: str, parameters: tuple[Value, ...], *, writes: bool) -> Any:
        """Do exactly one exchange and translate whatever comes back."""
        where: dict[str, Any] = {"system": SYSTEM, "operation": method}
        try:
            body = wire.call(f"api.{method}", parameters)
        except ValueError:
            raise errors.Refused(
                lazy(
                    "%(method)s was not sent to PaperCut: a text in it has a control character that XML cannot carry.",
                    method=method,
                ),
                **where,
            ) from None
        try:
            answer = self._http.post(
                self._section.url,
                data=body,
                headers={"Content-Type": "text/xml; charset=utf-8"},
                timeout=self._section.timeout_s,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise self._transport(error, method, writes) from None
        if answer.status_code != 200:
            raise self._http_status(answer.status_code, method, writes)
        try:
            return wire.answer(answer.content, self._token)
        except wire.Fault as fault:
            raise _fault(fault.fault_code, fault.fault_string, method, self.address) from None
        except wire.Unreadable as error:
            if writes:
                raise self._lost(method, lazy("an unreadable answer (%(error)s)", error=error)) from None
            raise errors.BadAnswer(
                lazy(
                    "PaperCut at %(address)s sent an unreadable answer to %(method)s (%(error)s); is [papercut] url "
                    "right?",
                    address=self.address,
                    method=method,
                    error=error,
                ),
                transient=True,
                **where,
            ) from None

    def _transport(self, error: requests.RequestException, method: str, writes: bool) -> errors.RemoteError:
        failed = http.failure(error)
        where: dict[str, Any] = {"system": SYSTEM, "operation": method}
        told = {"address": self.address, "why": failed.why, "method": method}
        if failed.tls:
            return errors.NotSent(
                lazy(
                    "PaperCut's certificate at %(address)s is not accepted (%(why)s): use the name that stands in "
                    "it, and set [papercut] ca_file to the certificate.",
                    **told,
                ),
                code="tls",
                **where,
            )
        if failed.not_sent:
            return errors.NotSent(
                lazy(
                    "PaperCut cannot be reached at %(address)s (%(why)s): is the Application Server running, and "
                    "is [papercut] url right?",
                    **told,
                ),
                transient=not writes,
                **where,
            )
        if writes:
            return self._lost(method, failed.why)
        return errors.BadAnswer(
            lazy(
                "PaperCut at %(address)s did not answer %(method)s (%(why)s); nothing was changed, try again.", **told
            ),
            code="no_answer",
            transient=not failed.is_final,
            **where,
        )

    def _http_status(self, status: int, method: str, writes: bool) -> errors.RemoteError:
        where: dict[str, Any] = {"system": SYSTEM, "operation": method, "status": status}
        if status in (401, 403):
            return errors.AuthFailed(
                lazy(
                    "Something in front of PaperCut at %(address)s refuses us (HTTP %(status)s); allow this machine.",
                    address=self.address,
                    status=status,
                ),
                **where,
            )
        if 300 <= status < 500:
            return errors.Refused(
                lazy(
                    "%(url)s has no PaperCut web services (HTTP %(status)s): correct [papercut] url.",
                    url=self._section.url,
                    status=status,
                ),
                **where,
            )
        if writes:
            return self._lost(method, f"HTTP {status}")
        return errors.BadAnswer(
            lazy(
                "PaperCut at %(address)s failed on %(method)s (HTTP %(status)s); look at server.log and try again.",
                address=self.address,
                method=method,
                status=status,
            ),
            transient=True,
            **where,
        )

    def _lost(self, method: str, why: str) -> errors.OutcomeUnknown:
        return errors.OutcomeUnknown(
            lazy(
                "PaperCut's answer to %(method)s was lost (%(why)s): it may or may not have happened, so it is looked "
                "up and never sent again blindly.",
                method=method,
                why=why,
            ),
            system=SYSTEM,
            operation=method,
        )


def _count(text: str) -> int:
    """Return a counter's property, 0 for an empty one. Raises ValueError for what no counter shows."""
    if len(text) > _LONGEST_COUNT:
        raise ValueError("no counter")
    return int(text or "0")


def balance_from_text(text: str) -> int:
    """Return the `balance` property in micros. Raises ValueError for what is no number.

    Source: ServerCommandProxy: property values are always strings, numbers too.
    """
    value = float(text)
    return amounts.from_double(value)


def _fault(code: int, text: str, method: str, address: str) -> errors.Refused:
    where: dict[str, Any] = {"system": SYSTEM, "operation": method, "status": code}
    if ACCESS_DENIED in text:
        return errors.AuthFailed(
            lazy(
                "PaperCut at %(address)s does not allow web-service calls from this machine: add its address at "
                "Options > Advanced > Security > Allowed XML Web Services callers.",
                address=address,
            ),
            code="caller_not_allowed",
            **where,
        )
    if code in _NOT_FOUND_CODES or _NOT_FOUND_TEXT.search(text):
        return errors.NotFound(
            lazy("PaperCut does not know what %(method)s was asked for: %(text)s", method=method, text=text), **where
        )
    if code in _CONFLICT_CODES or _CONFLICT_TEXT.search(text):
        return errors.Conflict(lazy("PaperCut refused %(method)s: %(text)s", method=method, text=text), **where)
    if not 258 <= code <= 290 and _AUTH_TEXT.search(text):  # those codes have meanings of their own
        return errors.AuthFailed(
            lazy(
                "PaperCut at %(address)s does not accept the web-services token (%(text)s): compare [papercut] "
                "auth_token_file with the config key auth.webservices.auth-token.",
                address=address,
                text=text,
            ),
            code="token_refused",
            **where,
        )
    return errors.Refused(
        lazy(
            "PaperCut refused %(method)s: %(why)s (code %(code)s); look at its application log, then run again.",
            method=method,
            why=text.rstrip(".") or lazy("no reason given"),
            code=code,
        ),
        **where,
    )
