/* What `python -m venv` puts into Scripts: it starts the python.exe of pyvenv.cfg's home, as python.org's does. */
#include <windows.h>
#include <stdio.h>
#include <wchar.h>
int wmain(void) {
    static wchar_t self[32768], path[32768], line[65536], wide[32768];
    static char text[32768];
    DWORD code = 1;
    GetModuleFileNameW(NULL, self, 32768);
    SetEnvironmentVariableW(L"__PYVENV_LAUNCHER__", self);
    wcscpy(path, self);
    *wcsrchr(path, L'\\') = 0;
    wchar_t *up = wcsrchr(path, L'\\');
    wcscpy(up, L"\\pyvenv.cfg");
    FILE *cfg = _wfopen(path, L"rb");
    if (!cfg) return 106;
    while (fgets(text, sizeof text, cfg)) {
        if (strncmp(text, "home", 4)) continue;
        char *value = strchr(text, '=') + 1;
        while (*value == ' ') value++;
        value[strcspn(value, "\r\n")] = 0;
        MultiByteToWideChar(CP_UTF8, 0, value, -1, wide, 32768);
    }
    fclose(cfg);
    const wchar_t *rest = GetCommandLineW();
    int quoted = 0;
    for (; *rest && (quoted || (*rest != L' ' && *rest != L'\t')); rest++) if (*rest == L'"') quoted = !quoted;
    wcscat(wide, L"\\python.exe");
    swprintf(line, 65536, L"\"%ls\"%ls", self, rest);
    STARTUPINFOW si = {sizeof si};
    PROCESS_INFORMATION pi;
    if (!CreateProcessW(wide, line, NULL, NULL, TRUE, 0, NULL, NULL, &si, &pi)) return 103;
    WaitForSingleObject(pi.hProcess, INFINITE);
    GetExitCodeProcess(pi.hProcess, &code);
    return (int)code;
}
