/*
 * Runs before main(), and so before the .NET runtime and OpenSSL read a single variable.
 *
 * Hooks run as root with an environment that the job's owner chose: DOTNET_GCHeapHardLimit=1 alone would make
 * every prolog fail, OPENSSL_CONF could load code. Nothing of that environment may reach the runtime, a library
 * or a child. What the program needs of it is read as plain data from /proc/self/environ (Linux/InitialProcess.cs).
 * Kept: what a terminal needs. Set: PATH and LC_ALL, for children that look at them.
 */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
static char locale[] = "LC_ALL=C.UTF-8";
static const char *const terminal[] = { "TERM=", "NO_COLOR=", "COLUMNS=" };
static char *kept[sizeof terminal / sizeof *terminal + 3];

__attribute__((constructor(101))) static void forget_environment(void)
{
    size_t count = 0;
    kept[count++] = path;
    kept[count++] = locale;
    for (size_t i = 0; i < sizeof terminal / sizeof *terminal; i++)
        for (char **entry = environ; entry && *entry; entry++)
            if (strncmp(*entry, terminal[i], strlen(terminal[i])) == 0) {
                kept[count++] = *entry;
                break;
            }
    kept[count] = NULL;
    environ = kept;
}
