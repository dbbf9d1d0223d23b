/* The timed loops, in C. src/kernels.ts has the same ones in JavaScript, statement for statement.
   Included by driver.c after it has said what MALLOC, CALLOC, REALLOC and FREE are, and their RAW_ twins. */

#define OUT_OF_MEMORY (-1)
#define EVENT_MALLOC 0
#define EVENT_CALLOC 1
#define EVENT_REALLOC 2
#define EVENT_FREE 3
#define HOLDS_WORD 4
#define GETS_WORD 8
#define RAW_DOMAIN 16
#define SLOT_SHIFT 5

static long run_replace(uint32_t **slots, const uint32_t *ops, size_t from, size_t to, int check)
{
    long bad = 0;
    for (size_t n = from; n < to; n++) {
        uint32_t slot = ops[2 * n];
        uint32_t size = ops[2 * n + 1];
        uint32_t *old = slots[slot];
        if (check && *old != slot) bad++;
        FREE(old);
        uint32_t *block = MALLOC(size);
        if (block == NULL) return OUT_OF_MEMORY;
        *block = slot;
        slots[slot] = block;
    }
    return bad;
}

static long run_stack(uint32_t **slots, const uint32_t *ops, size_t from, size_t to, int check, size_t sweep)
{
    long bad = 0;
    for (size_t base = from; base < to; base += sweep) {
        for (size_t n = 0; n < sweep; n++) {
            uint32_t *block = MALLOC(ops[2 * (base + n) + 1]);
            if (block == NULL) return OUT_OF_MEMORY;
            *block = (uint32_t)n;
            slots[n] = block;
        }
        for (size_t n = sweep; n-- > 0;) {
            uint32_t *block = slots[n];
            if (check && *block != (uint32_t)n) bad++;
            FREE(block);
        }
    }
    return bad;
}

static long run_resize(uint32_t **slots, const uint32_t *ops, size_t from, size_t to, int check)
{
    long bad = 0;
    for (size_t n = from; n < to; n++) {
        uint32_t slot = ops[2 * n];
        uint32_t size = ops[2 * n + 1];
        uint32_t *old = slots[slot];
        if (check && old != NULL && *old != slot) bad++;
        if (size == 0) {
            FREE(old);
            slots[slot] = NULL;
            continue;
        }
        uint32_t *block = REALLOC(old, size);
        if (block == NULL) return OUT_OF_MEMORY;
        *block = slot;
        slots[slot] = block;
    }
    return bad;
}

/* What is some events in a hundred: realloc, and requests in the RAW domain. */
static uint32_t *rare_event(uint32_t word, uint32_t *old, uint32_t size)
{
    switch (word & (RAW_DOMAIN | 3)) {
    case EVENT_REALLOC: return REALLOC(old, size);
    case RAW_DOMAIN | EVENT_MALLOC: return RAW_MALLOC(size);
    case RAW_DOMAIN | EVENT_REALLOC: return RAW_REALLOC(old, size);
    default: return RAW_CALLOC(size, 1);
    }
}

static long run_events(uint32_t **slots, const uint32_t *ops, size_t from, size_t to, int check)
{
    long bad = 0;
    for (size_t n = from; n < to; n++) {
        uint32_t word = ops[2 * n];
        uint32_t size = ops[2 * n + 1];
        uint32_t slot = word >> SLOT_SHIFT;
        uint32_t *old = slots[slot];
        if (check && (word & HOLDS_WORD) && *old != slot) bad++;
        uint32_t *block;
        switch (word & (RAW_DOMAIN | 3)) {
        case EVENT_MALLOC: block = MALLOC(size); break;
        case EVENT_FREE: FREE(old); slots[slot] = NULL; continue;
        case EVENT_CALLOC: block = CALLOC(size, 1); break;
        case RAW_DOMAIN | EVENT_FREE: RAW_FREE(old); slots[slot] = NULL; continue;
        default: block = rare_event(word, old, size);
        }
        if (block == NULL) return OUT_OF_MEMORY;
        if (word & GETS_WORD) *block = slot;
        slots[slot] = block;
    }
    return bad;
}
