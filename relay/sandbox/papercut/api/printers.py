"""Methods about printers, [Template Printer] included."""

from __future__ import annotations

from relay.sandbox.papercut import faults, printing, properties
from relay.sandbox.papercut.api.registry import Context, method, page
from relay.sandbox.papercut.faults import ApiFault
from relay.sandbox.papercut.properties import PRINTER
from relay.sandbox.papercut.state import TEMPLATE_PRINTER, Printer


def _printer(context: Context, server: str, name: str) -> Printer:
    """Return the queue. Raises the faults 281 to 284."""
    state = context.state
    if printing.is_template(server, name):
        return state.template_printer
    if not server.strip():
        raise ApiFault(faults.SERVER_NAME_BLANK, "The server name may not be blank.")
    if not name.strip():
        raise ApiFault(faults.PRINTER_NAME_BLANK, "The printer name may not be blank.")
    found = state.printers.get((server, name))
    if found is None:
        if not any(known == server for known, _ in state.printers):
            raise ApiFault(faults.NO_PRINTERS_ON_SERVER, f'There are no printers on server "{server}".')
        raise ApiFault(faults.PRINTER_NOT_FOUND, f'Printer "{server}\\{name}" could not be found.')
    return found


@method("listPrinters", "offset:i limit:i")
def list_printers(context: Context, offset: int, limit: int) -> list[str]:
    names = [TEMPLATE_PRINTER, *sorted(f"{server}\\{name}" for server, name in context.state.printers)]
    return page(names, offset, limit, context.state.switches)


@method("getPrinterProperty", "server:s printer:s name:s")
def get_property(context: Context, server: str, printer: str, name: str) -> str:
    return properties.read(PRINTER, context.state, _printer(context, server, printer), name)


@method("getPrinterProperties", "server:s printer:s names:[s]")
def get_properties(context: Context, server: str, printer: str, names: list[str]) -> list[str]:
    found = _printer(context, server, printer)
    return [properties.read(PRINTER, context.state, found, name) for name in names]


@method("setPrinterProperty", "server:s printer:s name:s value:s", writes=True)
def set_property(context: Context, server: str, printer: str, name: str, value: str) -> None:
    properties.write(PRINTER, context.state, _printer(context, server, printer), name, value)


@method("setPrinterProperties", "server:s printer:s pairs:[[s,s]]", writes=True)
def set_properties(context: Context, server: str, printer: str, pairs: list[list[str]]) -> bool:
    found = _printer(context, server, printer)
    for name, value in pairs:
        properties.write(PRINTER, context.state, found, name, value)
    return True


@method("enablePrinter", "server:s printer:s", writes=True)
def enable(context: Context, server: str, printer: str) -> None:
    _printer(context, server, printer).disabled = False


@method("disablePrinter", "server:s printer:s minutes:i", writes=True)
def disable(context: Context, server: str, printer: str, minutes: int) -> None:
    _printer(context, server, printer).disabled = minutes != 0


@method("deletePrinter", "server:s printer:s", writes=True)
def delete(context: Context, server: str, printer: str) -> None:
    printers = context.state.printers
    if printer == "[All Printers]":
        gone = [key for key in printers if key[0] == server]
        if not gone:
            raise ApiFault(faults.NO_PRINTERS_ON_SERVER, f'There are no printers on server "{server}".')
        for key in gone:
            del printers[key]
        return
    found = _printer(context, server, printer)
    del printers[(found.server, found.name)]


@method("renamePrinter", "server:s printer:s new_server:s new_printer:s", writes=True)
def rename(context: Context, server: str, printer: str, new_server: str, new_printer: str) -> None:
    state = context.state
    found = _printer(context, server, printer)
    if (new_server, new_printer) in state.printers:
        raise state.unlisted(f'Printer "{new_server}\\{new_printer}" already exists.')
    del state.printers[(server, printer)]
    found.server, found.name = new_server, new_printer
    state.printers[(new_server, new_printer)] = found


@method("addPrinterAccessGroup", "server:s printer:s group:s", writes=True)
def add_access_group(context: Context, server: str, printer: str, group: str) -> None:
    _printer(context, server, printer).access_groups.add(context.state.group(group).name)


@method("removePrinterAccessGroup", "server:s printer:s group:s", writes=True)
def remove_access_group(context: Context, server: str, printer: str, group: str) -> None:
    _printer(context, server, printer).access_groups.discard(group)


@method("addPrinterGroup", "server:s printer:s group:s", writes=True)
def add_group(context: Context, server: str, printer: str, group: str) -> None:
    found = _printer(context, server, printer)
    if group not in found.groups:
        found.groups.append(group)


@method("setPrinterGroups", "server:s printer:s groups:s", writes=True)
def set_groups(context: Context, server: str, printer: str, groups: str) -> None:
    found = _printer(context, server, printer)
    found.groups = [name.strip() for name in groups.split(",") if name.strip()]


@method("getPrinterCostSimple", "server:s printer:s")
def get_cost(context: Context, server: str, printer: str) -> float:
    return float(_printer(context, server, printer).page_cost)


@method("setPrinterCostSimple", "server:s printer:s cost:d", writes=True)
def set_cost(context: Context, server: str, printer: str, cost: float) -> None:
    found = _printer(context, server, printer)
    if not cost >= 0:
        raise ApiFault(faults.GENERAL, f"{cost} is no valid cost.")
    found.cost_model, found.page_cost, found.colour_page_cost = "SIMPLE", cost, None


@method("resetPrinterCounts", "server:s printer:s by:s", writes=True)
def reset_counts(context: Context, server: str, printer: str, by: str) -> None:
    found = _printer(context, server, printer)
    found.job_count = found.page_count = 0
