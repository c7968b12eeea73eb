"""Printers: prices, and the popup (Unauthenticated printer), which the API may or may not show.

Source: ServerCommandProxy (printer properties, simple cost); OfficeRnD help, PaperCut MF (unauthenticated printers,
[Template Printer], charging). No page names the property behind "Unauthenticated printer": the names below are tried.
"""

from __future__ import annotations

from collections.abc import Iterator

from relay import amounts
from relay.checks.model import Check, CheckedSite, Fix
from relay.errors import Refused
from relay.finding import Finding
from relay.language import lazy, nlazy
from relay.papercut import keys
from relay.papercut.client import TEMPLATE_PRINTER, PaperCut

DEVICE_SERVER = "device"
TEMPLATE = (TEMPLATE_PRINTER, TEMPLATE_PRINTER)
CLICK_PATH = "Printers > {0} > Advanced Configuration > Unauthenticated printer"
EXCEPTIONS = lazy("Leave it off for queues that staff or Mobility Print use: those log in by themselves.")


def printers(site: CheckedSite) -> Iterator[Finding]:
    papercut = site.reached_papercut
    rows = _rows(papercut)
    queues = [row for row in rows if row != TEMPLATE and row[0] != DEVICE_SERVER]
    devices = [name for server, name in rows if server == DEVICE_SERVER]
    if not queues:
        yield Finding(
            "no_printers",
            "warning",
            "PaperCut",
            lazy(
                "PaperCut lists no printer yet: print to one once, or install the print provider on the print server."
            ),
        )
    yield from _prices(papercut, queues, site.settings.site.currency)
    yield from _popups(papercut, [row for row in rows if row[0] != DEVICE_SERVER])
    if devices:
        yield Finding(
            "devices_excepted",
            "info",
            nlazy("%(num)s device", "%(num)s devices", len(devices)),
            lazy(
                "Devices at the copier (%(devices)s) have their own "
                "login and are not looked at here: see Devices > the device > Device Details.",
                devices=", ".join(devices[:5]) + (", ..." if len(devices) > 5 else ""),
            ),
        )


def _prices(papercut: PaperCut, queues: list[tuple[str, str]], currency: str) -> Iterator[Finding]:
    for server, printer in queues:
        model = papercut.printer_properties(server, printer, [keys.COST_MODEL])[keys.COST_MODEL]
        name = f"{server}\\{printer}"
        if model != keys.SIMPLE_COST:
            yield Finding(
                "price_unreadable",
                "info",
                name,
                lazy(
                    "The price of %(name)s follows the model %(model)s, which the API cannot read: look at Printers > "
                    "%(printer)s > Charging.",
                    name=name,
                    model=model,
                    printer=printer,
                ),
            )
        elif papercut.printer_cost(server, printer) == 0:
            free = amounts.with_currency(0, currency)
            yield Finding(
                "printer_free",
                "warning",
                name,
                lazy(
                    "A page on %(name)s costs %(free)s, so members are never charged for it: set a price at "
                    "Printers > %(printer)s > Charging, unless that is meant.",
                    name=name,
                    free=free,
                    printer=printer,
                ),
            )


def _popups(papercut: PaperCut, rows: list[tuple[str, str]]) -> Iterator[Finding]:
    property_name = popup_property(papercut, rows)
    if property_name is None:
        yield Finding(
            "popup_unreadable",
            "info",
            lazy("[Template Printer] and printers"),
            lazy(
                "PaperCut does not say through its API which printers ask for a login: make sure that %(path)s is "
                "on where members print. %(exceptions)s",
                path=CLICK_PATH.format("[Template Printer] and each printer"),
                exceptions=EXCEPTIONS,
            ),
        )
        return
    for server, printer in rows:
        if not keys.is_true(papercut.printer_properties(server, printer, [property_name])[property_name]):
            name = _name((server, printer))
            yield Finding(
                "popup_off",
                "warning",
                name,
                lazy(
                    "%(name)s does not ask for a login, so jobs are charged to whatever name the computer sends: "
                    "switch on %(path)s. %(exceptions)s",
                    name=name,
                    path=CLICK_PATH.format(name),
                    exceptions=EXCEPTIONS,
                ),
                lazy(
                    "switches on Unauthenticated printer for every printer named by this finding, %(name)s among "
                    "them: everybody who prints there sees the login popup from then on",
                    name=name,
                ),
            )


def popup_property(papercut: PaperCut, rows: list[tuple[str, str]]) -> str | None:
    """Return the name under which this server shows "Unauthenticated printer", None where it shows it under none."""
    for name in keys.POPUP:
        for server, printer in rows[:1]:
            try:
                if papercut.printer_properties(server, printer, [name])[name].strip():
                    return name
            except Refused:
                continue
    return None


def switch_popups_on(site: CheckedSite, findings: list[Finding]) -> None:
    papercut = site.reached_papercut
    rows = _rows(papercut)
    property_name = popup_property(papercut, rows)
    wanted = {finding.subject for finding in findings}
    for server, printer in rows:
        if property_name is not None and _name((server, printer)) in wanted:
            papercut.set_printer_property(server, printer, property_name, keys.YES)


def _rows(papercut: PaperCut) -> list[tuple[str, str]]:
    """Return (server, printer) of every row, the template under its own name."""
    return [TEMPLATE if TEMPLATE_PRINTER in row else row for row in papercut.printers()]


def _name(row: tuple[str, str]) -> str:
    return "[Template Printer]" if row == TEMPLATE else f"{row[0]}\\{row[1]}"


CHECKS = (
    Check(
        printers,
        lazy("Every printer has a price and asks for a login"),
        needs="papercut",
        fixes=(Fix("popup_off", switch_popups_on, in_all=False),),
    ),
)
