"""security.properties: our folder comes and goes, and nothing else in the file moves by a byte."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.installer import properties

pytestmark = pytest.mark.windows
KEY = properties.FOLDER_LIST
OURS = "/home/papercut/server/custom/officernd"
WINDOWS_OURS = "C:\\Program Files\\PaperCut MF\\server\\custom\\officernd"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{KEY}=\n", f"{KEY}={OURS}\n"),
        (f"{KEY}=/a;/b c\n", f"{KEY}=/a;/b c;{OURS}\n"),
        (f"{KEY}=/a;\n", f"{KEY}=/a;{OURS}\n"),
        (f"{KEY} : /a  \nnext=1", f"{KEY} : /a;{OURS}\nnext=1"),
        (f"# x\r\n{KEY}=/a\r\ny=1\r\n", f"# x\r\n{KEY}=/a;{OURS}\r\ny=1\r\n"),
        (f"#{KEY}=/a\n", f"#{KEY}=/a\n{KEY}={OURS}\n"),
        ("a=1", f"a=1\n{KEY}={OURS}\n"),
        ("a=1\r\n", f"a=1\r\n{KEY}={OURS}\r\n"),
        ("", f"{KEY}={OURS}\n"),
        (f"{KEY}=/a;\\\n   /b\nx=1\n", f"{KEY}=/a;\\\n   /b;{OURS}\nx=1\n"),
        (f"{KEY}=/old\n{KEY}=/new\n", f"{KEY}=/old\n{KEY}=/new;{OURS}\n"),
        (f"  {KEY}\t/a\n", f"  {KEY}\t/a;{OURS}\n"),
        ("# ends in a backslash \\\n" + f"{KEY}=/a\n", "# ends in a backslash \\\n" + f"{KEY}=/a;{OURS}\n"),
    ],
)
def test_an_entry_is_added_where_java_reads_it(before: str, after: str) -> None:
    data = before.encode("latin-1")
    added = properties.with_entry(data, OURS, windows=False)
    assert added == after.encode("latin-1")
    assert properties.with_entry(added, OURS, windows=False) == added
    assert properties.entries(added)[-1] == OURS
    removed = properties.without_entry(added, OURS, windows=False)
    assert properties.entries(removed) == properties.entries(data)


def test_bytes_that_are_no_text_of_ours_stay() -> None:
    data = "# Grüße, Ünïted\r\nother=\\u00fc\n".encode("latin-1") + b"\xff\xfe=raw\n" + f"{KEY}=/a\n".encode()
    added = properties.with_entry(data, OURS, windows=False)
    assert added == data.replace(b"=/a\n", f"=/a;{OURS}\n".encode())


def test_windows_folders_are_escaped_and_compared_as_windows_does() -> None:
    data = properties.with_entry(b"", WINDOWS_OURS, windows=True)
    assert b"C:\\\\Program Files\\\\PaperCut MF" in data
    assert properties.has_entry(data, WINDOWS_OURS.upper().replace("\\", "/") + "/", windows=True)
    assert not properties.has_entry(data, WINDOWS_OURS + "2", windows=True)


def test_single_backslashes_read_as_another_folder_so_that_ours_is_added() -> None:
    data = f"{KEY}={WINDOWS_OURS}\n".encode()
    assert not properties.has_entry(data, WINDOWS_OURS, windows=True)


def test_names_beyond_ascii_are_written_as_java_escapes() -> None:
    folder = "/opt/Drucker Büro \U0001f5a8"
    data = properties.with_entry(b"", folder, windows=False)
    assert data.isascii()
    assert properties.has_entry(data, folder, windows=False)


def test_a_key_that_only_begins_like_ours_is_another() -> None:
    data = f"{KEY}.more=/a\nx{KEY}=/b\n".encode()
    assert properties.entries(data) == []


LINES = st.lists(
    st.one_of(
        st.sampled_from(["# a comment", "", "  ", f"#{KEY}=/x", "a=1", "b : 2", "c\\=d=3", "long=one\\", "! note"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\\\x85\xa0"), max_size=20),
        st.lists(st.sampled_from(["/a", "/b c", OURS + "2", "C:\\\\x"]), max_size=3).map(
            lambda folders: f"{KEY}={';'.join(folders)}"
        ),
    ),
    max_size=8,
)


@example(lines=["long=one\\", ""], end="\n", last=False)
@example(lines=["long=one\\"], end="\r\n", last=False)
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n", "\r"]), last=st.booleans())
def test_whatever_the_file_holds_only_the_list_changes(lines: list[str], end: str, last: bool) -> None:
    """Added once, it is read back; all else reads as before; taken out, the list is as before."""
    data = (end.join(lines) + (end if last else "")).encode("latin-1")
    before = properties.entries(data)
    added = properties.with_entry(data, OURS, windows=False)
    assert properties.entries(added) == [*before, OURS] or OURS in before
    for key in ("a", "b", "c=d", "long"):
        assert properties.value(added, key) == properties.value(data, key)
    assert properties.entries(properties.without_entry(added, OURS, windows=False)) == [
        entry for entry in before if entry != OURS
    ]
