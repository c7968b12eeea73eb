# -*- coding: utf-8 -*-
"""What Windows itself says and does about rights, services and the registry: its API, never a localised program's text.

Under CPython by ctypes and winreg. Jython on Windows has neither; there rights are set by `icacls` with well-known
numbers, whose exit code is all that is read, and nothing can be asked. Every function is to be called under Windows.

Source: Win32 API (aclapi, winsvc); well-known SIDs in the Windows documentation, the same in every language.
"""

from __future__ import absolute_import, division, print_function, unicode_literals

import sys

ADMINISTRATORS, SYSTEM = "S-1-5-32-544", "S-1-5-18"
# Everyone, Authenticated Users, Users: more people than the owner.
WIDE = ("S-1-1-0", "S-1-5-11", "S-1-5-32-545")
FULL, READ_AND_START = "FA", "FRFX"

_FILE = 1  # SE_FILE_OBJECT
_OWNER, _DACL, _PROTECTED = 0x1, 0x4, 0x80000000
_READ = 0x1 | 0x80000000 | 0x10000000  # FILE_READ_DATA, GENERIC_READ, GENERIC_ALL


class ApiError(EnvironmentError):
    """Windows refused; `errno` is its own number, the text is in its own language and for a person alone."""


def has_api():
    return not sys.platform.startswith("java")


def _libraries():
    import ctypes
    from ctypes import c_int, c_uint32, c_void_p, c_wchar_p

    # Own handles of the libraries: the argument types that are set on shared ones would be everybody's.
    advapi, kernel = ctypes.WinDLL("advapi32", use_last_error=True), ctypes.WinDLL("kernel32", use_last_error=True)
    advapi.GetNamedSecurityInfoW.argtypes = [c_wchar_p, c_int, c_uint32] + [c_void_p] * 5
    advapi.SetNamedSecurityInfoW.argtypes = [c_wchar_p, c_int, c_uint32] + [c_void_p] * 4
    advapi.GetSecurityDescriptorDacl.argtypes = [c_void_p] * 4
    advapi.GetAce.argtypes = [c_void_p, c_uint32, c_void_p]
    advapi.ConvertSidToStringSidW.argtypes = [c_void_p, c_void_p]
    advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = [c_wchar_p, c_uint32, c_void_p, c_void_p]
    advapi.LookupAccountNameW.argtypes = [c_wchar_p, c_wchar_p] + [c_void_p] * 5
    kernel.LocalFree.argtypes = [c_void_p]
    return ctypes, advapi, kernel


def _number(sid, ctypes, advapi, kernel):
    """Return an account's number as text, S-1-...; raises ApiError."""
    text = ctypes.c_wchar_p()
    if not advapi.ConvertSidToStringSidW(sid, ctypes.byref(text)):
        _check(ctypes.get_last_error(), ctypes)
    try:
        return text.value
    finally:
        kernel.LocalFree(text)


def _check(code, ctypes):
    if code:
        raise ApiError(code, ctypes.FormatError(code).strip())


# -- rights -----------------------------------------------------------------------------------------------------------


def wide_readers(path):
    """Return the well-known groups of WIDE that may read `path`; raises ApiError where that cannot be asked."""
    ctypes, advapi, kernel = _libraries()
    descriptor, acl = ctypes.c_void_p(), ctypes.c_void_p()
    _check(
        advapi.GetNamedSecurityInfoW(path, _FILE, _DACL, None, None, ctypes.byref(acl), None, ctypes.byref(descriptor)),
        ctypes,
    )
    try:
        if not acl.value:  # no list at all means everybody
            return list(WIDE[:1])
        return [sid for sid, mask in _allowed(acl, ctypes, advapi, kernel) if sid in WIDE and mask & _READ]
    finally:
        kernel.LocalFree(descriptor)


def owner(path):
    """Return the number of the account that `path` belongs to; raises ApiError."""
    ctypes, advapi, kernel = _libraries()
    descriptor, sid = ctypes.c_void_p(), ctypes.c_void_p()
    got = advapi.GetNamedSecurityInfoW(
        path, _FILE, _OWNER, ctypes.byref(sid), None, None, None, ctypes.byref(descriptor)
    )
    _check(got, ctypes)
    try:
        return _number(sid, ctypes, advapi, kernel)
    finally:
        kernel.LocalFree(descriptor)


def _allowed(acl, ctypes, advapi, kernel):
    """Return (SID, access mask) of the entries that allow something on the object itself."""
    inherit_only, allows = 0x8, 0
    found = []
    count = ctypes.cast(acl, ctypes.POINTER(ctypes.c_uint16))[2]  # ACL: revision, size, count
    for number in range(count):
        ace = ctypes.c_void_p()
        if not advapi.GetAce(acl, number, ctypes.byref(ace)):
            _check(ctypes.get_last_error(), ctypes)
        head = ctypes.cast(ace, ctypes.POINTER(ctypes.c_uint8))  # ACE: type, flags, size (2), mask (4), SID
        if head[0] != allows or head[1] & inherit_only:
            continue
        mask = ctypes.cast(ace, ctypes.POINTER(ctypes.c_uint32))[1]
        found.append((_number(ace.value + 8, ctypes, advapi, kernel), mask))
    return found


def sddl(account_sid, owner_only, is_folder):
    """Return the access list of administrators, SYSTEM and an account ("" for none besides), and of nobody else.

    >>> str(sddl("", True, False))
    'D:P(A;;FA;;;S-1-5-32-544)(A;;FA;;;S-1-5-18)'
    """
    below = "OICI" if is_folder else ""
    entries = [(FULL, ADMINISTRATORS), (FULL, SYSTEM)]
    if account_sid and account_sid not in (ADMINISTRATORS, SYSTEM):
        entries.append((FULL if owner_only else READ_AND_START, account_sid))
    return "D:P" + "".join(["(A;{0};{1};;;{2})".format(below, rights, sid) for rights, sid in entries])


def set_rights(path, text):
    """Give `path` the access list that `text` (SDDL) describes, without what it inherits. Raises ApiError."""
    ctypes, advapi, kernel = _libraries()
    descriptor, acl = ctypes.c_void_p(), ctypes.c_void_p()
    present, defaulted = ctypes.c_int(), ctypes.c_int()
    convert = advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW
    if not convert(text, 1, ctypes.byref(descriptor), None):
        _check(ctypes.get_last_error(), ctypes)
    try:
        if not advapi.GetSecurityDescriptorDacl(
            descriptor, ctypes.byref(present), ctypes.byref(acl), ctypes.byref(defaulted)
        ):
            _check(ctypes.get_last_error(), ctypes)
        _check(advapi.SetNamedSecurityInfoW(path, _FILE, _DACL | _PROTECTED, None, None, acl, None), ctypes)
    finally:
        kernel.LocalFree(descriptor)


def account_sid(name):
    """Return an account's number, S-1-...; raises ApiError for a name that nobody has."""
    ctypes, advapi, kernel = _libraries()
    if name.lower() in ("system", "localsystem"):
        return SYSTEM
    # `.\\name` is how services spell an account of this machine, which this function knows without the dot.
    name = name[2:] if name.startswith(".\\") else name
    sid, domain = ctypes.create_string_buffer(1024), ctypes.create_unicode_buffer(1024)
    sid_size, domain_size, kind = ctypes.c_uint32(1024), ctypes.c_uint32(1024), ctypes.c_int()
    if not advapi.LookupAccountNameW(
        None, name, sid, ctypes.byref(sid_size), domain, ctypes.byref(domain_size), ctypes.byref(kind)
    ):
        _check(ctypes.get_last_error(), ctypes)
    return _number(sid, ctypes, advapi, kernel)


def is_console(descriptor):
    """Return whether an open file is a console's input or output."""
    import ctypes
    import msvcrt

    kernel = ctypes.WinDLL("kernel32")
    kernel.GetConsoleMode.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    return bool(kernel.GetConsoleMode(msvcrt.get_osfhandle(descriptor), ctypes.byref(ctypes.c_uint32())))


def is_administrator():
    """Return whether this process may do what an administrator may."""
    import ctypes

    return bool(ctypes.WinDLL("shell32").IsUserAnAdmin())


# -- services and registry --------------------------------------------------------------------------------------------


class Service(object):
    """One service as Windows keeps it: `start` is 2 (auto), 3 (demand) or 4 (disabled); `account` its log-on name."""

    def __init__(self, running, start, program, account):
        self.running = running
        self.start = start
        self.program = program
        self.account = account


def service(name):
    """Return a Service, None where there is none of that name."""
    values = registry_values("SYSTEM\\CurrentControlSet\\Services\\" + name)
    if "imagepath" not in values:
        return None
    return Service(
        _is_running(name),
        int(values.get("start", 3)),
        "{0}".format(values["imagepath"]),
        "{0}".format(values.get("objectname") or "LocalSystem"),
    )


def _is_running(name):
    connect, query_status, running = 0x1, 0x4, 4
    ctypes, advapi, _ = _libraries()
    for function in (advapi.OpenSCManagerW, advapi.OpenServiceW):
        function.restype = ctypes.c_void_p
    advapi.OpenSCManagerW.argtypes = [ctypes.c_wchar_p, ctypes.c_wchar_p, ctypes.c_uint32]
    advapi.OpenServiceW.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_uint32]
    advapi.QueryServiceStatus.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    advapi.CloseServiceHandle.argtypes = [ctypes.c_void_p]
    manager = advapi.OpenSCManagerW(None, None, connect)
    opened = advapi.OpenServiceW(manager, name, query_status) if manager else None
    try:
        status = (ctypes.c_uint32 * 7)()  # SERVICE_STATUS: type, state, ...
        return bool(opened and advapi.QueryServiceStatus(opened, status) and status[1] == running)
    finally:
        for handle in (opened, manager):
            if handle:
                advapi.CloseServiceHandle(handle)


def registry_values(key):
    """Return the values of a key of HKEY_LOCAL_MACHINE by their names in lower case, {} where there is none."""
    import winreg  # novm: never reached by Jython

    found = {}
    try:
        # 64 bits: where PaperCut and the services write, whatever Python this is.
        opened = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY)
    except EnvironmentError:
        return found
    try:
        number = 0
        while True:
            name, value, kind = winreg.EnumValue(opened, number)
            found[name.lower()] = winreg.ExpandEnvironmentStrings(value) if kind == winreg.REG_EXPAND_SZ else value
            number += 1
    except EnvironmentError:  # no more of them
        return found
    finally:
        opened.Close()


_ENVIRONMENT = "SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment"


def machine_path():
    """Return the list of folders in which every account's commands are looked for, as it is written, and its kind."""
    import winreg  # novm

    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _ENVIRONMENT, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as key:
        try:
            return winreg.QueryValueEx(key, "Path")
        except EnvironmentError:
            return "", winreg.REG_EXPAND_SZ


def set_machine_path(text, kind):
    """Write that list, and tell the windows that are open; those of a terminal keep what they were started with."""
    import ctypes
    import winreg  # novm

    access = winreg.KEY_WRITE | winreg.KEY_WOW64_64KEY
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _ENVIRONMENT, 0, access) as key:
        winreg.SetValueEx(key, "Path", 0, kind, text)
    everybody, setting_changed, no_waiting, limit_ms = 0xFFFF, 0x1A, 0x2, 1000
    ctypes.WinDLL("user32").SendMessageTimeoutW(
        everybody, setting_changed, 0, ctypes.c_wchar_p("Environment"), no_waiting, limit_ms, None
    )


# -- processes --------------------------------------------------------------------------------------------------------


def processes():
    """Return (number, path of the program) of each process whose program Windows tells us."""
    import ctypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    psapi = ctypes.WinDLL("psapi", use_last_error=True)
    kernel.OpenProcess.restype = ctypes.c_void_p
    kernel.CloseHandle.argtypes = [ctypes.c_void_p]
    kernel.QueryFullProcessImageNameW.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_wchar_p, ctypes.c_void_p]
    numbers, used = (ctypes.c_uint32 * 65536)(), ctypes.c_uint32()
    psapi.EnumProcesses(numbers, ctypes.sizeof(numbers), ctypes.byref(used))
    found, query_limited = [], 0x1000
    for number in numbers[: used.value // 4]:
        handle = kernel.OpenProcess(query_limited, False, number)
        if not handle:
            continue
        path, size = ctypes.create_unicode_buffer(32768), ctypes.c_uint32(32768)
        if kernel.QueryFullProcessImageNameW(handle, 0, path, ctypes.byref(size)):
            found.append((number, path.value))
        kernel.CloseHandle(handle)
    return found
