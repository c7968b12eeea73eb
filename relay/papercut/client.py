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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import requests

from relay import amounts, errors, foreign, json_text
from relay.language import N_, lazy
from relay.papercut import keys
from relay.papercut.web_services import LONGEST_NAME, SYSTEM, WebServices
from relay.papercut.wire import Double
from relay.progress import Progress

_LONGEST_COUNT = 18  # digits that a database's integer can hold
_LONGEST_MESSAGE = 20_000
TEMPLATE_PRINTER = "!!template printer!!"
TASK_POLL_SHORTEST_S = 0.02
TASK_POLL_LONGEST_S = 2.0

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


class PaperCut(WebServices):
    """One server, asked in its own nouns."""

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
