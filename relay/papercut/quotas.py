"""PaperCut's native quotas: credit that it gives by itself at night, of which the relay's ledger knows nothing."""

from __future__ import annotations

from relay.errors import AuthFailed, Refused
from relay.papercut.client import GroupQuota, PaperCut
from relay.papercut.keys import ALL_USERS, NO_QUOTA
from relay.progress import Progress


def giving(papercut: PaperCut, progress: Progress) -> dict[str, GroupQuota]:
    """Return the quota of every group that has one, the built-in group of all users included.

    Source: PaperCut manual, quota allocation (daily 00:10, weekly Sunday 00:20, monthly on the 1st 00:30).
    """

    def one(group: str) -> tuple[str, GroupQuota | None]:
        try:
            return group, papercut.group_quota(group)
        except AuthFailed:
            raise
        except Refused:  # a group that this server does not answer about has no quota that we could read
            return group, None

    found = papercut.in_parallel(one, [*papercut.groups(), ALL_USERS], progress)
    return {group: quota for group, quota in found if quota and _gives(quota)}


def _gives(quota: GroupQuota) -> bool:
    return quota.amount != 0 and quota.period.upper() not in (NO_QUOTA, "")
