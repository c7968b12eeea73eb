/* py.exe: the launcher that `py -3 ...` needs; it starts the python.exe that lies beside it. */
#include <windows.h>
#include <wchar.h>
#include <stdio.h>
int wmain(int argc, wchar_t **argv) {
    static wchar_t path[32768], line[65536];
    DWORD code = 1;
    GetModuleFileNameW(NULL, path, 32768);
    wchar_t *end = wcsrchr(path, L'\\');
    wcscpy(end + 1, L"python.exe");
    const wchar_t *rest = GetCommandLineW();
    int quoted = 0;
    for (; *rest && (quoted || (*rest != L' ' && *rest != L'\t')); rest++) if (*rest == L'"') quoted = !quoted;
    while (*rest == L' ' || *rest == L'\t') rest++;
    if (rest[0] == L'-' && rest[1] == L'3') { while (*rest && *rest != L' ') rest++; }
    swprintf(line, 65536, L"\"%ls\" %ls", path, rest);
    STARTUPINFOW si = {sizeof si};
    PROCESS_INFORMATION pi;
    if (!CreateProcessW(path, line, NULL, NULL, TRUE, 0, NULL, NULL, &si, &pi)) { fprintf(stderr, "py: %lu\n", GetLastError()); return 103; }
    WaitForSingleObject(pi.hProcess, INFINITE);
    GetExitCodeProcess(pi.hProcess, &code);
    return (int)code;
}
