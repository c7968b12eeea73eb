"""The stand-in's page, in a real browser."""

from __future__ import annotations


def test_a_browser_logs_in_and_prints(papercut, browser):
    """GET /sandbox: what an operator without curl does."""
    one = browser(papercut.url)
    one.open("/sandbox")
    one.wait_for("select[name=printer] option")
    one.all("[name=name]")[0].send_keys("reception")
    one.all("[name=password]")[0].send_keys("front desk")
    one.all("button[value=print]")[0].click()
    one.wait(lambda: "Offer.pdf" in one.all("#answer")[0].text)
    (job,) = papercut.state.jobs
    assert (job.username, job.pages, job.printer) == ("reception", 3, "Colour")
    one.wait(lambda: "Offer.pdf" in one.all("#jobs")[0].text)
