"""Which accounts staff renamed in PaperCut: one that was renamed is the same account, and its link follows it. Pure.

Everything of an account stays with it under another name, its groups included, and its address is how it is found. That
an account has somebody's address is not enough to be the one that was linked: counter and balance must go on from the
last reading, or it must still be in a group that only this integration fills. One that is neither is another account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from relay.accounts import email_key
from relay.config import Settings
from relay.people.world import Account, Link, Memory, World, name_key


def follow_hand_renames(world: World, settings: Settings) -> World:
    """Return the world with every link on the name that its account has by now, and which ones were renamed."""
    return replace(world, memory=_followed(world.memory, _Renames(world, settings).found()))


def _followed(memory: Memory, renamed: Mapping[str, str]) -> Memory:
    """Return the memory with links, and what hangs on their names, by the new names: {member id: username}."""
    if not renamed:
        return memory
    names = {memory.links[member_id].username: username for member_id, username in renamed.items()}
    moved = {member_id: replace(memory.links[member_id], username=username) for member_id, username in renamed.items()}
    return replace(
        memory,
        links={**memory.links, **moved},
        disabled=frozenset(names.get(name, name) for name in memory.disabled),
        open_movements=frozenset(names.get(name, name) for name in memory.open_movements),
        renamed_from={member_id: memory.links[member_id].username for member_id in renamed},
    )


class _Renames:
    """Looks for the accounts of links whose name is nobody's, or somebody else's, by now."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.members, self.memory, self.papercut = world.officernd.members, world.memory, world.papercut
        self.not_ours = settings.members.usernames_not_ours
        self.our_groups = {settings.members.everyone_group, settings.print.blocked_group}

    def found(self) -> dict[str, str]:
        """Return the new usernames by member id. All at once: two may have changed names with each other."""
        links = [link for link in self.memory.links.values() if self.is_followed(link)]
        renamed = {link.member_id: username for link in links if (username := self.renamed_to(link))}
        while True:
            staying = {link.username for link in links if link.member_id not in renamed}
            wanted = Counter(renamed.values())
            doubtful = [one for one, username in renamed.items() if username in staying or wanted[username] > 1]
            if not doubtful:
                return renamed
            for member_id in doubtful:
                del renamed[member_id]

    def is_followed(self, link: Link) -> bool:
        is_live = link.linked_at is not None and link.deleted_at is None and link.standing != "gone"
        return is_live and link.username not in self.not_ours

    def renamed_to(self, link: Link) -> str:
        """Return the name that a link's account has by now, "" where it has kept its own or cannot be found."""
        addresses = self.addresses(link)
        held = self.papercut.accounts.get(link.username)
        if held is not None and not self.is_somebody_else(link, held, addresses):
            return ""
        candidates = [name for name in self.candidates(link, addresses) if self.goes_on(link, name)]
        return candidates[0] if len(candidates) == 1 else ""

    def addresses(self, link: Link) -> list[str]:
        """Return the addresses that a link's account may hold, the surest first: what it was last seen with, what the
        last sync meant it to hold, what its member has now."""
        member = self.members.get(link.member_id)
        held = (link.account_email, link.email, member.email if member else "")
        return list(dict.fromkeys(email_key(address) for address in held if address.strip()))

    def is_somebody_else(self, link: Link, held: Account, addresses: list[str]) -> bool:
        """Return whether the account of a link's name is not the one that was linked."""
        if held.internal:
            return False  # a question of its own
        address = email_key(held.email)
        return bool(address and addresses and address not in addresses) or self.has_fallen(link, held)

    def candidates(self, link: Link, addresses: list[str]) -> list[str]:
        """Return the accounts that hold the surest of the addresses which any account holds; without one, those of the
        person's name that hold no address."""
        for address in addresses:
            holders = [name for name in self.papercut.by_email.get(address, ()) if name != link.username]
            if holders:
                return holders
        if not link.display_name:
            return []
        key = name_key(link.display_name)
        return [
            account.username
            for account in self.papercut.accounts.values()
            if not account.email
            and account.username != link.username
            and name_key(account.full_name) == key
            and self.is_in_our_group(account.username)
        ]

    def goes_on(self, link: Link, username: str) -> bool:
        """Return whether an account goes on from the last reading of a link's."""
        account = self.papercut.accounts[username]
        if account.internal or username in self.not_ours or self.has_fallen(link, account):
            return False
        return (account.balance, account.jobs) == self.last_reading(link) or self.is_in_our_group(username)

    def has_fallen(self, link: Link, account: Account) -> bool:
        return account.jobs is not None and account.jobs < self.last_reading(link)[1]

    def last_reading(self, link: Link) -> tuple[int, int]:
        """Return balance (micros) and job counter as they were last believed, else as they were at the link."""
        return self.memory.readings.get(link.member_id, (link.opening_balance, link.opening_jobs or 0))

    def is_in_our_group(self, username: str) -> bool:
        return not self.our_groups.isdisjoint(self.papercut.groups_of.get(username, ()))
