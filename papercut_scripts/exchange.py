# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

One HTTP/1.1 exchange with one answer, for both interpreters: no redirect is followed, no proxy is taken from the
environment (a service's is the one at boot), nothing is sent twice. It knows no OfficeRnD.

By hand, because Jython's HTTP and TLS modules cannot be trusted and Java's own client repeats a POST by itself; the
same code under CPython saves the import of a whole HTTP library.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import sys

from papercut_scripts import compat

MAX_ANSWER = 1000000
LOOPBACK = ("localhost", "::1")


class Unreachable(Exception):
    """No answer came that could be read; the message is a clause for the log and holds nothing of the request."""


class Response(object):
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # names in lower case; of a name that comes twice the last
        self.body = body


def post(url, headers, body, deadline, ca_file="", proxy="", plain_http=False):
    """Send `body` in bytes to `url` and return the Response, whatever its status. Raises Unreachable.

    `deadline` is a moment of `compat.monotonic()`; it bounds every step, also a name look-up that hangs. `plain_http`
    lets http:// lead to another machine too, as to a PaperCut server within the house.
    """
    return _bounded("POST", url, headers, body, deadline, ca_file, proxy, plain_http)


def get(url, headers, deadline, ca_file="", plain_http=False):
    """Ask for `url` in the same way."""
    return _bounded("GET", url, headers, b"", deadline, ca_file, "", plain_http)


def _bounded(method, url, headers, body, deadline, ca_file, proxy, plain_http):
    try:
        left_s = deadline - compat.monotonic()
        ask = lambda: _ask(method, url, headers, body, deadline, ca_file, proxy, plain_http)  # noqa: E731
        return compat.run_bounded(ask, left_s)
    except Unreachable:
        raise
    except compat.TimeOut:
        raise Unreachable("no answer in time")
    except compat.ANY_ERROR:
        raise Unreachable("{0}: {1}".format(sys.exc_info()[0].__name__, _first_line(sys.exc_info()[1])))


def _ask(method, url, headers, body, deadline, ca_file, proxy, plain_http):
    scheme, _, host, port, path = split_url(url)
    if scheme == "http" and not (plain_http or is_loopback(host)):
        raise Unreachable("http:// is accepted on this machine only")
    connection = _connection(scheme, host, port, deadline, ca_file, proxy)
    try:
        lines = ["{0} {1} HTTP/1.1".format(method, path), "Host: {0}".format(_host_header(scheme, host, port))]
        lines += ["{0}: {1}".format(name, value) for name, value in headers]
        lines += ["Content-Length: {0}".format(len(body)), "Connection: close", "", ""]
        connection.send("\r\n".join(lines).encode("ascii") + body)
        return _Reader(connection).answer()
    finally:
        connection.close()


def _connection(scheme, host, port, deadline, ca_file, proxy):
    proxy_scheme, credentials, first_host, first_port, _ = split_url(proxy) if proxy else ("", "", host, port, "")
    connection = compat.connect(first_host, first_port, deadline)
    try:
        if proxy_scheme == "https":
            connection.secure(first_host, ca_file)
        if proxy:
            _tunnel(connection, host, port, credentials)
        if scheme == "https":
            connection.secure(host, ca_file)
    except compat.ANY_ERROR:
        connection.close()
        raise
    return connection


def _tunnel(connection, host, port, credentials):
    """Ask the proxy to pass everything through, as RFC 9110 section 9.3.6 says."""
    target = "{0}:{1}".format(_bracketed(host), port)
    lines = ["CONNECT {0} HTTP/1.1".format(target), "Host: {0}".format(target)]
    if credentials:
        import base64

        lines.append("Proxy-Authorization: Basic " + base64.b64encode(credentials.encode("utf-8")).decode("ascii"))
    connection.send(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
    status = _Reader(connection).head()[0]
    if not 200 <= status < 300:
        raise Unreachable("the proxy answered {0}".format(status))


def split_url(url):
    """Return scheme, "user:password" or "", host without brackets, port and path with query. Raises Unreachable."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    credentials, _, place = authority.rpartition("@")
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        port = port.lstrip(":")
    else:
        host, _, port = place.partition(":")
    if not separator or scheme not in ("http", "https") or not host or (port and not port.isdigit()):
        raise Unreachable("the address is not usable")
    return scheme, _unquoted(credentials), host, int(port) if port else _default_port(scheme), slash + path or "/"


def is_loopback(host):
    """Return whether a host can only mean this machine; 127.0.0.1.example.com is a name like any other."""
    return host in LOOPBACK or (host.startswith("127.") and not host.strip("0123456789."))


def _default_port(scheme):
    return 443 if scheme == "https" else 80


def _bracketed(host):
    return "[{0}]".format(host) if ":" in host else host


def _host_header(scheme, host, port):
    return _bracketed(host) if port == _default_port(scheme) else "{0}:{1}".format(_bracketed(host), port)


def _unquoted(text):
    pieces = text.split("%")
    data = pieces[0].encode("utf-8")
    for piece in pieces[1:]:
        try:
            data += compat.from_hex(piece[:2] or "%") + piece[2:].encode("utf-8")
        except compat.ANY_ERROR:  # not an escape: the sign stands for itself
            data += b"%" + piece.encode("utf-8")
    return data.decode("utf-8", "replace")


def _first_line(error):
    text = "{0}".format(error).strip()
    return text.split("\n")[0][:200]


class _Reader(object):
    """Reads answers off a connection; every read is bounded by the connection's deadline, the whole by MAX_ANSWER."""

    def __init__(self, connection):
        self._connection = connection
        self._waiting = b""
        self._total = 0

    def answer(self):
        status, headers = self.head()
        while 100 <= status < 200:
            status, headers = self.head()
        return Response(status, headers, self._body(status, headers))

    def head(self):
        words = self._line().split(None, 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
            raise Unreachable("the answer is not HTTP")
        headers = {}
        while True:
            line = self._line()
            if not line:
                return int(words[1]), headers
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()

    def _body(self, status, headers):
        if status in (204, 304):
            return b""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunks()
        length = headers.get("content-length")
        if length is None:
            pieces = [self._waiting]
            while pieces[-1] or len(pieces) == 1:
                pieces.append(self._more())
            return b"".join(pieces)
        if not length.isdigit():
            raise Unreachable("the answer is not HTTP")
        return self._exactly(int(length))

    def _chunks(self):
        pieces = []
        while True:
            try:
                size = int(self._line().partition(";")[0], 16)
            except ValueError:
                raise Unreachable("the answer is not HTTP")
            if size <= 0:
                return b"".join(pieces)
            pieces.append(self._exactly(size))
            self._line()

    def _line(self):
        while b"\n" not in self._waiting:
            piece = self._more()
            if not piece:
                raise Unreachable("the answer broke off")
            self._waiting += piece
        line, _, self._waiting = self._waiting.partition(b"\n")
        return line.decode("latin-1").rstrip("\r")

    def _exactly(self, size):
        while len(self._waiting) < size:
            piece = self._more()
            if not piece:
                raise Unreachable("the answer broke off")
            self._waiting += piece
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def _more(self):
        piece = self._connection.receive()
        self._total += len(piece)
        if self._total > MAX_ANSWER:
            raise Unreachable("the answer is too long")
        return piece
