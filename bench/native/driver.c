/* Runs benchmark programs on an allocator of native code. What it is told comes in lines on stdin, what it answers
   goes out in lines on stdout (src/protocol.ts says which), so that its rounds interleave with everybody else's.

   One build per allocator, so that the calls are direct ones:
     -DPEER_NULL    hands out the same 64 KiB again and again: what the loop itself costs
     -DPEER_GLIBC   the C library's malloc
     -DPEER_PYTHON  CPython's PyObject_Malloc (pymalloc); a shared object, loaded and called by that Python with its
                    lock held:  python -c "import ctypes; ctypes.PyDLL('./driver.so').bench_main()"  */

#ifdef PEER_PYTHON
#include <Python.h>
#endif
#include <errno.h>
#ifdef PEER_GLIBC
#include <malloc.h>
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(PEER_PYTHON)

#define MALLOC(n) PyObject_Malloc(n)
#define CALLOC(n, size) PyObject_Calloc(n, size)
#define REALLOC(p, n) PyObject_Realloc(p, n)
#define FREE(p) PyObject_Free(p)
#define RAW_MALLOC(n) PyMem_RawMalloc(n)
#define RAW_CALLOC(n, size) PyMem_RawCalloc(n, size)
#define RAW_REALLOC(p, n) PyMem_RawRealloc(p, n)
#define RAW_FREE(p) PyMem_RawFree(p)

/* Arenas are counted by a wrapper around CPython's own arena allocator; pymalloc calls it once per MiB or so. */
static PyObjectArenaAllocator arena_source;
static long long arena_bytes, arena_bytes_peak, arenas_taken;

static void *counted_arena_alloc(void *ctx, size_t size)
{
    (void)ctx;
    void *base = arena_source.alloc(arena_source.ctx, size);
    if (base != NULL) {
        arenas_taken++;
        arena_bytes += (long long)size;
        if (arena_bytes > arena_bytes_peak) arena_bytes_peak = arena_bytes;
    }
    return base;
}

static void counted_arena_free(void *ctx, void *base, size_t size)
{
    (void)ctx;
    arena_bytes -= (long long)size;
    arena_source.free(arena_source.ctx, base, size);
}

static void start(void)
{
    PyObject_GetArenaAllocator(&arena_source);
    PyObjectArenaAllocator counted = {NULL, counted_arena_alloc, counted_arena_free};
    PyObject_SetArenaAllocator(&counted);
}

/* pymalloc is in use if some MiB of small blocks make it take an arena. */
static int is_pymalloc(void)
{
    enum { COUNT = 8192 };
    static void *block[COUNT];
    for (int n = 0; n < COUNT; n++) block[n] = PyObject_Malloc(512);
    for (int n = 0; n < COUNT; n++) PyObject_Free(block[n]);
    return arenas_taken > 0;
}

#elif defined(PEER_GLIBC)

#ifndef __GLIBC__
#error "the C library here is not glibc"
#endif
#define MALLOC(n) malloc(n)
#define CALLOC(n, size) calloc(n, size)
/* Size 0 would free the block; CPython's raw allocator, which stands on this one, asks for a byte instead. */
#define REALLOC(p, n) realloc(p, (n) ? (n) : 1)
#define FREE(p) free(p)
#define RAW_MALLOC(n) malloc(n)
#define RAW_CALLOC(n, size) calloc(n, size)
#define RAW_REALLOC(p, n) REALLOC(p, n)
#define RAW_FREE(p) free(p)
static void start(void) {}

#elif defined(PEER_NULL)

static _Alignas(16) char null_bytes[65536 + 64];
static uint32_t null_next;
static __attribute__((noinline)) void *null_malloc(size_t n)
{
    (void)n;
    null_next = (null_next + 16) & 0xffff;
    return null_bytes + null_next;
}
static __attribute__((noinline)) void *null_calloc(size_t n, size_t size) { return null_malloc(n * size); }
static __attribute__((noinline)) void *null_realloc(void *p, size_t n) { return p == NULL ? null_malloc(n) : p; }
static __attribute__((noinline)) void null_free(void *p) { null_next ^= (uint32_t)(uintptr_t)p & 16; }
#define MALLOC(n) null_malloc(n)
#define CALLOC(n, size) null_calloc(n, size)
#define REALLOC(p, n) null_realloc(p, n)
#define FREE(p) null_free(p)
#define RAW_MALLOC(n) null_malloc(n)
#define RAW_CALLOC(n, size) null_calloc(n, size)
#define RAW_REALLOC(p, n) null_realloc(p, n)
#define RAW_FREE(p) null_free(p)
static void start(void) {}

#else
#error "say which allocator: -DPEER_NULL, -DPEER_GLIBC or -DPEER_PYTHON"
#endif

#include "kernels.h"

/* The program: src/program.ts says what the words mean. */
#define MAGIC 0x42525950u
#define HEADER_WORDS 9
enum { KERNEL_REPLACE = 1, KERNEL_STACK, KERNEL_RESIZE, KERNEL_EVENTS };

static uint32_t *words;
static uint32_t **slots;
static const uint32_t *ops;
static size_t kernel, slot_count, op_count, sweep, cursor;
static int reads;
static long bad_so_far;
static long long heap_at_start;

/* The most bytes that the allocator has held: in arenas, or in its heap and its mappings. glibc does not remember the
   most that was mapped, so that part is what is mapped now. */
static long long heap_peak(void)
{
#if defined(PEER_PYTHON)
    return arena_bytes_peak;
#elif defined(PEER_GLIBC)
    static char text[1 << 16];
    FILE *out = fmemopen(text, sizeof text, "w");
    if (out == NULL || malloc_info(0, out) != 0) return 0;
    fclose(out);
    long long most = 0;
    for (char *at = text; (at = strstr(at, "<system type=\"max\" size=\"")) != NULL; at++) {
        most = atoll(at + strlen("<system type=\"max\" size=\""));
    }
    return most + (long long)mallinfo2().hblkhd;
#else
    return 0;
#endif
}

static long run_kernel(size_t from, size_t to, int check)
{
    switch (kernel) {
    case KERNEL_REPLACE: return run_replace(slots, ops, from, to, check);
    case KERNEL_STACK: return run_stack(slots, ops, from, to, check, sweep);
    case KERNEL_RESIZE: return run_resize(slots, ops, from, to, check);
    default: return run_events(slots, ops, from, to, check);
    }
}

/* Runs `units` operations from the cursor on, from the start again when the list is through. */
static long advance(size_t units, int check)
{
    long bad = 0;
    while (units > 0) {
        size_t room = op_count - cursor;
        size_t now = units < room ? units : room;
        long found = run_kernel(cursor, cursor + now, check);
        if (found == OUT_OF_MEMORY) return OUT_OF_MEMORY;
        bad += found;
        units -= now;
        cursor += now;
        if (cursor == op_count) cursor = 0;
    }
    return bad;
}

/* Frees what the last program left. */
static void unload(void)
{
    if (slots == NULL) return;
    if (kernel == KERNEL_EVENTS) {
        /* RAW blocks must go back the way they came, and the list's end frees all. */
        if (cursor != 0) advance(op_count - cursor, 0);
    } else if (kernel != KERNEL_STACK) {
        for (size_t n = 0; n < slot_count; n++) FREE(slots[n]);
    }
    free(slots);
    free(words);
    slots = NULL;
    words = NULL;
}

/* NULL, or why not. */
static const char *load(const char *path)
{
    unload();
    FILE *file = fopen(path, "rb");
    if (file == NULL) return strerror(errno);
    fseek(file, 0, SEEK_END);
    size_t bytes = (size_t)ftell(file);
    rewind(file);
    words = malloc(bytes);
    size_t got = words == NULL ? 0 : fread(words, 1, bytes, file);
    fclose(file);
    if (got != bytes || bytes < 4 * HEADER_WORDS || words[0] != MAGIC || words[1] != 1) return "not a benchmark program";
    kernel = words[2];
    slot_count = words[3];
    size_t prefill = words[4];
    size_t ageing = words[5];
    op_count = words[6];
    sweep = words[7];
    reads = words[8] != 0;
    ops = words + HEADER_WORDS + 2 * prefill;
    cursor = 0;
    slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) return "out of memory";
#ifdef PEER_PYTHON
    arena_bytes_peak = arena_bytes;
#endif
    heap_at_start = heap_peak();
    const uint32_t *fill = words + HEADER_WORDS;
    for (size_t n = 0; n < prefill; n++) {
        uint32_t slot = fill[2 * n];
        uint32_t *block = MALLOC(fill[2 * n + 1]);
        if (block == NULL) return "out of memory";
        *block = slot;
        slots[slot] = block;
    }
    long bad = advance(ageing, 1);
    if (bad == OUT_OF_MEMORY) return "out of memory";
    bad_so_far = bad;
    return NULL;
}

/* For so long this thread has had a processor, in the program and in the kernel. */
static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

#ifdef PEER_PYTHON
int bench_main(void)
#else
int main(void)
#endif
{
    static char line[4096];
    start();
#ifdef PEER_PYTHON
    if (!is_pymalloc()) {
        printf("unavailable this Python was built without pymalloc, or has it switched off\n");
        fflush(stdout);
        return 0;
    }
#endif
    printf("ready\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = 0;
        if (strncmp(line, "load ", 5) == 0) {
            const char *reason = load(line + 5);
            if (reason == NULL) printf("loaded\n");
            else printf("failed %s\n", reason);
        } else if (strncmp(line, "run ", 4) == 0) {
            size_t lead = 0, units = 0;
            if (sscanf(line + 4, "%zu %zu", &lead, &units) != 2 || slots == NULL) {
                printf("failed bad request\n");
            } else {
                long early = advance(lead, 1);
                double from = processor_seconds();
                long bad = early == OUT_OF_MEMORY ? early : advance(units, reads);
                double to = processor_seconds();
                if (bad == OUT_OF_MEMORY) printf("failed out of memory\n");
                else printf("ran %.0f %ld\n", (to - from) * 1e9, bad_so_far += bad + early);
            }
        } else if (strcmp(line, "memory") == 0) {
            printf("memory heap=%lld\n", heap_peak() - heap_at_start);
        } else if (strcmp(line, "quit") == 0) {
            break;
        } else {
            printf("failed unknown request\n");
        }
        fflush(stdout);
    }
    return 0;
}
