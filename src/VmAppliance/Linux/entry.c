/*
 * Runs before main(), and so before the .NET runtime and OpenSSL read a single variable.
 *
 * Hooks run as root with an environment that the job's owner chose: DOTNET_GCHeapHardLimit=1 alone would make
 * every prolog fail, OPENSSL_CONF could load code. Nothing of that environment may reach the runtime, a library
 * or a child. What the program needs of it is read as plain data from /proc/self/environ (Linux/InitialProcess.cs).
 * A job's resource limits are put on its hooks, too: root lifts them before the runtime reserves its memory, and threads get stacks of
 * a fixed size, because by default they are as large as RLIMIT_STACK.
 *
 * Kept: what a terminal needs. Set: PATH and LC_ALL, for children that look at them, and no configuration for OpenSSL: the node's
 * may ask for modules, which a static program cannot load, and then nothing would work. And how much garbage may gather before it is collected:
 * else the runtime asks sixteen files of /sys for the sizes of the processor's caches, which takes a tenth of its start in a dom0. And that what
 * comes over a connection is handed on by the thread that saw it come: else one of a pool is woken for each packet, to find it taken.
 * And how much address space the heap's regions may lie in (GCRegionRange of the runtime's gcconfig.h): by itself it reserves twice the node's
 * memory, and at least tens of GiB. Grid Engine counts a process's address space as its memory (maxvmem), and holds it against h_vmem: what
 * stands in a job's place reserves little.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
static char locale[] = "LC_ALL=C.UTF-8";
static char gen0[] = "DOTNET_GCgen0size=400000"; /* bytes, in hexadecimal */
static char job_range[] = "DOTNET_GCRegionRange=10000000"; /* 256 MiB: a starter's heap is a few MiB, whatever its job's streams are */
static char node_range[] = "DOTNET_GCRegionRange=100000000"; /* 4 GiB: for who unpacks kernels and converts disks */
enum { MANY_RANGES = 4 };
static char sockets[] = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1";
static char openssl[] = "OPENSSL_CONF=/dev/null";
static const char *const terminal[] = { "TERM=", "NO_COLOR=", "COLUMNS=" };
static char *kept[sizeof terminal / sizeof *terminal + 7];

/* Whether this is the hook that runs a job, by the link's name or by the first word, as Modes/Hooks.cs finds out. */
static int is_starter(int argc, char **argv)
{
    for (int i = 0; i < argc && i < 2; i++) {
        const char *slash = strrchr(argv[i], '/'), *name = slash && i == 0 ? slash + 1 : argv[i];
        if (strcmp(name + (i == 0 ? strspn(name, "-") : 0), "starter") == 0)
            return 1;
    }
    return 0;
}

/* NULL where a limit leaves too little room: the runtime then finds its own way, to about half of the limit. */
static char *heap_range(int argc, char **argv)
{
    const char is_small = is_starter(argc, argv);
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur / MANY_RANGES < ((rlim_t)1 << (is_small ? 28 : 32)))
        return NULL;
    return is_small ? job_range : node_range;
}

static void lift_limits(void)
{
    static const int resources[] = { RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_FSIZE, RLIMIT_CPU };
    const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++) {
        struct rlimit limit;
        if (setrlimit(resources[i], &none) == 0 || getrlimit(resources[i], &limit) != 0)
            continue;
        /* Not even root may raise the ceiling here: up to it, then. Linux/Limits.cs says what that means. */
        limit.rlim_cur = limit.rlim_max;
        setrlimit(resources[i], &limit);
    }
}

static void fix_stack_size(void)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1536 * 1024);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}

/*
 * A second thread's first malloc() reserves 128 MiB of address space for a moment. Within a job's limit on that (h_vmem) it is then now and
 * again missing to the runtime, which ends without a word. What our few threads allocate there fits into one arena.
 */
static void share_one_arena(void)
{
    mallopt(M_ARENA_MAX, 1);
}

/*
 * The runtime begins by unpacking its tables into the zeroed part of this file's memory, and faults each of its pages in, one by one.
 * Asking for all of them at once (Linux 5.14; earlier ones refuse, which does no harm) takes a quarter off the time to start.
 */
static void populate(void)
{
    extern char __bss_start[], _end[];
    const uintptr_t page = 4096;
    uintptr_t start = ((uintptr_t)__bss_start + page - 1) & -page;
    madvise((void *)start, (uintptr_t)_end - start, 23 /* MADV_POPULATE_WRITE */);
}

/*
 * The runtime spreads its first few pages over memory that it has reserved in large pieces. Where huge pages are always on, each would become
 * one, and a start would clear 20 MiB for nothing. Children must have them, a machine above all: Linux/Spawn.cs gives them back.
 */
static void refuse_huge_pages(void)
{
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

__attribute__((constructor(102))) static void forget_environment(int argc, char **argv)
{
    refuse_huge_pages();
    share_one_arena();
    populate();
    if (geteuid() == 0)
        lift_limits();
    fix_stack_size();
    size_t count = 0;
    kept[count++] = path;
    kept[count++] = locale;
    kept[count++] = openssl;
    kept[count++] = gen0;
    kept[count++] = sockets;
    if ((kept[count] = heap_range(argc, argv)) != NULL)
        count++;
    for (size_t i = 0; i < sizeof terminal / sizeof *terminal; i++)
        for (char **entry = environ; entry && *entry; entry++)
            if (strncmp(*entry, terminal[i], strlen(terminal[i])) == 0) {
                kept[count++] = *entry;
                break;
            }
    kept[count] = NULL;
    environ = kept;
}
