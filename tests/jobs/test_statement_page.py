"""The HTML statement, looked at in Chromium: charts are drawn, nothing overflows, it prints on A4, it loads nothing."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from relay import charts, jobs
from relay.charts import Bar
from tests.support.browser import Browser
from tests.support.jobs_site import JobsSite, jobs_site, print_log_row
from tests.support.statements import EUR, add_fee, add_top_up, at

NASTY = "<script>alert(1)</script>&\"'" + "W" * 120 + ".pdf"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobsSite]:
    """Thirty people with long names, two printers with long names, fees, a shared account, a stranger."""
    site = jobs_site(tmp_path_factory.mktemp("office"))
    for number in range(30):
        site.link(
            f"member{number:02}", company="Donaudampfschifffahrtsgesellschaft & Söhne <GmbH>" if number % 2 else "Acme"
        )
    for day in range(1, 24):
        site.append(
            *[
                print_log_row(
                    time=f"2026-11-{day:02} {number % 12 or 12}:05:00 PM",
                    user=f"member{(day * 7 + number) % 30:02}",
                    document=NASTY if number == 3 else f"Offer {number}.pdf",
                    printer="Colour" if number % 3 else 'Größter <b>Drucker</b> im "Erdgeschoss" ' + "x" * 40,
                    pages=str(number + 1),
                    colour=str(number // 2),
                    cost=f"{0.05 * (number + 1):.4f}",
                )
                for number in range(6)
            ],
            day=f"2026_11_{day:02}",
        )
    site.append(print_log_row(user="guest"), print_log_row(user="member01", account="Projects\\Alpha"))
    site.import_jobs()
    add_top_up(site, "member01", EUR, at(2))
    for number in range(0, 30, 2):
        add_fee(site, f"member{number:02}", EUR, at(20, 5))
    yield site
    site.database.dispose()


def page_of(site: JobsSite, folder: Path, **scope: str) -> Path:
    path = folder / "statement.html"
    path.write_text(jobs.render(jobs.statement(site.settings, site.database, clock=site.clock, **scope), "html"))
    return path


@pytest.mark.parametrize("scope", [{}, {"member": "member01"}, {"company": "Acme"}, {"month": "2025-02"}])
@pytest.mark.parametrize("width", [1200, 390])
def test_nothing_overflows_and_charts_are_drawn(
    office: JobsSite, browser: Callable[..., Browser], tmp_path: Path, scope: dict[str, str], width: int
) -> None:
    one = browser(width=width)
    one.open(page_of(office, tmp_path, **scope).as_uri())
    found = one.driver.execute_script("""
        const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
        const out = [...document.querySelectorAll('main *:not(svg *)')].filter(element => {
            const box = element.getBoundingClientRect();
            return box.width && !element.closest('.scroll') && box.right > document.documentElement.clientWidth + 1;
        }).map(element => element.outerHTML.slice(0, 80));
        const charts = [...document.querySelectorAll('svg')].map(svg => {
            const frame = svg.getBoundingClientRect();
            const texts = [...svg.querySelectorAll('text')].map(text => text.getBoundingClientRect());
            return {
                height: frame.height,
                bars: [...svg.querySelectorAll('rect')].filter(bar => bar.getBoundingClientRect().height > 0.5).length,
                texts: texts.length,
                cut: texts.filter(box => box.right > frame.right + 1 || box.left < frame.left - 1
                    || box.bottom > frame.bottom + 1 || box.top < frame.top - 1).length,
            };
        });
        return {wide, out, charts, alerts: document.querySelectorAll('script, b > *, link, img').length};
    """)
    assert (0, [], 0) == (found["wide"], found["out"], found["alerts"])
    assert [0, 0, 0] == [chart["cut"] for chart in found["charts"]]
    assert all(chart["height"] > 30 for chart in found["charts"][:2])
    if "month" not in scope:
        assert all(chart["bars"] > 0 for chart in found["charts"])
        assert "Nothing printed" not in one.all("body")[0].text
    else:
        assert "Nothing printed" in one.all("body")[0].text
    one.driver.save_screenshot(str(tmp_path / "screen.png"))
    assert (tmp_path / "screen.png").stat().st_size > 10_000
    assert [] == one.complaints()


@pytest.mark.needs("pdftotext")
def test_it_prints_on_a4(office: JobsSite, browser: Callable[..., Browser], tmp_path: Path) -> None:
    """A4 by the page's own wish, no text lost at the right edge, the whole table over several pages."""
    one = browser()
    one.open(page_of(office, tmp_path, company="Acme").as_uri())
    answer = one.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})
    pdf = tmp_path / "statement.pdf"
    pdf.write_bytes(base64.b64decode(answer["data"]))
    sizes = set(re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf.read_bytes()))
    assert sizes and all(abs(float(w) - 595) < 2 and abs(float(h) - 842) < 2 for w, h in sizes)
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    statement = jobs.statement(office.settings, office.database, clock=office.clock, company="Acme")
    fees = sum(len(line.fees) for line in statement.people)
    dated = [line for line in text.splitlines() if re.match(r"\s*\d+ Nov 2026 ", line)]
    assert len(statement.jobs) + fees + 1 == len(dated), "every job and fee is on paper, its day on one line"
    assert all(re.search(r"\d\.\d\d\d?$", line) for line in dated[1:]), "and so is its amount at the right edge"
    assert 2 == len(re.findall(r"^ *Total ", text, re.MULTILINE)), "the sums of people and fees, not again on each page"
    pages = text.split("\f")[:-1]
    assert len(pages) > 5 and all(re.search(r"^ *Day +Who ", page, re.MULTILINE) for page in pages[2:-1]), "heads again"


def test_the_page_stands_alone_and_escapes_everything(office: JobsSite, tmp_path: Path) -> None:
    html = page_of(office, tmp_path, member="member24").read_text()
    assert not re.search(r"(?:src|href|action)\s*=|url\(|@import|<script|https?://", html)
    whole = page_of(office, tmp_path).read_text()
    assert "<GmbH>" not in whole and "&lt;GmbH&gt;" in whole
    assert "<b>Drucker" not in whole and "&lt;b&gt;Drucker" in whole
    every = [page_of(office, tmp_path, member=f"member{number:02}").read_text() for number in range(30)]
    assert any("&lt;script&gt;alert(1)" in page for page in every)
    assert not any("<script" in page for page in every)


def test_charts_are_whole_svg_by_themselves() -> None:
    nasty = '<x>&"' + "n" * 200
    for drawn in (
        charts.by_day(nasty, [Bar("1", 0, "0", "1"), Bar(nasty, 5, nasty[:20], nasty)], nothing="none"),
        charts.by_day("empty", [], nothing=nasty),
        charts.shares("none", [("Colour", 0, "colour"), ("Gray", 0, "gray")]),
        charts.by_name(nasty, [(nasty, 3, nasty[:10]), ("zero", 0, "0")]),
        charts.by_name("empty", []),
    ):
        assert ElementTree.fromstring(str(drawn)).tag == "svg"


def test_what_is_shown_adds_up_to_the_coin(office: JobsSite) -> None:
    """A page for paper shows no fraction of a coin; what rounding makes of the way is a step of its own."""
    made = jobs.statement(office.settings, office.database, clock=office.clock)
    printed, *way, billed = made.steps
    fine = replace(
        made,
        steps=(
            replace(printed, amount=2_004_000),
            *(replace(way[0], amount=-4_000 // len(way)) for _ in way),
            replace(billed, amount=2_004_000 + len(way) * (-4_000 // len(way))),
        ),
    )
    page = jobs.render(fine, "html")
    amounts_ = [
        Decimal(one.replace("\N{MINUS SIGN}", "-"))
        for one in re.findall(
            r'class="number">(\N{MINUS SIGN}?[\d.]+)<', page.split('id="steps"')[1].split("</table>")[0]
        )
    ]
    assert sum(amounts_[:-1]) == amounts_[-1]
    assert all(one == one.quantize(Decimal("0.01")) for one in amounts_)
    assert "shown to the smallest coin" in page
    assert "Printing in November 2026" in page and "Against October 2026" in page
