"""People: who may print, who is who, and the sync that makes PaperCut say so. The functions below are the way in."""

from relay.people.sync import SyncResult, make_plan, sync

__all__ = ["SyncResult", "make_plan", "sync"]
