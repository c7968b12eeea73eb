# -*- coding: utf-8 -*-
"""Runs inside PaperCut's server folder under CPython 3.9+ and Jython 2.7, standard library only.

Every difference between the two interpreters and between the operating systems stands here and nowhere else: process
boundary, files, locks, hashes, threads, sockets, TLS. It must not know what a login or a directory is. Imports are made
where they are used, because the start of the process is the cost of a login.

Source of the Jython facts: measured on Jython 2.7.2 and 2.7.3 under Java 11 to 25 (no pbkdf2_hmac, compare_digest,
os.replace, monotonic; os.open ignores its mode; its ssl accepts a certificate of another host and ends at TLS 1.2;
`except Exception` misses Java's exceptions).
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import errno
import io
import os
import stat
import sys
import time

JYTHON = sys.platform.startswith("java")
WINDOWS = (getattr(os, "_name", None) or os.name) == "nt"  # os.name is "java" under Jython

if JYTHON:
    from java.lang import Exception as _JavaException
    from java.lang import System as _System

    ANY_ERROR = (Exception, _JavaException)
    MACOS = _System.getProperty("os.name").startswith("Mac")
else:
    ANY_ERROR = (Exception,)
    MACOS = sys.platform == "darwin"

# Jython catches Java's IOException as an IOError and not as the EnvironmentError which that one is.
FILE_ERROR = (EnvironmentError, IOError)

_NO_LINK_NO_WAIT = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)  # what taking a lock says when somebody else has it

# Windows: how long a file may be in somebody's hands before we give up. To replace it takes a moment in which nobody
# reads it, and a crowd reads much.
READ_RETRY_S = 1.0
REPLACE_RETRY_S = 3.0
NO_PLAIN_FILE = "it is no plain file"
ROTATIONS = 20  # how often a log may be moved aside between our making and our opening it
MOST_LINKS = 40  # on one way, as systems count them
LARGEST_FILE = 64000000  # bytes of a file that is read whole: more than all people of the largest server take


class TimeOut(Exception):
    """Something took longer than it was allowed to."""


# --- the process boundary: bytes in, bytes out, whatever the locale says ---


def arguments():
    """Return the command line without the program, as text."""
    words = [_text(argument) for argument in sys.argv[1:]]
    if JYTHON and any("\ufffd" in word for word in words):
        # In the C locale Java has lost what is not ASCII; Linux still has the bytes.
        try:
            kept = _read("/proc/self/cmdline").split(b"\0")[:-1]
            return [_text(word) for word in kept[-len(words) :]]
        except FILE_ERROR:
            pass
    return words


def environment(name):
    """Return an environment variable as text, "" when it is not set."""
    return _text(os.environ.get(str(name)) or "")


def _text(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    # CPython keeps bytes that the locale cannot read as lone surrogates; read them as UTF-8 after all.
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not JYTHON else value


def read_line(limit):
    """Return one line of standard input as bytes with its end, at most `limit` of them; b"" at the end of the input.

    Never waits for more than the line: PaperCut may keep the pipe open. Source: FIELD report HexaSpaceRND.
    """
    if not JYTHON:
        return sys.stdin.buffer.readline(limit)
    source = getattr(_System, "in")
    line = bytearray()
    while len(line) < limit:
        byte = source.read()
        if byte < 0:
            break
        line.append(byte)
        if byte == 10:
            break
    return bytes(line)


def write_stdout(data):
    """Write bytes to standard output exactly as they are, and flush."""
    if JYTHON:  # sys.stdout would turn \n into \r\n on Windows
        _System.out.write(data, 0, len(data))
        _System.out.flush()
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write_stderr(text):
    data = (text + "\n").encode("utf-8")
    if JYTHON:
        _System.err.write(data, 0, len(data))
        _System.err.flush()
        return
    sys.stderr.buffer.write(data)
    sys.stderr.buffer.flush()


def exit_now(code):
    """End the process at once, also when a thread hangs in a name look-up or a read."""
    os._exit(code)


# --- time and threads ---


def monotonic():
    if JYTHON:
        return _System.nanoTime() / 1e9
    return time.monotonic()  # novm


def pause(seconds):
    """Do nothing for a while."""
    time.sleep(max(0.0, seconds))


def run_bounded(function, limit_s):
    """Return `function()`, or raise TimeOut after `limit_s` and leave its thread behind."""
    box = []
    if JYTHON:
        import threading

        done = threading.Event()
        thread = threading.Thread(target=lambda: _run_into(box, function, done.set))
        thread.daemon = True
        thread.start()
        done.wait(max(0.0, limit_s))
    else:
        import _thread  # novm: `threading` costs as much as everything else a query imports

        lock = _thread.allocate_lock()
        lock.acquire()
        _thread.start_new_thread(_run_into, (box, function, lock.release))
        lock.acquire(True, max(0.0, limit_s))
    if not box:
        raise TimeOut("no answer within {0:.1f} s".format(limit_s))
    value, error = box[0]
    if error is not None:
        raise error
    return value


def _run_into(box, function, done):
    try:
        box.append((function(), None))
    except ANY_ERROR:
        box.append((None, sys.exc_info()[1]))
    finally:
        done()


# --- hashes ---

_SHA256 = {}  # looked up once


def sha256_hex(data):
    """Return the SHA-256 of bytes as text."""
    if "small" not in _SHA256:
        try:  # the interpreter's own module: loading OpenSSL costs more than hashing a small answer
            _SHA256["small"] = __import__("_sha2" if sys.version_info >= (3, 12) else "_sha256").sha256
        except (ImportError, AttributeError):
            _SHA256["small"] = None
    sha256 = _SHA256["small"]
    if sha256 is None or len(data) > 1000000:
        import hashlib

        sha256 = hashlib.sha256
    return _text(sha256(data).hexdigest())


def pbkdf2_sha256_hex(secret, salt, rounds):
    """Return PBKDF2-HMAC-SHA256 of a text and a salt in bytes, 32 bytes as hexadecimal text."""
    if JYTHON:
        from java.lang import String
        from javax.crypto import SecretKeyFactory
        from javax.crypto.spec import PBEKeySpec

        key = PBEKeySpec(String(secret).toCharArray(), salt, rounds, 256)
        raw = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256").generateSecret(key).getEncoded().tostring()
    else:
        import hashlib

        raw = hashlib.pbkdf2_hmac("sha256", secret.encode("utf-8"), salt, rounds)  # novm
    return to_hex(raw)


def equal(left, right):
    """Compare two ASCII texts in a time that does not tell where they differ."""
    a, b = bytearray(left.encode("utf-8")), bytearray(right.encode("utf-8"))
    difference = len(a) ^ len(b)
    for x, y in zip(a, b):
        difference |= x ^ y
    return difference == 0


def to_hex(raw):
    import binascii

    return binascii.hexlify(raw).decode("ascii")


def from_hex(text):
    import binascii

    return binascii.unhexlify(text.encode("ascii"))


def random_hex(count):
    """Return `count` random bytes as hexadecimal text."""
    return to_hex(os.urandom(count))


# --- files ---


def read_file(path):
    """Return a file's bytes; a file that Windows holds back for the moment of its replacement is asked for again."""
    return _patiently(lambda: _read(path), READ_RETRY_S)


def _read(path):
    with open_plain(path) as source:
        size = os.path.getsize(path) if JYTHON else os.fstat(source.fileno()).st_size
        if size > LARGEST_FILE:
            raise IOError(errno.EFBIG, "it is larger than anything that is kept here", path)
        return source.read()


def open_plain(path):
    """Return a plain file opened to be read as bytes; raise for whatever else bears its name.

    In a folder that others may write into it may be a pipe, which would be waited for without end, or a device.
    """
    if JYTHON:
        if os.path.exists(path) and not os.path.isfile(path):
            raise IOError(errno.EINVAL, NO_PLAIN_FILE, path)
        return io.open(path, "rb")
    if WINDOWS:
        return io.open(_shared(path), "rb")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    return io.open(_if_plain(descriptor, path), "rb")


def _if_plain(descriptor, path):
    """Return the descriptor of a plain file; close any other, and raise."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IOError(errno.EINVAL, NO_PLAIN_FILE, path)
    return descriptor


def _shared(path):
    """Return a descriptor that leaves others free to rename and remove the file meanwhile, as io.open does not."""
    import _winapi
    import msvcrt

    read, share_all, existing, normal = 0x80000000, 0x7, 3, 0x80
    handle = _winapi.CreateFile(path, read, share_all, 0, existing, normal, 0)
    return msvcrt.open_osfhandle(handle, os.O_RDONLY)


def written_text(data):
    """Return the text of a file that a person wrote, without its mark: UTF-8, or UTF-16 as Notepad's "Unicode" and
    PowerShell 5's `>` write it. Raises UnicodeDecodeError."""
    return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def is_missing(error):
    return getattr(error, "errno", None) in (errno.ENOENT, errno.ENOTDIR)


def why_open(path):
    """Return in a clause how others may write into a folder, or exchange one on the way to it; "" where they may not.

    A folder in which everybody keeps his own files apart from the others' (the sticky bit: /tmp) is none of those.
    Under Windows access lists decide, which the installer sets.
    """
    if WINDOWS:
        return ""
    if is_anothers(path):
        return "{0} belongs to another account".format(path)
    for place in _on_the_way(path):
        if os.path.isdir(place) and os.stat(place).st_mode & 0o022:
            return "others may write into {0}".format(place)
        above = os.path.dirname(place)
        while above != os.path.dirname(above):
            mode = os.stat(above).st_mode if os.path.isdir(above) else 0
            if mode & 0o002 and not mode & 0o1000:
                return "others may exchange it, since they may write into {0}".format(above)
            above = os.path.dirname(above)
    return ""


def is_anothers(path):
    """Return whether a folder belongs to another account than root's and ours; root works for whoever owns it."""
    if WINDOWS or JYTHON or not os.path.isdir(path):
        return False
    return os.stat(path).st_uid not in (0, os.geteuid()) and os.geteuid() != 0


def _on_the_way(path):
    """Return a path as it is named, as each link on its way makes it, and as it is in the end."""
    ways = [os.path.abspath(path)]
    while len(ways) < MOST_LINKS:
        here = link = ways[-1]
        while not os.path.islink(link) and link != os.path.dirname(link):
            link = os.path.dirname(link)
        if not os.path.islink(link):
            return ways
        rest = here[len(link) :].lstrip(os.sep)
        ways.append(os.path.abspath(os.path.join(os.path.dirname(link), os.readlink(link), rest)))
    return ways  # in a circle, and so nothing that can be opened


def make_private_folder(path):
    """Create a folder, with its parents, that only this account may enter; one that exists stays as it is."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        make_private_folder(parent)
    try:
        os.mkdir(path, 0o700)
        if JYTHON and not WINDOWS:
            os.chmod(path, 0o700)
        elif not WINDOWS and os.geteuid() == 0:
            owner = os.stat(parent or ".")
            os.lchown(path, owner.st_uid, owner.st_gid)
    except FILE_ERROR:
        if not os.path.isdir(path):  # another process was first
            raise


def create_private(path):
    """Create an empty file that only this account may read, before any content is in it; raise if it exists.

    Under Windows the folder's access list decides, which the installer sets.
    """
    if not JYTHON:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            if not WINDOWS and os.geteuid() == 0:  # root works for the account that owns the folder
                owner = os.stat(os.path.dirname(path) or ".")
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
        finally:
            os.close(descriptor)
        return
    from java.nio.file import FileAlreadyExistsException, Files, Paths

    attributes = []
    if not WINDOWS:
        from java.nio.file.attribute import PosixFilePermissions

        attributes = [PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))]
    try:
        Files.createFile(Paths.get(path), attributes)
    except FileAlreadyExistsException:
        raise OSError(errno.EEXIST, "exists", path)


def write_private(path, data, durable=False):
    """Replace a file by bytes, atomically: owner-only before any content, flushed to the disk when `durable`."""
    temporary = "{0}.{1}.tmp".format(path, random_hex(6))
    create_private(temporary)
    try:
        with io.open(temporary, "r+b") as target:
            target.write(data)
            target.flush()
            if durable:
                os.fsync(target.fileno())
        replace(temporary, path)
    except ANY_ERROR:
        remove_quietly(temporary)
        raise
    if durable:
        sync_folder(os.path.dirname(path))


def append_private(path, data):
    """Add one line to a file in one write, so that processes which log at once do not mix their lines.

    POSIX finds the end and writes there in one step. Windows takes two, between which another process writes: there
    it is done under the lock that a rotation takes too. A line that waited too long is written without.
    """
    if not WINDOWS:
        _append(path, data)
        return
    try:
        with Lock(path + ".lock", REPLACE_RETRY_S):
            _append(path, data)
    except TimeOut:
        _append(path, data)


def _append(path, data):
    with io.open(_place_to_append(path), "ab", 0) as target:
        written = target.write(data)
        if written < len(data):  # a full disk: half a line would spoil the next one too
            target.truncate(target.tell() - written)


def _place_to_append(path):
    """Return what io.open takes for a private file, made where it is missing, and anew when it is rotated meanwhile."""
    left = ROTATIONS
    while True:
        try:
            create_private(path)
        except FILE_ERROR:
            if getattr(sys.exc_info()[1], "errno", None) != errno.EEXIST:
                raise
        if JYTHON:
            return path
        try:
            # Not made here: Jython would make it everybody's to read. No link is followed, and no pipe waited for.
            flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0) | _NO_LINK_NO_WAIT
            return _if_plain(os.open(path, flags), path)
        except FILE_ERROR:
            left -= 1
            if left <= 0 or not is_missing(sys.exc_info()[1]):
                raise


def sync_folder(path):
    """Make a folder's own entries durable where the system can."""
    if JYTHON or WINDOWS:
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_quietly(path):
    try:
        os.remove(path)
    except FILE_ERROR:
        pass


def replace(source, target):
    """Move a file over another one, which readers may have open."""
    patiently(lambda: _replace(source, target))


def patiently(action):
    """Return what `action()` returns; what Windows refuses because somebody holds a file is tried until a deadline."""
    return _patiently(action, REPLACE_RETRY_S)


def rotate(path, largest, kept):
    """Move a file of more than `largest` bytes aside to `path`.1, and older ones up to `path`.`kept`.

    Whoever comes second while another process does it leaves it alone. It begins at the first free number: where a
    file in somebody's hands stopped the last rotation half way, it goes on there and loses nothing.
    """
    try:
        with Lock(path + ".lock", 0.0):
            if not os.path.exists(path) or os.path.getsize(path) <= largest:
                return
            names = [path] + ["{0}.{1}".format(path, number) for number in range(1, kept + 1)]
            last = 1
            while last < kept and os.path.exists(names[last]):
                last += 1
            for number in range(last, 0, -1):
                _replace(names[number - 1], names[number])
    except TimeOut:
        pass


def _replace(source, target):
    if not JYTHON:
        os.replace(source, target)  # novm
        return
    from java.nio.file import Files, Paths, StandardCopyOption

    Files.move(
        Paths.get(source), Paths.get(target), [StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING]
    )


def _patiently(action, patience_s):
    deadline = monotonic() + (patience_s if WINDOWS else 0.0)
    while True:
        try:
            return action()
        except ANY_ERROR:
            # Jython does not tell which of Java's errors it was.
            held = JYTHON or getattr(sys.exc_info()[1], "errno", None) == errno.EACCES
            if not held or is_missing(sys.exc_info()[1]) or monotonic() >= deadline:
                raise
            time.sleep(0.005)


class Lock(object):
    """A lock between processes, free the moment its holder dies: `with Lock(path, 2.0): ...`; raises TimeOut.

    The same kind under both interpreters (POSIX record locks, Windows' LockFile), so that they exclude each other. It
    keeps the threads of one process apart too. Where the lock's file cannot be opened, or its file system knows no
    locks, we go on without: that must not lock everybody out.
    """

    def __init__(self, path, limit_s):
        self._path = path
        self._limit_s = limit_s
        self._held = None

    def __enter__(self):
        deadline = monotonic() + self._limit_s
        pause_s = 0.002
        while True:
            try:
                self._held = _open_java_lock(self._path) if JYTHON else _open_lock(self._path)
            except FILE_ERROR:
                return self
            if self._held is not None:
                return self
            if monotonic() >= deadline:
                raise TimeOut("{0} is held by another process".format(os.path.basename(self._path)))
            time.sleep(min(pause_s, max(0.0, deadline - monotonic())))
            pause_s = min(pause_s * 2, 0.05)

    def __exit__(self, *error):
        held, self._held = self._held, None
        if held is not None:
            held.close() if JYTHON else held.close_lock()


# The locks that this process holds, by path. POSIX gives a record lock to the process, to every thread of it, and takes
# it back when any of them closes the file: so that a second one must not even open it.
_HELD_HERE = {}


class _HeldLock(object):
    def __init__(self, path):
        self.path = path
        self.descriptor = None

    def close_lock(self):
        if self.descriptor is not None:
            os.close(self.descriptor)
        del _HELD_HERE[self.path]


def _open_lock(path):
    """Return a lock that is held, None where another process or thread holds it."""
    held = _HeldLock(path)
    if _HELD_HERE.setdefault(path, held) is not held:
        return None
    try:
        held.descriptor = _locked(path)
    finally:
        if held.descriptor is None:
            held.close_lock()
    return held if held.descriptor is not None else None


def _locked(path):
    """Return the descriptor of a locked file, None where another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK_NO_WAIT, 0o600)
    try:
        if WINDOWS:
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FILE_ERROR:
        os.close(descriptor)
        if sys.exc_info()[1].errno not in HELD:
            raise
        return None
    return descriptor


def _open_java_lock(path):
    from java.io import RandomAccessFile
    from java.nio.channels import OverlappingFileLockException

    if not os.path.exists(path):
        try:
            create_private(path)
        except FILE_ERROR:  # another process was first, or RandomAccessFile will say what is wrong
            pass
    opened = RandomAccessFile(path, "rw")
    try:
        if opened.getChannel().tryLock(0, 1, False) is not None:
            return opened
    except OverlappingFileLockException:  # another thread of this virtual machine
        pass
    opened.close()
    return None


# --- connections ---


def connect(host, port, deadline):
    """Return an open connection: .send(bytes), .receive() -> bytes (b"" at the end), .close(); raises on any failure.

    `deadline` is a moment of `monotonic()`. Every address of the host gets its share of the time left.
    """
    return _JavaConnection(host, port, deadline) if JYTHON else _Connection(host, port, deadline)


def _left(deadline):
    left = deadline - monotonic()
    if left <= 0.01:
        raise TimeOut("no time left")
    return left


class _Connection(object):
    def __init__(self, host, port, deadline):
        import socket

        self._deadline = deadline
        addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        for number, (family, kind, protocol, _, address) in enumerate(addresses, 1):
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(_left(deadline) / (len(addresses) - number + 1))
                opened.connect(address)
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket = opened
                return
            except ANY_ERROR:
                opened.close()
                if number == len(addresses) or not isinstance(sys.exc_info()[1], EnvironmentError):
                    raise
        raise TimeOut("the name has no address")

    def secure(self, host, ca_file):
        """Go on over TLS with the certificate checked for `host`, against `ca_file` alone where one is given."""
        import ssl

        context = ssl.create_default_context(cafile=ca_file or None)
        self._socket.settimeout(_left(self._deadline))
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def send(self, data):
        self._socket.settimeout(_left(self._deadline))
        self._socket.sendall(data)

    def receive(self):
        self._socket.settimeout(_left(self._deadline))
        return self._socket.recv(65536)

    def close(self):
        self._socket.close()


class _JavaConnection(object):
    """The same through Java's own classes: Jython's ssl does not compare the host with the certificate."""

    def __init__(self, host, port, deadline):
        from java.net import InetAddress, InetSocketAddress, Proxy, Socket

        self._deadline = deadline
        addresses = list(InetAddress.getAllByName(host))
        for number, address in enumerate(addresses, 1):
            opened = Socket(Proxy.NO_PROXY)  # not what the virtual machine's properties may name
            try:
                share_s = _left(deadline) / (len(addresses) - number + 1)
                opened.connect(InetSocketAddress(address, port), max(1, int(share_s * 1000)))
                opened.setTcpNoDelay(True)
                self._socket = opened
                return
            except ANY_ERROR:
                opened.close()
                if number == len(addresses):
                    raise

    def secure(self, host, ca_file):
        self._wait()
        secured = _java_tls(ca_file).getSocketFactory().createSocket(self._socket, host, self._socket.getPort(), True)
        parameters = secured.getSSLParameters()
        parameters.setEndpointIdentificationAlgorithm("HTTPS")
        secured.setSSLParameters(parameters)
        secured.startHandshake()
        self._socket = secured

    def send(self, data):
        self._wait()
        stream = self._socket.getOutputStream()
        stream.write(data)
        stream.flush()

    def receive(self):
        import jarray

        self._wait()
        piece = jarray.zeros(65536, "b")
        count = self._socket.getInputStream().read(piece)
        return piece[:count].tostring() if count > 0 else b""

    def close(self):
        self._socket.close()

    def _wait(self):
        self._socket.setSoTimeout(max(1, int(_left(self._deadline) * 1000)))


def _java_tls(ca_file):
    from javax.net.ssl import SSLContext

    if not ca_file:
        return SSLContext.getDefault()
    from java.io import FileInputStream
    from java.security import KeyStore
    from java.security.cert import CertificateFactory
    from javax.net.ssl import TrustManagerFactory

    trusted = KeyStore.getInstance(KeyStore.getDefaultType())
    trusted.load(None, None)
    source = FileInputStream(ca_file)
    try:
        for number, certificate in enumerate(CertificateFactory.getInstance("X.509").generateCertificates(source)):
            trusted.setCertificateEntry("ca{0}".format(number), certificate)
    finally:
        source.close()
    managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
    managers.init(trusted)
    context = SSLContext.getInstance("TLS")
    context.init(None, managers.getTrustManagers(), None)
    return context
