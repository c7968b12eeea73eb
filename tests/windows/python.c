/* python.exe for python.org's python311.dll. */
#include <windows.h>
#include <string.h>
#include <wchar.h>
__declspec(dllimport) int Py_Main(int, wchar_t **);
/* Windows' _locking says EACCES where somebody else holds the lock; wine 8's leaves errno alone. Python asks ours instead. */
static int (*theirs)(int, int, long);
static int *(*their_errno)(void);
static int locking(int file, int mode, long size) {
    int result = theirs(file, mode, size);
    if (result == -1 && *their_errno() == 0) *their_errno() = 13;
    return result;
}
static void patch(HMODULE module) {
    BYTE *base = (BYTE *)module;
    IMAGE_NT_HEADERS *head = (IMAGE_NT_HEADERS *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
    IMAGE_IMPORT_DESCRIPTOR *dll = (IMAGE_IMPORT_DESCRIPTOR *)(base + head->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress);
    for (; dll->Name; dll++) {
        IMAGE_THUNK_DATA *name = (IMAGE_THUNK_DATA *)(base + dll->OriginalFirstThunk), *place = (IMAGE_THUNK_DATA *)(base + dll->FirstThunk);
        for (; name->u1.AddressOfData; name++, place++) {
            DWORD old;
            if (IMAGE_SNAP_BY_ORDINAL(name->u1.Ordinal)) continue;
            if (strcmp((char *)((IMAGE_IMPORT_BY_NAME *)(base + name->u1.AddressOfData))->Name, "_locking")) continue;
            theirs = (void *)place->u1.Function;
            VirtualProtect(&place->u1.Function, sizeof(void *), PAGE_READWRITE, &old);
            place->u1.Function = (ULONG_PTR)locking;
            VirtualProtect(&place->u1.Function, sizeof(void *), old, &old);
        }
    }
}
int wmain(int argc, wchar_t **argv) {
    HMODULE ucrt = LoadLibraryA("ucrtbase.dll");
    their_errno = ucrt ? (void *)GetProcAddress(ucrt, "_errno") : NULL;
    if (their_errno) patch(GetModuleHandleA("python311.dll"));
    return Py_Main(argc, argv);
}
