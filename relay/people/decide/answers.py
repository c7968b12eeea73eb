"""Which links a person's answer has ended, and which answers wait, since they would take money away. Pure.

An answer is only remembered when it is given; the next sync acts on it. Where the account that somebody would lose has
a balance, a debt or money under way, no scheduled run does so: a person reads the plan and applies it.
"""

from __future__ import annotations

from dataclasses import replace

from relay import amounts
from relay.language import lazy
from relay.people.world import Link, World


def take_answers(world: World, currency: str, *, scheduled: bool) -> World:
    """Return the world without the links that answers have ended; with `scheduled` those with money are kept."""
    memory = world.memory
    ended = [link for link in memory.links.values() if not link.deleted_at and memory.is_contradicted(link)]
    if not ended:
        return world
    waiting = {link.member_id: why for link in ended if scheduled and (why := _taken_away(world, link, currency))}
    held = {memory.links[member_id].username for member_id in waiting}
    for link in ended:  # nor is somebody moved to an account that is not free before that
        if memory.answers.get(link.member_id) in held:
            waiting.setdefault(
                link.member_id, lazy("%(username)s is not free before that", username=memory.answers[link.member_id])
            )
    dropped = frozenset(link.member_id for link in ended if link.member_id not in waiting)
    kept = {member_id: link for member_id, link in memory.links.items() if member_id not in dropped}
    return replace(world, memory=replace(memory, links=kept, dropped=dropped, waiting=waiting))


def _taken_away(world: World, link: Link, currency: str) -> str:
    """Return what somebody would lose with an account, as a clause; "" for nothing."""
    account = world.papercut.accounts.get(link.username)
    if account is not None and account.balance:
        balance = amounts.with_currency(account.balance, currency)
        return lazy("%(username)s has a balance of %(balance)s", username=link.username, balance=balance)
    if link.member_id in world.memory.indebted:
        return lazy("there is a debt on %(username)s", username=link.username)
    return (
        lazy("money of %(username)s is under way", username=link.username)
        if link.username in world.memory.open_movements
        else ""
    )
