#!/usr/bin/python3
"""A CUPS backend that stands for PaperCut's print provider; runs on its own, as the print system's user.

CUPS starts it as `URI job user title copies options [file]`. It analyses the document (pages, colour pages), hands the
job to the stand-in server named in the URI (pcprov://127.0.0.1:PORT/PRINTER?FIFO), and tells the verdict to a FIFO.
Exit 0: printed; 5: the job is cancelled (4 would stop the queue).
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=False)
    return done.stdout.decode("utf-8", "replace")


def analyse(path):
    """Return (pages, colour pages) of a PDF: a page with any cyan, magenta or yellow is a colour page."""
    pages = int(re.search(r"^Pages:\s+(\d+)", run("/usr/bin/pdfinfo", path), re.M).group(1))
    colour = 0
    for line in run("/usr/bin/gs", "-q", "-dSAFER", "-o", "-", "-sDEVICE=inkcov", path).splitlines():
        if "CMYK OK" in line and any(float(ink) for ink in line.split()[:3]):
            colour += 1
    return pages, colour


def main():
    if len(sys.argv) == 1:
        sys.stdout.write('direct pcprov "Unknown" "Stand-in for a print provider"\n')
        return 0
    _, user, title, copies, options = sys.argv[1:6]
    address, _, fifo = os.environ["DEVICE_URI"].partition("://")[2].partition("?")
    server, _, printer = address.partition("/")
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        if len(sys.argv) > 6:
            with open(sys.argv[6], "rb") as document:
                file.write(document.read())
        else:
            file.write(sys.stdin.buffer.read())
            copies = "1"
        file.flush()
        pages, colour = analyse(file.name)
    job = {
        "client": "desk-of-" + user,
        "printer": printer,
        "pages": pages,
        "colour_pages": colour,
        "copies": int(copies),
        "duplex": "two-sided" in options,
        "document": title,
    }
    request = urllib.request.Request(
        "http://" + server + "/sandbox/print",
        data=json.dumps(job).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            verdict = json.load(answer)
    except urllib.error.HTTPError as error:
        verdict = json.load(error)
    printed = bool(verdict.get("job", {}).get("printed"))
    with open(fifo, "w") as told:
        told.write(json.dumps({"printed": printed, **verdict}) + "\n")
    return 0 if printed else 5


sys.exit(main())
