/* CPython's objects through its C API, on the workloads of workloads.ts. A shared object, loaded by the Python that it
   measures:  python -c "import ctypes; ctypes.PyDLL('./driver.so').bench_main()"
   Requests and answers are those of ../src/protocol.ts; `load` names a workload. */
#include <Python.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BATCH = 200, LISTS = 20, LEVELS = 14, ITEMS = 1000 };

static PyObject *batch[BATCH];
static PyObject *list, *dict, *keys[ITEMS], *values[2], *node_class, *left, *right;
static char texts[BATCH][17];
static long long sum;

static void check(const void *result)
{
    if (result == NULL) {
        PyErr_Print();
        printf("failed a Python exception\n");
        fflush(stdout);
        exit(1);
    }
}

static void drop(int count)
{
    for (int n = 0; n < count; n++) Py_DECREF(batch[n]);
}

static void ints(long units)
{
    for (long done = 0; done < units; done += BATCH) {
        for (int n = 0; n < BATCH; n++) batch[n] = PyLong_FromLong(2000 + done + n);
        drop(BATCH);
    }
}

static void floats(long units)
{
    for (long done = 0; done < units; done += BATCH) {
        for (int n = 0; n < BATCH; n++) batch[n] = PyFloat_FromDouble((double)(done + n));
        drop(BATCH);
    }
}

static void tuples(long units)
{
    for (long done = 0; done < units; done += BATCH) {
        for (int n = 0; n < BATCH; n++) batch[n] = PyTuple_Pack(3, values[0], values[1], left);
        drop(BATCH);
    }
}

static void lists(long units)
{
    for (long done = 0; done < units; done += LISTS) {
        for (int n = 0; n < LISTS; n++) {
            PyObject *one = PyList_New(0);
            for (int m = 0; m < 10; m++) PyList_Append(one, values[m & 1]);
            batch[n] = one;
        }
        drop(LISTS);
    }
}

static void strs(long units)
{
    for (long done = 0; done < units; done += BATCH) {
        for (int n = 0; n < BATCH; n++) batch[n] = PyUnicode_FromStringAndSize(texts[n], 16);
        drop(BATCH);
    }
}

static void million(long units)
{
    PyObject *table = PyDict_New();
    for (long n = 0; n < units; n++) {
        PyObject *key = PyLong_FromLong(n);
        PyDict_SetItem(table, key, Py_None);
        Py_DECREF(key);
    }
    Py_DECREF(table);
}

static PyObject *grow(int levels)
{
    PyObject *one = PyObject_CallNoArgs(node_class);
    PyObject *child = levels > 1 ? grow(levels - 1) : Py_NewRef(Py_None);
    PyObject_SetAttr(one, left, child);
    Py_DECREF(child);
    child = levels > 1 ? grow(levels - 1) : Py_NewRef(Py_None);
    PyObject_SetAttr(one, right, child);
    Py_DECREF(child);
    return one;
}

static void tree(long units)
{
    int levels = 0;
    while ((1L << levels) - 1 < units) levels++;
    PyObject *root = grow(levels);
    check(root);
    Py_DECREF(root);
}

static void list_read(long units)
{
    for (long n = 0, i = 0; n < units; n++) {
        sum += PyLong_AsLong(PyList_GetItem(list, i));
        if (++i == ITEMS) i = 0;
    }
}

static void dict_read(long units)
{
    for (long n = 0, i = 0; n < units; n++) {
        sum += PyLong_AsLong(PyDict_GetItemWithError(dict, keys[i]));
        if (++i == ITEMS) i = 0;
    }
}

static void list_update(long units)
{
    for (long n = 0, i = 0; n < units; n++) {
        PyList_SetItem(list, i, Py_NewRef(values[n & 1]));
        if (++i == ITEMS) i = 0;
    }
}

static void dict_update(long units)
{
    for (long n = 0, i = 0; n < units; n++) {
        PyDict_SetItem(dict, keys[i], values[n & 1]);
        if (++i == ITEMS) i = 0;
    }
}

static const struct { const char *id; void (*run)(long); } workloads[] = {
    {"ints", ints}, {"floats", floats}, {"tuples", tuples}, {"lists", lists}, {"strs", strs},
    {"strs-js", strs}, {"dict", million}, {"tree", tree}, {"list-read", list_read}, {"dict-read", dict_read},
    {"list-update", list_update}, {"dict-update", dict_update},
};

static void prepare(void)
{
    PyObject *globals = PyDict_New(), *name;
    check(PyRun_String("import gc; gc.disable()\nclass Node: pass\n", Py_file_input, globals, globals));
    node_class = PyDict_GetItemString(globals, "Node");
    check(node_class);
    left = PyUnicode_InternFromString("left");
    right = PyUnicode_InternFromString("right");
    values[0] = PyLong_FromLong(123456);
    values[1] = PyFloat_FromDouble(0.5);
    list = PyList_New(0);
    dict = PyDict_New();
    for (int n = 0; n < ITEMS; n++) {
        PyObject *value = PyLong_FromLong(n * 3);
        PyList_Append(list, value);
        keys[n] = name = PyUnicode_FromFormat("key%d", n);
        PyUnicode_InternInPlace(&keys[n]);
        PyDict_SetItem(dict, keys[n], value);
        Py_DECREF(value);
    }
    for (int n = 0; n < BATCH; n++) snprintf(texts[n], sizeof texts[n], "text number %04d", n);
    (void)name;
}

static long long processor_nanoseconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

void bench_main(void)
{
    char line[256];
    void (*run)(long) = NULL;
    prepare();
    printf("ready\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        char id[64];
        long lead, units;
        if (sscanf(line, "load %63s", id) == 1) {
            run = NULL;
            for (size_t n = 0; n < sizeof workloads / sizeof workloads[0]; n++)
                if (strcmp(workloads[n].id, id) == 0) run = workloads[n].run;
            printf(run != NULL ? "loaded\n" : "failed no such workload\n");
        } else if (sscanf(line, "run %ld %ld", &lead, &units) == 2 && run != NULL) {
            if (lead > 0) run(lead);
            long long from = processor_nanoseconds();
            run(units);
            printf("ran %lld 0\n", processor_nanoseconds() - from);
        } else if (strncmp(line, "memory", 6) == 0) {
            printf("memory\n");
        } else if (strncmp(line, "quit", 4) == 0) {
            return;
        } else {
            printf("failed unknown request\n");
        }
        fflush(stdout);
    }
}
