"""relay.toml is changed key by key, with its comments, never over somebody else's change, never into nonsense."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from relay import config
from relay.config import Settings
from relay.console import settings_fields, settings_file
from relay.console.settings_fields import FIELDS, GROUPS
from relay.console.settings_file import FormProblems
from relay.errors import RelayError
from tests.support.settings_example import written_settings

pytestmark = pytest.mark.windows

HEAD = """\
# The site's settings, kept by hand since 2026.
[members]   # who may print
statuses = [
  "active",   # the paying ones
]

[fees]
minimum = "0.50"
"""


@pytest.fixture
def current(tmp_path: Path) -> Settings:
    file = written_settings(tmp_path, HEAD)
    file.chmod(0o640)
    return config.load(file, {})


def changed(current: Settings, **values: Any) -> str:
    return settings_file.draft(current, {name.replace("__", "."): value for name, value in values.items()}).text


def test_only_what_was_changed_changes(current: Settings) -> None:
    before = current.path.read_text()
    after = changed(current, fees__minimum="1.00", members__statuses=["active"], members__departed="disable")
    assert before.replace('"0.50"', '"1.00"') == after


def test_comments_inside_a_list_stay(current: Settings) -> None:
    after = changed(current, members__statuses=["active", "drop-in"])
    assert '"active",   # the paying ones' in after
    assert ["active", "drop-in"] == tomllib.loads(after)["members"]["statuses"]
    back = changed(current, members__statuses=["drop-in"])
    assert ["drop-in"] == tomllib.loads(back)["members"]["statuses"]


def test_a_new_section_is_added(current: Settings) -> None:
    after = tomllib.loads(changed(current, top_up__amount="5.00", schedule__daily_at="06:15"))
    assert {"amount": "5.00"} == after["top_up"] and {"daily_at": "06:15"} == after["schedule"]


def test_amounts_by_plan_are_written_and_taken_away(current: Settings) -> None:
    rows = [{"plan": "HOT", "amount": "5.00"}, {"plan": "FIX", "amount": "7.50"}]
    draft = settings_file.draft(current, {"top_up.plan": rows})
    assert rows == tomllib.loads(draft.text)["top_up"]["plan"]
    assert (("top_up.plan", [], ["HOT = 5.00", "FIX = 7.50"]),) == draft.changed
    settings_file.save(draft, current.path, current.path.parent / "copies")
    then = config.load(current.path, {})
    assert "top_up" not in tomllib.loads(settings_file.draft(then, {"top_up.plan": []}).text)


def test_problems_stand_beside_their_fields(current: Settings) -> None:
    values = {"fees.minimum": "free", "schedule.daily_at": "25:00", "members.statuses": [], "fees.bill_to": "nobody"}
    with pytest.raises(FormProblems) as found:
        settings_file.draft(current, values)
    assert set(values) == set(found.value.by_field) and [] == found.value.others
    assert "such as 12.50" in found.value.by_field["fees.minimum"]


def test_a_contradiction_between_keys_is_told(current: Settings) -> None:
    with pytest.raises(FormProblems) as found:
        settings_file.draft(current, {"fees.grouping": "company", "fees.bill_to": "member"})
    assert "contradict" in " ".join([*found.value.others, *found.value.by_field.values()])


def test_saving_keeps_mode_and_a_copy(current: Settings, tmp_path: Path) -> None:
    before = current.path.read_text()
    settings_file.save(settings_file.draft(current, {"fees.minimum": "2.00"}), current.path, tmp_path / "copies")
    if os.name == "posix":
        assert 0o640 == stat.S_IMODE(current.path.stat().st_mode)
    assert before == (tmp_path / "copies" / "relay.toml.before").read_text()
    assert 2_000_000 == config.load(current.path, {}).fees.minimum


def test_somebody_else_s_change_is_not_overwritten(current: Settings, tmp_path: Path) -> None:
    draft = settings_file.draft(current, {"fees.minimum": "2.00"})
    with current.path.open("a") as file:
        file.write("# by hand\n")
    with pytest.raises(RelayError, match="Somebody else"):
        settings_file.save(draft, current.path, tmp_path / "copies")
    assert current.path.read_text().endswith("# by hand\n")


# -- the form ---------------------------------------------------------------------------------------------------------


def test_every_field_is_a_setting_and_shown_as_it_is(current: Settings) -> None:
    assert len(FIELDS) == sum(len(group.fields) for group in GROUPS)
    for name, field in FIELDS.items():
        shown = settings_fields.shown(current, field)
        if field.kind == "choice":
            assert shown in [value for value, _, _ in field.choices], name


def test_a_form_sent_as_it_was_shown_changes_nothing(current: Settings) -> None:
    form: MultiDict[str, str] = MultiDict()
    for name, field in FIELDS.items():
        form.add("here", name)
        shown = settings_fields.shown(current, field)
        if isinstance(shown, bool):
            if shown:
                form.add(name, "on")
        elif isinstance(shown, list) and field.kind == "many":
            form.setlist(name, shown)
        else:
            form.add(name, "\r\n".join(shown) if isinstance(shown, list) else shown)
    values, problems = settings_fields.read_form(form)
    assert {} == problems
    draft = settings_file.draft(current, values)
    assert () == draft.changed
    assert current.path.read_text() == draft.text


def test_what_was_not_shown_is_not_changed() -> None:
    values, problems = settings_fields.read_form(MultiDict([("fees.minimum", "1.00"), ("members.admit_passes", "on")]))
    assert {} == values == problems


def test_a_comma_is_a_point_and_nonsense_a_problem() -> None:
    form = MultiDict(
        [("here", "fees.minimum"), ("here", "safety.max_removals_percent"), ("here", "top_up.plan"),
         ("fees.minimum", "1,50"), ("safety.max_removals_percent", "ten"), ("top_up.plan", "HOT 5")]
    )  # fmt: skip
    values, problems = settings_fields.read_form(form)
    assert {"fees.minimum": "1.50"} == values
    assert {"safety.max_removals_percent", "top_up.plan"} == set(problems)
