/*
 * Records what a native CPython asks of its memory manager, from before Py_Initialize up to the moment in which
 * sys._debugmallocstats() prints, so that the state at the end of the recording is known figure for figure.
 *
 *     record HOME TRACE STATS SCRIPT
 *
 * HOME is the interpreter's prefix, TRACE the recording to write (uncompressed), STATS the text that the interpreter
 * prints, SCRIPT the Python file to run in __main__, without site and in isolated mode. Exit code 3: the interpreter
 * called an allocator while it printed, so that the text and the recording can't be compared.
 *
 * How to build it, and the fixtures with it: record.sh. The format is described in ../src/format.ts.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    OP_MALLOC = 1,
    OP_CALLOC,
    OP_REALLOC,
    OP_FREE,
    OP_ARENA_ALLOC,
    OP_ARENA_FREE,
    OP_STRING,
    OP_MARKER = 14,
    OP_END = 15
};

static FILE *trace;
static uint64_t previous_address;
static uint64_t records;

/* Set once the end record is written; what still comes is only counted. */
static int ended;
static uint64_t calls_after_end;

/* pymalloc passes large requests on to the RAW domain: only the outermost call of a thread is a record. */
static __thread int depth;

/* The RAW domain is called without the GIL. Held from begin() to finish(). */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

static PyMemAllocatorEx next[3];
static PyObjectArenaAllocator next_arenas;

static void put_uv(uint64_t value)
{
    while (value > 0x7f) {
        fputc((int)(value & 0x7f) | 0x80, trace);
        value >>= 7;
    }
    fputc((int)value, trace);
}

static void put_addr(const void *pointer)
{
    uint64_t address = (uint64_t)(uintptr_t)pointer;
    int64_t difference = (int64_t)(address - previous_address);
    previous_address = address;
    put_uv(((uint64_t)difference << 1) ^ (uint64_t)(difference >> 63));
}

static void put_text(const char *text)
{
    put_uv(strlen(text));
    fputs(text, trace);
}

/* Begin a record, to be ended by finish(). Returns 0 if there is to be none. */
static int begin(int tag)
{
    pthread_mutex_lock(&writing);
    if (ended) {
        calls_after_end++;
        pthread_mutex_unlock(&writing);
        return 0;
    }
    fputc(tag, trace);
    records++;
    return 1;
}

static void finish(void)
{
    pthread_mutex_unlock(&writing);
}

static int domain_of(const void *ctx)
{
    return (int)((const PyMemAllocatorEx *)ctx - next);
}

static void *hook_malloc(void *ctx, size_t size)
{
    PyMemAllocatorEx *inner = ctx;
    depth++;
    void *result = inner->malloc(inner->ctx, size);
    depth--;
    if (depth == 0 && begin(OP_MALLOC | domain_of(ctx) << 4)) {
        put_uv(size);
        put_addr(result);
        finish();
    }
    return result;
}

static void *hook_calloc(void *ctx, size_t nelem, size_t elsize)
{
    PyMemAllocatorEx *inner = ctx;
    depth++;
    void *result = inner->calloc(inner->ctx, nelem, elsize);
    depth--;
    if (depth == 0 && begin(OP_CALLOC | domain_of(ctx) << 4)) {
        put_uv(nelem);
        put_uv(elsize);
        put_addr(result);
        finish();
    }
    return result;
}

static void *hook_realloc(void *ctx, void *old, size_t size)
{
    PyMemAllocatorEx *inner = ctx;
    depth++;
    void *result = inner->realloc(inner->ctx, old, size);
    depth--;
    if (depth == 0 && begin(OP_REALLOC | domain_of(ctx) << 4)) {
        put_addr(old);
        put_uv(size);
        put_addr(result);
        finish();
    }
    return result;
}

static void hook_free(void *ctx, void *ptr)
{
    PyMemAllocatorEx *inner = ctx;
    /* Before the call, so that an arena that it gives back stands after it. */
    if (ptr != NULL && depth == 0 && begin(OP_FREE | domain_of(ctx) << 4)) {
        put_addr(ptr);
        finish();
    }
    depth++;
    inner->free(inner->ctx, ptr);
    depth--;
}

static void *hook_arena_alloc(void *ctx, size_t size)
{
    (void)ctx;
    void *base = next_arenas.alloc(next_arenas.ctx, size);
    if (begin(OP_ARENA_ALLOC)) {
        put_uv(size);
        put_addr(base);
        finish();
    }
    return base;
}

static void hook_arena_free(void *ctx, void *base, size_t size)
{
    (void)ctx;
    if (begin(OP_ARENA_FREE)) {
        put_addr(base);
        put_uv(size);
        finish();
    }
    next_arenas.free(next_arenas.ctx, base, size);
}

static void install_hooks(void)
{
    PyObject_GetArenaAllocator(&next_arenas);
    PyObjectArenaAllocator arenas = {NULL, hook_arena_alloc, hook_arena_free};
    PyObject_SetArenaAllocator(&arenas);
    for (int domain = 0; domain < 3; domain++) {
        PyMem_GetAllocator((PyMemAllocatorDomain)domain, &next[domain]);
        PyMemAllocatorEx hook = {&next[domain], hook_malloc, hook_calloc, hook_realloc, hook_free};
        PyMem_SetAllocator((PyMemAllocatorDomain)domain, &hook);
    }
}

static void put_header(const char *script)
{
    /* Pools grew in 3.10, on 64 bits. */
    int large = PY_VERSION_HEX >= 0x030a0000 && sizeof(void *) == 8;
    const char *name = strrchr(script, '/');
    char started[32];
    time_t now = time(NULL);
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    char json[1024];
    snprintf(json, sizeof json,
             "{\"python\":\"%d.%d.%d\",\"abi\":\"%s\",\"pointerBytes\":%d,"
             "\"pymalloc\":{\"alignment\":%d,\"threshold\":512,\"arenaBytes\":%d,\"poolBytes\":%d},"
             "\"command\":[\"python\",\"-I\",\"-S\",\"%s\"],\"platform\":\"linux\","
             "\"startedAt\":\"%s\",\"from\":\"start\"}",
             PY_MAJOR_VERSION, PY_MINOR_VERSION, PY_MICRO_VERSION,
             sizeof(void *) == 8 ? "lp64" : "ilp32", (int)sizeof(void *),
             sizeof(void *) == 8 ? 16 : 8, large ? 1 << 20 : 1 << 18, large ? 1 << 14 : 1 << 12,
             name == NULL ? script : name + 1, started);
    fputs("PYRTRACE", trace);
    fputc(1, trace);
    put_text(json);
}

static void fail(const char *what)
{
    fprintf(stderr, "record: %s\n", what);
    exit(2);
}

static void initialize(const char *home)
{
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    PyStatus status = PyConfig_SetBytesString(&config, &config.home, home);
    if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
    if (PyStatus_Exception(status)) Py_ExitStatusException(status);
    PyConfig_Clear(&config);
}

int main(int argc, char **argv)
{
    if (argc != 5) fail("usage: record HOME TRACE STATS SCRIPT");
    trace = fopen(argv[2], "wb");
    if (trace == NULL) fail("can't write the recording");
    put_header(argv[4]);
    install_hooks();
    initialize(argv[1]);

    FILE *script = fopen(argv[4], "r");
    if (script == NULL) fail("can't read the script");
    if (PyRun_SimpleFileExFlags(script, argv[4], 1, NULL) != 0) fail("the script failed");

    PyObject *print = PySys_GetObject("_debugmallocstats");
    PyObject *arguments = PyTuple_New(0);
    if (print == NULL || arguments == NULL) fail("no sys._debugmallocstats");

    begin(OP_STRING);
    put_text("sys._debugmallocstats()");
    finish();
    begin(OP_MARKER);
    put_uv(0);
    finish();
    begin(OP_END);
    put_uv(records - 1);
    ended = 1;
    finish();
    if (fclose(trace) != 0) fail("can't write the recording");

    /* Once with the hooks, to see that the call itself asks for nothing; pymalloc's part is not printed then. */
    if (freopen("/dev/null", "w", stderr) == NULL) fail("can't redirect stderr");
    if (PyObject_Call(print, arguments, NULL) == NULL) return 2;
    uint64_t calls = calls_after_end;
    for (int domain = 0; domain < 3; domain++) {
        PyMem_SetAllocator((PyMemAllocatorDomain)domain, &next[domain]);
    }
    if (freopen(argv[3], "w", stderr) == NULL) fail("can't write the statistics");
    if (PyObject_Call(print, arguments, NULL) == NULL) return 2;
    fflush(stderr);
    printf("%d.%d.%d: %llu records, %llu allocator calls while it printed\n", PY_MAJOR_VERSION,
           PY_MINOR_VERSION, PY_MICRO_VERSION, (unsigned long long)records,
           (unsigned long long)calls);
    return calls == 0 ? 0 : 3;
}
