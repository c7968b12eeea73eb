"""Makes PaperCut equal to a plan: publish, rename, sync, groups, settings, verify. Decides nothing about people.

Order, so that a kill at any point is continued by the next run from the truth:

1. Intents are written down: links, groups, renames, whom we disable.
2. The programs' settings and the directory are published; renames go by journal, and while one is under way neither
   name is answered, so that no login and no sync in the gap makes a twin.
3. Printing is switched off for those who left.
4. Accounts: one native sync that deletes nobody, or the new-user event for single people.
5. Groups: new ones into the list, one background task each, then those whose members are not yet as meant.
6. Details, cards and settings that the sync did not carry; groups and accounts that are to go.
7. What was touched is read back and compared; what was meant and is not there is a failure with a name.

New groups come after the accounts and not before: each costs PaperCut a program start when it is added and one more in
every later full sync, so that this order halves the time of a first sync. Their members are read back either way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from relay import amounts
from relay.accounts import email_key, folded
from relay.counted import counted
from relay.errors import AuthFailed, Conflict, NotFound, OutcomeUnknown, Refused
from relay.language import N_, lazy
from relay.papercut import keys
from relay.people import read
from relay.people.act import pins
from relay.people.act.publish import publish, publish_programs
from relay.people.act.verify import DETAILS, Differences, differences, echo_of
from relay.people.decide import cards
from relay.people.decide.decisions import AccountDecision
from relay.people.decide.plan import SyncPlan
from relay.people.directory import Directory, directory_of
from relay.people.memory import links
from relay.people.world import Account, Link, PaperCutSide, Rename, World
from relay.remedy import Remedies, Remedy, as_json
from relay.site import Site

log = logging.getLogger(__name__)

SLOT_WAIT_S = 300  # for somebody else's background task
GROUP_TASK_S = 120
NEW_USER_S, USER_POLL_S = 120, 0.5
SYNC_TASK_S = 1800  # a native sync of a large server
SINGLE_REPAIRS = 50  # more accounts missing after a native sync are no slips of single ones


@dataclass(frozen=True)
class Failure:
    """Something that was meant and is not there: whose, and a sentence."""

    subject: str
    message: str
    remedies: Remedies = ()

    def as_json(self) -> dict[str, object]:
        return {"subject": self.subject, "message": self.message, "remedies": as_json(self.remedies)}


@dataclass(frozen=True)
class Applied:
    """What came of it: failures, the directory in force, and PaperCut as it is now as far as it was read back."""

    failures: tuple[Failure, ...]
    directory: Directory
    papercut: PaperCutSide


def apply(site: Site, plan: SyncPlan, world: World, *, targeted: bool = False) -> Applied:
    """Make PaperCut equal to `plan`. `targeted`: by single calls only, without a full native sync.

    A change that PaperCut refuses is a failure of that change, and the others go on; what concerns all of them
    (unreachable, token refused) is raised.
    """
    return _Work(site, plan, world, targeted).run()


class _Work:
    """One application under way; `accounts` and `groups` are what was read back last."""

    def __init__(self, site: Site, plan: SyncPlan, world: World, targeted: bool) -> None:
        self.site, self.plan, self.world, self.targeted = site, plan, world, targeted
        self.papercut, self.clock, self.progress = site.papercut, site.clock, site.progress
        self.directory = plan.directory
        self.failures: dict[str, Failure] = {}
        self.not_renamed: set[str] = set()
        self.rewritten: set[str] = set()
        self.cards_left: set[str] = set()  # accounts that got another card number meanwhile
        self.gone: set[str] = set()
        self.links: dict[str, Link] = {}
        self.accounts: dict[str, Account] = {}
        self.groups: dict[str, frozenset[str]] = {}
        self.created = [decision for decision in plan.people if decision.create]
        self.updated = [
            decision
            for decision in plan.people
            if decision.change and not decision.create and set(decision.change.after or ()) & set(DETAILS)
        ]

    def run(self) -> Applied:
        self.remember_intents()
        publish_programs(self.site.settings, now=self.clock.now())
        self.follow_pins()
        self.rename_and_publish()
        if not self.plan.is_empty:
            self.switch_printing()
            full = self.bring_accounts()
            self.bring_groups(full)
            self.bring_details(full)
            self.write_settings()
            self.take_away()
            self.verify(full)
        self.finish()
        papercut = PaperCutSide(
            {
                **{name: value for name, value in self.world.papercut.accounts.items() if name not in self.gone},
                **self.accounts,
            },
            {
                **{name: value for name, value in self.world.papercut.groups.items() if name in self.directory.groups},
                **self.groups,
            },
            self.world.papercut.record_fields,
        )
        return Applied(tuple(self.failures.values()), self.directory, papercut)

    # -- 1: intents ------------------------------------------------------------------------------------------------

    def remember_intents(self) -> None:
        """Write down what will be done, before anything is; an adopted account is linked here, with its balance."""
        now, memory = self.clock.now(), self.world.memory
        opening = self.opening_balances()
        for decision in self.plan.people:
            link = decision.link
            if link is None:
                continue
            if link.linked_at is None and link.deleted_at is None and not decision.create:
                balance = 0 if link.made_by_us else opening.get(link.username, 0)
                jobs = self.world.papercut.accounts[link.username].jobs
                link = replace(link, linked_at=now, opening_balance=balance, opening_jobs=jobs)
            if decision.rename_to:  # the address that the name was made from changes with the name
                link = replace(link, email=memory.links[link.member_id].email)
            self.links[link.member_id] = link
        linked = list(self.links.values())
        going = {name: row for name, row in memory.groups.items() if name in self.plan.groups_to_remove}
        with self.site.database.begin() as connection:
            organization = self.world.officernd.organization.id
            links.remember_site(connection, self.site.name, organization, links.last_sync(connection, self.site.name))
            changed = [
                one for one in linked if memory.links.get(one.member_id) != one or one.member_id in memory.renamed_from
            ]
            for member_id in memory.dropped:
                links.drop_link(connection, self.site.name, member_id)
            links.store_links(connection, self.site.name, changed)
            for link in linked:
                if memory.answers.get(link.member_id) == link.username:
                    links.drop_answers(connection, self.site.name, "link", link.member_id)
            links.replace_groups(connection, self.site.name, {**going, **self.plan.group_rows}.values())
            disabled = [decision.username for decision in self.plan.people if decision.disable]
            links.remember_disabled(connection, self.site.name, disabled, now)
            links.rename_disabled(connection, self.site.name, self.followed())
            links.open_renames(connection, self.site.name, self.renames(), now)

    def followed(self) -> dict[str, str]:
        """Return the names of accounts that staff renamed, and that are remembered by now: {old: new}."""
        memory = self.world.memory
        return {
            former: self.links[member_id].username
            for member_id, former in memory.renamed_from.items()
            if member_id in self.links
        }

    def opening_balances(self) -> dict[str, int]:
        """Return the balances, at this moment, of the accounts that are linked now."""
        adopted = [
            decision.link.username
            for decision in self.plan.people
            if decision.link and not decision.create and not decision.link.linked_at and not decision.link.deleted_at
        ]
        if not self.site.settings.papercut.personal_account:
            return {name: self.world.papercut.accounts[name].balance for name in adopted}
        # The property is the total of all personal accounts; the one that is billed has to be asked for.
        title = N_("Reading balances")
        found = self.papercut.in_parallel(
            lambda name: (name, self.papercut.balance(name)), adopted, self.progress, title
        )
        return dict(found)

    def renames(self) -> list[Rename]:
        return [
            Rename(decision.username, decision.rename_to, decision.link.member_id)
            for decision in self.plan.people
            if decision.rename_to and decision.link
        ]

    def follow_pins(self) -> None:
        active = {user.member_id for user in self.directory.users if user.standing == "active"}
        key, members = self.site.settings.signin.pin_property, self.world.officernd.members
        pins.follow_property(self.site.settings.scripts.home, key, members, active, self.progress)

    # -- 2: publishing and renames ---------------------------------------------------------------------------------

    def publish(self, directory: Directory) -> None:
        publish(directory, self.site.settings, record_fields=self.world.papercut.record_fields, now=self.clock.now())
        self.progress.line(
            lazy(
                "Published %(users)s and %(groups)s to PaperCut.",
                users=counted(len(directory.users), "user"),
                groups=counted(len(directory.groups), "group"),
            )
        )

    def rename_and_publish(self) -> None:
        """Publish the directory; with renames, first one in which neither name is answered, and then do them."""
        renames = {rename.new: rename for rename in self.renames()}
        if not renames:
            self.publish(self.directory)
            return
        users = [
            replace(user, username=renames[user.username].old, standing="renaming", reason=lazy("is being renamed"))
            if user.username in renames
            else user
            for user in self.directory.users
        ]
        self.publish(directory_of(users, self.directory.groups, self.directory.echoed))
        self.wait_for_slot()  # a sync that somebody else started must not meet two names
        with self.progress.phase("Renaming accounts", len(renames)) as phase:
            for rename in renames.values():
                if not self.rename(rename):
                    self.not_renamed.add(rename.old)
                phase.advance()
        users = [
            replace(user, username=renames[user.username].old)
            if user.username in renames and renames[user.username].old in self.not_renamed
            else user
            for user in self.directory.users
        ]
        self.directory = directory_of(users, self.directory.groups, self.directory.echoed)
        self.publish(self.directory)

    def rename(self, rename: Rename) -> bool:
        """Rename one account and cross it off; a lost answer is decided by looking which name exists."""
        message = ""
        try:
            self.papercut.rename_user(rename.old, rename.new)
        except AuthFailed:
            raise
        except (Refused, OutcomeUnknown) as error:
            message = error.message
        done = not message or (self.papercut.user_exists(rename.new) and not self.papercut.user_exists(rename.old))
        with self.site.database.begin() as connection:
            links.close_rename(connection, self.site.name, rename, done=done)
        if done:
            self.gone.add(rename.old)
            log.info("renamed %s to %s", rename.old, rename.new)
        else:
            self.fail(
                rename.old,
                lazy(
                    "%(old)s was not renamed to %(new)s: %(message)s", old=rename.old, new=rename.new, message=message
                ),
            )
        return done

    def name_of(self, decision: AccountDecision) -> str:
        """Return the name that an account has by now."""
        return decision.username if decision.username in self.not_renamed else decision.rename_to or decision.username

    # -- 3 to 5: printing, accounts, groups ------------------------------------------------------------------------

    def switch_printing(self) -> None:
        """Switch printing off for those who left, and on for those who returned, before anything that takes long."""
        for decision in self.plan.people:
            if decision.disable is not None:
                value = keys.YES if decision.disable else keys.NO
                self.set_properties(self.name_of(decision), [(keys.DISABLED_PRINT, value)])

    def bring_accounts(self) -> bool:
        """Make accounts, and update them where a native sync is worth it; return whether there was one.

        A native sync asks the user source once for all users and once for every listed group, and a single new account
        asks about every group as well; changed details cost one call each without it.
        """
        calls = len(self.updated) + len(self.plan.changed_groups)
        if not self.targeted and (self.created or calls > 1 + len(self.world.papercut.groups)):
            self.native_sync()
            return True
        refused = []
        with self.progress.phase("Making accounts", len(self.created)) as phase:
            for decision in self.created:
                if not self.add_user(decision.username):
                    refused.append(decision.username)
                phase.advance()
        if refused:
            # The event also asks about every listed group, and about one that is not ours nobody answers.
            for username in refused:
                del self.failures[username]
            self.native_sync()
        return bool(refused)

    def native_sync(self) -> None:
        self.wait_for_slot()
        with self.progress.phase("PaperCut synchronises users and groups"):
            # What it did is seen by reading back, also where it was refused or its answer was lost.
            self.start_task("PaperCut", self.papercut.sync_all)
            status = self.papercut.wait_for_task(SYNC_TASK_S)
        log.info("native sync ended: %s", status.summary)
        self.progress.line(lazy("PaperCut has synchronised users and groups."))
        present = set(self.papercut.usernames())
        missing = [user.username for user in self.directory.users if user.username not in present]
        if len(missing) <= SINGLE_REPAIRS:
            for username in missing:
                self.add_user(username)

    def add_user(self, username: str) -> bool:
        """Ask for one account; return whether PaperCut accepted that."""
        try:
            self.papercut.add_new_user(username)
        except OutcomeUnknown as error:
            # PaperCut asks the user source about every listed group first, which may take longer than a time-out.
            log.warning("%s: %s", username, error.message)
            self.wait_for_user(username)
        except AuthFailed:
            raise
        except NotFound as error:
            log.warning("%s: %s", username, error.message)
            self.fail(
                username,
                lazy(
                    "%(username)s: PaperCut did not make the account, since its user source did not tell of it. See "
                    "that the Application Server was restarted after the installation, and that its primary sync "
                    "source is Custom Program.",
                    username=username,
                ),
            )
            return False
        except Refused as error:
            self.fail(username, f"{username}: {error.message}")
            return False
        log.info("%s: account made", username)
        return True

    def wait_for_user(self, username: str) -> None:
        """Wait until an account is there, or it is too late for it to come."""
        deadline_s = self.clock.monotonic_s() + NEW_USER_S
        while not self.papercut.user_exists(username) and self.clock.monotonic_s() < deadline_s:
            self.clock.sleep(USER_POLL_S)

    def bring_groups(self, full: bool) -> None:
        """Put new groups into PaperCut's list, then sync those whose members are not yet as meant."""
        with self.progress.phase("Adding groups", len(self.plan.new_groups)) as phase:
            for group in self.plan.new_groups:
                if self.start_task(group, partial(self.papercut.add_group, group)):
                    self.papercut.wait_for_task(GROUP_TASK_S)
                    log.info("group %s added", group)
                phase.advance()
        if self.plan.new_groups:
            self.progress.line(
                lazy("Added %(groups)s to PaperCut's list.", groups=counted(len(self.plan.new_groups), "group"))
            )
        self.groups = read.read_groups(self.papercut, self.touched_groups(full), self.progress)
        wrong = differences(self.directory, {}, self.groups, users=frozenset(), only_groups=set(self.groups)).groups
        with self.progress.phase("Synchronising groups", len(wrong)) as phase:
            for group in wrong:
                self.try_to(group, partial(self.papercut.sync_group, group))
                phase.advance()
        self.groups.update(read.read_groups(self.papercut, wrong, self.progress))

    def start_task(self, subject: str, start: Callable[[], object]) -> bool:
        """Start a background task; the one slot may have been taken a moment ago, so a refusal is asked again once."""
        try:
            start()
        except OutcomeUnknown as error:
            log.warning("%s: %s", subject, error.message)
        except AuthFailed:
            raise
        except Refused:
            self.wait_for_slot()
            return self.try_to(subject, start)
        return True

    def touched_groups(self, full: bool) -> list[str]:
        if full:
            return list(self.directory.groups)
        joined = {group for decision in self.created if decision.desired for group in decision.desired.groups}
        return sorted({*self.plan.new_groups, *self.plan.changed_groups, *joined})

    # -- 6: details, settings, what is to go -----------------------------------------------------------------------

    def bring_details(self, full: bool) -> None:
        """Compare accounts with the directory and set through the API what differs.

        After a native sync those are fields that it did not take, or took beyond the plan. An address that still stands
        at another account is tried again when that one has its new one.
        """
        self.accounts = read.read_accounts(self.papercut, self.touched_users(full), self.progress)
        meant = self.accounts if full else {self.name_of(one) for one in (*self.created, *self.updated)}
        wrong = self.differences(meant, ()).fields
        refused = [username for username, fields in wrong.items() if not self.set_details(username, fields, False)]
        wanted = {email_key(wrong[username].get("email", "")) for username in refused}
        for username in refused:  # two that exchange addresses: neither gets the other's before it is given up
            address = email_key(self.accounts[username].email)
            if address and address in wanted:
                self.set_properties(username, [(keys.EMAIL, "")])
        for username in refused:
            self.set_details(username, wrong[username], True)

    def set_details(self, username: str, fields: Mapping[str, str], last: bool) -> bool:
        """Set fields of one account; return False for one that has to be tried again."""
        # PaperCut lets other e-mails be read only; one that was lost shows in the comparison at the end.
        pairs = [(keys.DETAILS[name], value) for name, value in fields.items() if name != "other_emails"]
        if not pairs:
            return True
        try:
            self.set_properties(username, pairs, raises=True)
        except Conflict as error:
            if last:
                self.fail(username, f"{username}: {error.message}")
            return last
        return True

    def write_settings(self) -> None:
        """Write cards from the custom property, and the settings of new accounts."""
        for decision in self.plan.people:
            if decision.desired is None:
                continue
            username = self.name_of(decision)
            if decision.card and decision.link:
                self.write_card(username, decision.card, self.links[decision.link.member_id])
            if decision.fix_initial and username in self.accounts:
                self.write_initial(username)

    def write_card(self, username: str, card: str, link: Link) -> None:
        """Write a card number, unless somebody has put another one there by now: the next sync asks about that."""
        name = keys.DETAILS[self.site.settings.members.card_attribute]
        try:
            present = self.papercut.user_properties(username, [name])[name].strip()
        except NotFound:  # an account that could not be made is a failure already
            return
        if (
            present
            and folded(present) != folded(card)
            and not cards.is_ours(link.cards_written, link.member_id, present)
        ):
            self.progress.line(
                lazy(
                    "%(username)s has since been given another card number; it stays, and the next sync asks.",
                    username=username,
                )
            )
            self.cards_left.add(username)
        else:
            self.set_properties(username, [(name, card)])

    def write_initial(self, username: str) -> None:
        """Write and read back whether a new account is restricted; until then its link says that this is missing."""
        rule = self.site.settings.members.restricted
        if rule == "leave":
            return
        meant = {keys.RESTRICTED: keys.NO}
        if rule.startswith("overdraft:"):
            amount = amounts.parse(rule.removeprefix("overdraft:"))
            self.try_to(username, lambda: self.papercut.set_overdraft_mode(username, "individual"))
            meant = {keys.OVERDRAFT: amounts.text(amount, self.site.settings.site.currency), keys.RESTRICTED: keys.YES}
        self.set_properties(username, list(meant.items()))
        found = self.papercut.user_properties(username, [keys.RESTRICTED, keys.OVERDRAFT])
        right = keys.is_true(found[keys.RESTRICTED]) == keys.is_true(meant[keys.RESTRICTED])
        if keys.OVERDRAFT in meant:
            right = right and float(found[keys.OVERDRAFT] or 0) == float(meant[keys.OVERDRAFT])
        if not right:
            self.fail(
                username,
                lazy("%(username)s: PaperCut did not keep restricted = %(rule)s", username=username, rule=repr(rule)),
            )

    def take_away(self) -> None:
        """Remove groups of ours that are empty, and delete accounts that are to go and hold no money."""
        removed: set[str] = set()
        for group in self.plan.groups_to_remove:
            self.try_to(group, partial(self.papercut.remove_group, group))
            if self.papercut.group_exists(group):
                self.fail(group, lazy("the group %(group)s was not removed", group=repr(group)))
            else:
                removed.add(group)
                log.info("group %s removed", group)
        if removed:
            groups = [group for group in self.directory.groups if group not in removed]
            self.directory = directory_of(self.directory.users, groups, self.directory.echoed)
            self.publish(self.directory)
        for decision in self.plan.people:
            if decision.delete:
                self.delete(decision)

    def delete(self, decision: AccountDecision) -> None:
        """Delete one account, unless money came to it since it was read."""
        username = decision.username
        try:
            if not amounts.is_nothing(self.papercut.balance(username), self.site.settings.site.currency):
                self.fail(
                    username,
                    lazy("%(username)s was not deleted, because its balance is no longer zero", username=username),
                )
                return
            self.try_to(username, lambda: self.papercut.delete_user(username))
        except NotFound:
            pass
        if self.papercut.user_exists(username):
            self.fail(username, lazy("%(username)s was not deleted", username=username))
            return
        self.gone.add(username)
        log.info("deleted %s: %s", username, decision.change.reason if decision.change else "")
        with self.site.database.begin() as connection:
            links.forget_disabled(connection, self.site.name, [username])
            if decision.link:
                gone = replace(self.links[decision.link.member_id], deleted_at=self.clock.now())
                links.store_links(connection, self.site.name, [gone])

    # -- 7: verify and finish --------------------------------------------------------------------------------------

    def verify(self, full: bool) -> None:
        """Read back what was written since the last look, and compare all that was touched with what was meant."""
        again = sorted(name for name in self.rewritten if name not in self.gone)
        self.accounts.update(read.read_accounts(self.papercut, again, self.progress))
        users, groups = self.touched_users(full), self.touched_groups(full)
        found = self.differences(users, groups)
        self.progress.line(
            lazy(
                "Read back %(users)s and %(groups)s and compared them with the plan.",
                users=counted(len(users), "user"),
                groups=counted(len(groups), "group"),
            )
        )
        for subject, message in found.sentences():
            self.fail(subject, lazy("%(message)s; look at PaperCut's log", message=message), Remedy("sync", (), "then"))
        for decision in self.plan.people:
            account = self.accounts.get(self.name_of(decision))
            if account is None or decision.delete:
                continue
            if decision.disable is not None and account.disabled != decision.disable:
                self.fail(
                    account.username,
                    lazy("%(username)s: printing was not switched in PaperCut", username=account.username),
                )
            there = getattr(account, self.site.settings.members.card_attribute)
            if decision.card and there != decision.card and account.username not in self.cards_left:
                self.fail(
                    account.username,
                    lazy("%(username)s: PaperCut did not keep the card number", username=account.username),
                )

    def finish(self) -> None:
        """Cross off what is done; publish once more where PaperCut filled fields of new accounts by itself."""
        filled = {
            user.username: echo_of(user, self.accounts[user.username])
            for user in self.directory.users
            if user.username in self.accounts
        }
        if any(filled.values()):
            users = [
                replace(user, **filled[user.username]) if filled.get(user.username) else user  # type: ignore[arg-type]
                for user in self.directory.users
            ]
            self.directory = directory_of(users, self.directory.groups, self.directory.echoed)
            self.publish(self.directory)
        now = self.clock.now()
        done = []
        for decision in self.plan.people:
            username = self.name_of(decision)
            if decision.link is None or username not in self.accounts:
                continue
            known = self.links[decision.link.member_id]
            link = replace(known, username=username, account_email=self.accounts[username].email)
            if decision.create and link.linked_at is None:  # one made again after a restore is the same one
                link = replace(link, linked_at=now, opening_balance=0)
            if decision.fix_initial:
                link = replace(link, initial_done=username not in self.failures)
            if link != known:
                done.append(link)
        enabled = [
            decision.username
            for decision in self.plan.people
            if decision.disable is False and self.name_of(decision) not in self.failures
        ]
        with self.site.database.begin() as connection:
            links.store_links(connection, self.site.name, done)
            links.forget_disabled(connection, self.site.name, enabled)
            if not self.failures:
                links.replace_groups(connection, self.site.name, self.plan.group_rows.values())
                links.remember_site(connection, self.site.name, self.world.officernd.organization.id, now)

    def touched_users(self, full: bool) -> list[str]:
        """Return the names, by now, of everybody whose account is to be as the directory says."""
        if full:
            return [user.username for user in self.directory.users]
        touched = [*self.created, *self.updated]
        touched += [
            decision
            for decision in self.plan.people
            if decision.desired
            and (decision.rename_to or decision.card or decision.disable is not None or decision.fix_initial)
        ]
        return sorted({self.name_of(decision) for decision in touched})

    def differences(self, users: Collection[str], groups: Collection[str]) -> Differences:
        return differences(
            self.directory,
            self.accounts,
            self.groups,
            users=frozenset(users),
            only_groups=frozenset(groups),
            new=frozenset(decision.username for decision in self.created),
            # Short records leave cards and aliases alone, and a card given out this very minute is not to be undone.
            echoed=self.world.papercut.record_fields == 10,
        )

    # -- small things ----------------------------------------------------------------------------------------------

    def wait_for_slot(self) -> None:
        self.papercut.wait_for_task(SLOT_WAIT_S)

    def set_properties(self, username: str, pairs: Sequence[tuple[str, str]], *, raises: bool = False) -> None:
        """Set properties of one account; a refusal is a failure of that account, or a Conflict where asked for."""
        self.rewritten.add(username)
        try:
            self.papercut.set_user_properties(username, pairs)
            log.info("%s: %s set", username, ", ".join(name for name, _ in pairs))
        except OutcomeUnknown as error:
            log.warning("%s: %s", username, error.message)
        except AuthFailed:
            raise
        except Refused as error:
            if raises and isinstance(error, Conflict):
                raise
            self.fail(username, f"{username}: {error.message}")

    def try_to(self, subject: str, call: Callable[[], object]) -> bool:
        """Do one writing call; a refusal is a failure of its subject, a lost answer is decided by reading back."""
        try:
            call()
        except OutcomeUnknown as error:
            log.warning("%s: %s", subject, error.message)
        except AuthFailed:
            raise
        except Refused as error:
            self.fail(subject, f"{subject}: {error.message}")
            return False
        return True

    def fail(self, subject: str, message: str, *remedies: Remedy) -> None:
        """Note a failure; the first one of a subject tells the cause."""
        log.error("%s", message)
        self.failures.setdefault(subject, Failure(subject, message, remedies))
