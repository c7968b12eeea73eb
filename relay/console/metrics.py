"""The figures of the process and the site in Prometheus' text form. No name of a person is among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from relay import amounts, money
from relay.console import figures
from relay.console.desk import Desk
from relay.console.webhooks import Hooks
from relay.database import reading
from relay.money.ledger import tables


def text(place: Desk, hooks: Hooks) -> str:
    registry = CollectorRegistry()
    registry.register(_Figures(place, hooks))
    return generate_latest(registry).decode()


@dataclass(eq=False, frozen=True)  # a registry keeps its collectors by their identity
class _Figures(Collector):
    place: Desk
    hooks: Hooks

    def collect(self) -> Iterator[Metric]:
        return _families(self.place, self.hooks)


def _families(place: Desk, hooks: Hooks) -> Iterator[Metric]:
    site = place.settings.site.name
    directory = place.directory()
    standings = Counter(user.standing for user in (directory.users if directory else ()))
    yield from _metric(
        "relay_people",
        "People in the directory by standing",
        [({"standing": k}, v) for k, v in sorted(standings.items())],
    )
    with reading(place.database) as connection:
        table = tables.movements
        rows = connection.execute(
            select(table.c.kind, table.c.state, func.count(), func.sum(table.c.amount))
            .where(table.c.site == site)
            .group_by(table.c.kind, table.c.state)
        ).all()
        runs = connection.execute(
            select(tables.runs.c.kind, func.max(tables.runs.c.finished_at))
            .where(tables.runs.c.site == site)
            .group_by(tables.runs.c.kind)
        ).all()
    yield from _metric(
        "relay_movements", "Movements of money by kind and state", [({"kind": k, "state": s}, n) for k, s, n, _ in rows]
    )
    yield from _metric(
        "relay_movements_amount",
        "Sum of the movements in the site's currency",
        [({"kind": k, "state": s}, amounts.to_double(int(total or 0))) for k, s, _, total in rows],
    )
    yield from _metric(
        "relay_held_people",
        "People with money that waits for a word",
        [({}, len({h["member_id"] for h in figures.undecided(place)}))],
    )
    yield from _metric(
        "relay_last_run_timestamp_seconds",
        "End of the last run by kind",
        [({"kind": kind}, at.timestamp()) for kind, at in runs if at],
    )
    for run in money.last_runs(place.database, site, 1):
        yield from _metric(
            "relay_last_run_exit_code", "Exit code of the newest run", [({"kind": run["kind"]}, run["exit_code"])]
        )
    glance = place.glance
    if glance:
        yield from _metric(
            "relay_system_up",
            "Whether a system answered when it was last asked",
            [
                ({"system": "papercut"}, int(not glance.papercut_problem)),
                ({"system": "officernd"}, int(not glance.officernd_problem)),
            ],
        )
    yield from _metric(
        "relay_work_running", "Whether a long work is under way here", [({}, int(place.works.current is not None))]
    )
    webhooks = CounterMetricFamily("relay_webhooks", "Webhooks by what became of them", labels=["result"])
    webhooks.add_metric(["accepted"], hooks.accepted)
    webhooks.add_metric(["refused"], hooks.refused)
    yield webhooks


def _metric(name: str, help_text: str, samples: list[tuple[Mapping[str, str], float]]) -> Iterator[Metric]:
    """Return the gauge of (labels, value), nothing where there are none: the labels' names are those of the first."""
    if not samples:
        return
    family = GaugeMetricFamily(name, help_text, labels=list(samples[0][0]))
    for labels, value in samples:
        family.add_metric(list(labels.values()), value)
    yield family
