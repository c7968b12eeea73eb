"""Methods about keys, tasks, synchronisation and imports, and the list of those that are not acted out."""

from __future__ import annotations

from relay.sandbox.papercut import faults, printing, sync
from relay.sandbox.papercut.api.registry import Context, method, not_simulated
from relay.sandbox.papercut.faults import ApiFault


@method("getConfigValue", "key:s")
def get_config_value(context: Context, key: str) -> str:
    """A key that does not exist answers blank, not a fault."""
    return context.state.key(key)


@method("setConfigValue", "key:s value:s", writes=True)
def set_config_value(context: Context, key: str, value: str) -> None:
    if not key.strip():
        raise ApiFault(faults.GENERAL, "The config key may not be blank.")
    context.state.config[key] = value


@method("getTaskStatus", "token:s?")
def get_task_status(context: Context, token: str = "") -> dict[str, object]:
    return context.tasks.status()


def _sync(context: Context, *, delete: bool, update: bool) -> None:
    state = context.state
    context.tasks.start(
        "user and group synchronization",
        lambda report: sync.full_sync(state, delete=delete, update=update, report=report),
        hold_s=state.switches.sync_task_s,
    )


@method("performUserAndGroupSync", writes=True)
def perform_user_and_group_sync(context: Context) -> None:
    """Use the administrator's settings, "delete users that do not exist in the selected source" included."""
    settings = context.state.settings
    _sync(context, delete=settings.delete_missing_users, update=settings.update_user_details)


@method("performUserAndGroupSyncAdvanced", "delete:b update:b", writes=True)
def perform_user_and_group_sync_advanced(context: Context, delete: bool, update: bool) -> None:
    _sync(context, delete=delete, update=update)


@method("performGroupSync", writes=True)
def perform_group_sync(context: Context) -> None:
    state = context.state
    context.tasks.start(
        "group synchronization", lambda report: sync.group_sync(state, report=report), hold_s=state.switches.sync_task_s
    )


@method("processJob", "details:s", writes=True)
def process_job(context: Context, details: str) -> None:
    printing.process_job(context.state, details)


@method("changeInternalAdminPassword", "password:s", writes=True)
def change_internal_admin_password(context: Context, password: str) -> bool:
    if not password:
        raise ApiFault(faults.PASSWORD_BLANK, "The password may not be blank.")
    context.state.settings.admin_password = password
    return True


not_simulated(
    "applyDeviceSettings",
    "batchImportInternalUsers",
    "batchImportPrinters",
    "batchImportSharedAccounts",
    "batchImportUserCardIdNumbers",
    "batchImportUsers",
    "clearUserAdvancedPrinterSettings",
    "createUserClientAccountsFile",
    "disableDeviceSnmpv3",
    "disablePrinterSnmpv3",
    "enableDeviceSnmpv3",
    "enablePrinterSnmpv3",
    "exportUserDataHistory",
    "generateAdHocReport",
    "generateScheduledReport",
    "getDeviceSnmpv3",
    "getPrinterSnmpv3",
    "installLicense",
    "performOnlineBackup",
    "runCommand",
    "saveThreadSnapshot",
)
