/* A CUDA driver that plays on the host, for tests of everything but the device: what Numba asks of a driver is done to
   memory of malloc's. Streams are queues that run when somebody waits, so what is not waited for is not there; a kernel
   is the function that `fake_on_launch` was given, called with the 8-byte words of its arguments; calls fail as
   `fake_fail` has ordered. An argument that is not of the context, or larger than the memory, is refused as usual.

   FAKE_DEVICES, FAKE_MIB, FAKE_MAJOR, FAKE_MINOR, FAKE_RESIDENT: how many devices, their memory, compute capability,
   and blocks of any kernel that a multiprocessor holds, of 4. FAKE_TRACE: tell every call. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int R;
typedef uint64_t P;
enum { OK = 0, NOT_FOUND = 500, WORDS = 512, NAMES = 1024 };
typedef void (*Kernel)(const char *name, const unsigned *grid, const unsigned *block, const P *words);
typedef struct Op { int kind; void *to; void *from; size_t size; char *name; unsigned grid[3], block[3]; P words[WORDS];
                    struct Op *next; } Op;
typedef struct Stream { int device; Op *first, *last; struct Stream *next; } Stream;

static Kernel on_launch;
static Stream *streams;
static _Thread_local P stack[64];
static _Thread_local int depth;
static struct { char name[64]; int after, code; } faults[16];
static int fault_count;
static size_t used[8];
static char *names[NAMES];
static int name_count;
static int launches[8];
static int words_of = 0;
static int modules;

static int env(const char *name, int usual) { const char *v = getenv(name); return v ? atoi(v) : usual; }
static int devices(void) { return env("FAKE_DEVICES", 1); }
static size_t total(void) { return (size_t)env("FAKE_MIB", 4096) << 20; }

void fake_on_launch(Kernel k, int words) { on_launch = k; words_of = words; }
void fake_fail(const char *name, int after, int code) {
    strncpy(faults[fault_count].name, name, 63); faults[fault_count].after = after; faults[fault_count++].code = code;
}
void fake_clear(void) { fault_count = 0; }
size_t fake_used(int device) { return used[device]; }
int fake_launches(int device) { return launches[device]; }

static int fault(const char *name) {
    if (getenv("FAKE_TRACE")) fprintf(stderr, "%s\n", name);
    for (int i = 0; i < fault_count; i++)
        if (!strcmp(faults[i].name, name)) { if (faults[i].after <= 0) return faults[i].code; faults[i].after--; }
    return 0;
}
#define ENTER(name) do { int f_ = fault(name); if (f_) return f_; } while (0)

R cuInit(unsigned f) { ENTER("cuInit"); return OK; }
R cuDriverGetVersion(int *v) { *v = env("FAKE_VERSION", 13000); return OK; }
R cuDeviceGetCount(int *n) { ENTER("cuDeviceGetCount"); *n = devices(); return OK; }
R cuDeviceGet(int *d, int i) { *d = i; return i < devices() ? OK : 101; }
R cuDeviceGetName(char *s, int n, int d) { snprintf(s, n, "Host device %d", d); return OK; }
R cuDeviceGetUuid(char *u, int d) { memset(u, d + 1, 16); return OK; }
R cuDeviceGetUuid_v2(char *u, int d) { return cuDeviceGetUuid(u, d); }
R cuDeviceTotalMem_v2(size_t *n, int d) { *n = total(); return OK; }
R cuDeviceComputeCapability(int *a, int *b, int d) { *a = env("FAKE_MAJOR", 9); *b = env("FAKE_MINOR", 0); return OK; }
R cuDeviceGetAttribute(int *v, int a, int d) {
    switch (a) {
    case 1: *v = 1024; break;          /* threads of a block */
    case 8: *v = 49152; break;         /* shared memory of a block */
    case 10: *v = 32; break;           /* warp */
    case 12: *v = 65536; break;        /* registers of a block */
    case 13: *v = 1980000; break;      /* clock, kHz */
    case 16: *v = 4; break;            /* multiprocessors */
    case 36: *v = 3201000; break;      /* memory clock, kHz */
    case 37: *v = 6144; break;         /* bits of the bus */
    case 39: *v = 2048; break;         /* threads of a multiprocessor */
    case 41: *v = 1; break;            /* unified addressing */
    case 75: *v = env("FAKE_MAJOR", 9); break;
    case 76: *v = env("FAKE_MINOR", 0); break;
    case 81: *v = 233472; break;       /* shared memory of a multiprocessor */
    case 82: *v = 65536; break;        /* registers of a multiprocessor */
    case 106: *v = 32; break;          /* blocks of a multiprocessor */
    case 111: *v = 1024; break;        /* reserved shared memory of a block */
    default: *v = 1;
    }
    return OK;
}
static R context(P *c, int d) { *c = 0x1000 + d; return OK; }
static int device_now(void) { return depth ? (int)(stack[depth - 1] - 0x1000) : -1; }
R cuDevicePrimaryCtxRetain(P *c, int d) { ENTER("cuDevicePrimaryCtxRetain"); return context(c, d); }
R cuDevicePrimaryCtxRelease_v2(int d) { return OK; }
R cuDevicePrimaryCtxReset_v2(int d) { return OK; }
R cuDevicePrimaryCtxGetState(int d, unsigned *f, int *a) { *f = 0; *a = 1; return OK; }
R cuCtxGetCurrent(P *c) { *c = depth ? stack[depth - 1] : 0; return OK; }
R cuCtxSetCurrent(P c) { if (depth) stack[depth - 1] = c; else if (c) stack[depth++] = c; return OK; }
R cuCtxPushCurrent_v2(P c) { stack[depth++] = c; return OK; }
R cuCtxPopCurrent_v2(P *c) { if (!depth) return 201; *c = stack[--depth]; return OK; }
R cuCtxGetDevice(int *d) { if (!depth) return 201; *d = device_now(); return OK; }
R cuCtxGetApiVersion(P c, unsigned *v) { *v = 3020; return OK; }
R cuMemGetInfo_v2(size_t *f, size_t *t) { ENTER("cuMemGetInfo"); *t = total(); *f = *t - used[device_now()]; return OK; }

/* A word before each allocation says how large it is and whose. */
static R allocate(P *p, size_t n, int d) {
    size_t *at = malloc(n + 256);
    if (!at) return 2;
    at[0] = n; at[1] = d; memset((char *)at + 256, 0xff, n);
    *p = (P)((char *)at + 256);
    return OK;
}
R cuMemAlloc_v2(P *p, size_t n) {
    ENTER("cuMemAlloc");
    int d = device_now();
    if (d < 0) return 201;
    if (!n) return 1;
    if (used[d] + n > total()) return 2;
    used[d] += n;
    return allocate(p, n, d);
}
static R drain(Stream *s);
R cuCtxSynchronize(void) {
    ENTER("cuCtxSynchronize");
    for (Stream *s = streams; s; s = s->next) { R r = drain(s); if (r) return r; }
    return OK;
}
R cuMemFree_v2(P p) {
    ENTER("cuMemFree");
    cuCtxSynchronize();
    if (p) { size_t *at = (size_t *)((char *)p - 256); used[at[1]] -= at[0]; memset((char *)p, 0xff, at[0]); free(at); }
    return OK;
}
R cuMemHostAlloc(P *p, size_t n, unsigned f) { ENTER("cuMemHostAlloc"); if (device_now() < 0) return 201; return allocate(p, n, 0); }
R cuMemFreeHost(P p) { ENTER("cuMemFreeHost"); free((char *)p - 256); return OK; }

R cuStreamCreate(P *s, unsigned f) {
    ENTER("cuStreamCreate");
    if (device_now() < 0) return 201;
    Stream *n = calloc(1, sizeof *n); n->device = device_now(); n->next = streams; streams = n; *s = (P)n; return OK;
}
R cuStreamDestroy_v2(P s) { return OK; }
R cuStreamGetCtx(P s, P *c) { return context(c, ((Stream *)s)->device); }
R cuStreamGetDevice(P s, int *d) { *d = ((Stream *)s)->device; return OK; }
R cuStreamGetFlags(P s, unsigned *f) { *f = 0; return OK; }
R cuStreamGetPriority(P s, int *f) { *f = 0; return OK; }
R cuStreamIsCapturing(P s, int *f) { *f = 0; return OK; }
static Op *order(P s, int kind) {
    Stream *of = (Stream *)s;
    Op *o = calloc(1, sizeof *o); o->kind = kind;
    if (of->last) of->last->next = o; else of->first = o;
    of->last = o;
    return o;
}
static R drain(Stream *s) {
    while (s->first) {
        Op *o = s->first; s->first = o->next; if (!o->next) s->last = NULL;
        if (o->kind == 0) memcpy(o->to, o->from, o->size);
        if (o->kind == 1 && on_launch) on_launch(o->name, o->grid, o->block, o->words);
        if (o->kind == 2) free(o->from);
        free(o);
    }
    return OK;
}
R cuStreamSynchronize(P s) { ENTER("cuStreamSynchronize"); return drain((Stream *)s); }
R cuStreamQuery(P s) { return ((Stream *)s)->first ? 600 : OK; }
/* Pageable memory is staged: the source may change as soon as the call returns. */
R cuMemcpyHtoDAsync_v2(P to, const void *from, size_t n, P s) {
    ENTER("cuMemcpyHtoDAsync");
    if (((Stream *)s)->device != device_now()) return 400;
    void *staged = malloc(n); memcpy(staged, from, n);
    Op *o = order(s, 0); o->to = (void *)to; o->from = staged; o->size = n;
    order(s, 2)->from = staged;
    return OK;
}
R cuMemcpyDtoHAsync_v2(void *to, P from, size_t n, P s) {
    ENTER("cuMemcpyDtoHAsync");
    if (((Stream *)s)->device != device_now()) return 400;
    Op *o = order(s, 0); o->to = to; o->from = (void *)from; o->size = n;
    return OK;
}
R cuMemcpyHtoD_v2(P to, const void *from, size_t n) { cuCtxSynchronize(); memcpy((void *)to, from, n); return OK; }
R cuMemcpyDtoH_v2(void *to, P from, size_t n) { cuCtxSynchronize(); memcpy(to, (void *)from, n); return OK; }

static P named(const char *name) {
    names[name_count] = strdup(name);
    return 0x100000 + (name_count++ << 4);
}
static char *name_of(P f) { return names[(f - 0x100000) >> 4]; }
R cuModuleLoadDataEx(P *m, const void *i, unsigned n, void *a, void *b) { ENTER("cuModuleLoadData"); *m = 0x700 + modules++; return OK; }
R cuModuleLoadData(P *m, const void *i) { ENTER("cuModuleLoadData"); *m = 0x700 + modules++; return OK; }
R cuModuleUnload(P m) { return OK; }
R cuModuleGetFunction(P *f, P m, const char *name) { *f = named(name); return OK; }
R cuLibraryLoadData(P *m, const void *c, void *a, void *b, unsigned n, void *d, void *e, unsigned k) {
    ENTER("cuLibraryLoadData"); *m = 0x700 + modules++; return OK; }
R cuLibraryUnload(P m) { return OK; }
R cuLibraryGetKernel(P *k, P m, const char *name) { *k = named(name); return OK; }
R cuKernelGetFunction(P *f, P k) { *f = k; return OK; }
R cuKernelGetLibrary(P *l, P k) { *l = 0x77; return OK; }
static R attribute(int *v, int a) {
    *v = a == 0 ? 1024 : a == 1 ? 32768 : a == 4 ? 168 : a == 3 ? 256 : 0;
    return OK;
}
R cuFuncGetAttribute(int *v, int a, P f) { return attribute(v, a); }
R cuKernelGetAttribute(int *v, int a, P f, int d) { return attribute(v, a); }
R cuOccupancyMaxActiveBlocksPerMultiprocessor(int *n, P f, int t, size_t s) { *n = env("FAKE_RESIDENT", 3); return OK; }
R cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *n, P f, int t, size_t s, unsigned g) { *n = env("FAKE_RESIDENT", 3); return OK; }

static R launch(P f, const unsigned *grid, const unsigned *block, P s, void **params) {
    ENTER("cuLaunchKernel");
    if (((Stream *)s)->device != device_now()) return 400;
    launches[device_now()]++;
    Op *o = order(s, 1);
    o->name = name_of(f);
    memcpy(o->grid, grid, 12); memcpy(o->block, block, 12);
    for (int i = 0; i < words_of; i++) memcpy(&o->words[i], params[i], 8);
    return OK;
}
R cuLaunchKernel(P f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, P s,
                 void **params, void **extra) {
    unsigned grid[3] = {gx, gy, gz}, block[3] = {bx, by, bz};
    return launch(f, grid, block, s, params);
}
typedef struct { unsigned grid[3], block[3], shared; P stream; void *attributes; unsigned count; } Config;
R cuLaunchKernelEx(const Config *c, P f, void **params, void **extra) { return launch(f, c->grid, c->block, c->stream, params); }

R cuLinkCreate_v2(unsigned n, int *o, void **v, P *s) { *s = 0x55; return OK; }
R cuLinkAddData_v2(P s, int k, void *d, size_t n, const char *name, unsigned c, void *o, void *v) { ENTER("cuLinkAddData"); return OK; }
R cuLinkAddFile_v2(P s, int k, const char *path, unsigned c, void *o, void *v) { return OK; }
R cuLinkComplete(P s, void **c, size_t *n) { static char cubin[64]; *c = cubin; *n = 64; return OK; }
R cuLinkDestroy(P s) { return OK; }
R cuEventCreate(P *e, unsigned f) { *e = 0x99; return OK; }
R cuEventDestroy_v2(P e) { return OK; }
R cuGetErrorName(int e, const char **s) {
    *s = e == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : e == 46 ? "CUDA_ERROR_DEVICE_UNAVAILABLE"
       : e == 209 ? "CUDA_ERROR_NO_BINARY_FOR_GPU" : e == 222 ? "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"
       : e == 701 ? "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES" : "CUDA_ERROR_UNKNOWN";
    return OK;
}
R cuGetErrorString(int e, const char **s) { *s = "ordered by a test"; return OK; }
R cuGetProcAddress_v2(const char *name, void **p, int version, uint64_t flags, int *status);
R cuGetProcAddress(const char *name, void **p, int version, uint64_t flags) { return cuGetProcAddress_v2(name, p, version, flags, 0); }
R cuGetProcAddress_v2(const char *name, void **p, int version, uint64_t flags, int *status) {
    static void *self;
    if (!self) { Dl_info info; dladdr((void *)cuInit, &info); self = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD); }
    char longer[128];
    snprintf(longer, sizeof longer, "%s_v2", name);
    *p = dlsym(self, longer);
    if (!*p) *p = dlsym(self, name);
    if (status) *status = *p ? 0 : 1;
    return *p ? OK : NOT_FOUND;
}
R cuIpcOpenMemHandle_v2(P *p, P h, unsigned f) { return 801; }
