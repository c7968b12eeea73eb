"""The figures for collectors: read by Prometheus' own parser, whole to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from relay.console.app import make_app
from relay.money.ledger import records
from tests.console.conftest import MakeDesk
from tests.support.visitor import Visitor


def test_a_moment_is_told_whole(make_desk: MakeDesk) -> None:
    place, at = make_desk(), datetime(2026, 11, 23, 7, 30, 1, tzinfo=UTC)
    with place.database.begin() as connection:
        records.add_run(connection, place.settings.site.name, records.Run("run", at, at, 4, {}))
    told = Visitor(make_app(place).test_client()).get("/metrics").text
    samples = [one for family in text_string_to_metric_families(told) for one in family.samples]
    figures = {(one.name, *one.labels.values()): one.value for one in samples}
    assert figures["relay_last_run_timestamp_seconds", "run"] == at.timestamp()
    assert figures["relay_last_run_exit_code", "run"] == 4
    assert figures["relay_webhooks_total", "accepted"] == 0
    assert {family.type for family in text_string_to_metric_families(told)} == {"gauge", "counter"}
