/*
 * kill-at CALL N COMMAND... : runs a command and kills it as it is about to make its Nth system call of a kind (ioctl or rename).
 * Exit status: the command's; 137 when it was killed.
 *
 * The kernel stops it at these calls alone (seccomp), so that all others go at full speed; strace would stop at each.
 * Calls of the command's own threads count, those of what it starts do not.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(const char *what)
{
    fprintf(stderr, "kill-at: %s: %s\n", what, strerror(errno));
    exit(125);
}

static long number_of(const char *call)
{
    if (strcmp(call, "ioctl") == 0)
        return SYS_ioctl;
    if (strcmp(call, "rename") == 0)
        return SYS_rename;
    fprintf(stderr, "kill-at: %s: neither ioctl nor rename\n", call);
    exit(64);
}

static void run(long call, char **command)
{
    struct sock_filter stop_at_call[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof stop_at_call / sizeof *stop_at_call, stop_at_call };

    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP); /* until the tracer has said what it wants to hear of */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        give_up("set filter");
    execvp(command[0], command);
    give_up(command[0]);
}

/* Threads share their command's number; what it has started has one of its own. */
static int is_of(pid_t command, pid_t tracee)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d", (int)command, (int)tracee);
    return access(path, F_OK) == 0;
}

static int watch(pid_t command, int when)
{
    int count = 0;
    for (;;) {
        int status, signal = 0;
        pid_t tracee = waitpid(-1, &status, __WALL);
        if (tracee < 0)
            give_up("wait");
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (tracee != command)
                continue;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
            if (is_of(command, tracee) && ++count == when)
                kill(command, SIGKILL);
        } else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP && WSTOPSIG(status) != SIGTRAP) {
            signal = WSTOPSIG(status);
        }
        ptrace(PTRACE_CONT, tracee, NULL, signal);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: kill-at CALL N COMMAND...\n");
        return 64;
    }
    long call = number_of(argv[1]);
    pid_t command = fork();
    if (command < 0)
        give_up("fork");
    if (command == 0)
        run(call, argv + 3);

    int status;
    if (waitpid(command, &status, 0) != command)
        give_up("wait");
    long events = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
    if (ptrace(PTRACE_SETOPTIONS, command, NULL, events) != 0)
        give_up("trace");
    ptrace(PTRACE_CONT, command, NULL, 0);
    return watch(command, atoi(argv[2]));
}
