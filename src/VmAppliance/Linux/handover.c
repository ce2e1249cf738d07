/*
 * `vmappliance guest exec` in a machine: hands the agent the three streams of the ssh session and waits for the job's status.
 * The agent has a runtime that runs already; to start a second one first would take longer than all else that a session does. Even to
 * start the C library would be half of what is left: so this is the program's first instruction, and no function of that library is called.
 *
 * sshd starts it as the shell of its sessions' own account, with -c: no shell of anybody's is in between. The other end is
 * Guest/Agent/JobDoor.cs. Where it does not take the session, that is over; who called `vmappliance guest exec` himself goes on to main(),
 * which starts the job with his own rights.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* The stack as the kernel made it, argc on top, is passed on, and what was in rdx: _start expects both (System V ABI, AMD64, 3.4.1). */
__asm__(".globl vmappliance_start\n"
        "vmappliance_start:\n"
        "  mov %rsp, %rdi\n"
        "  push %rdx\n"
        "  sub $8, %rsp\n"
        "  call hand_over\n"
        "  add $8, %rsp\n"
        "  pop %rdx\n"
        "  jmp _start\n");

static long call(long number, long first, const void *second, long third, long fourth)
{
    long result;
    register long r10 __asm__("r10") = fourth;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second), "d"(third), "r"(r10) : "rcx", "r11", "memory");
    return result;
}

static int same(const char *one, const char *other)
{
    while (*one && *one == *other)
        one++, other++;
    return *one == *other;
}

/* Whether the agent has taken them: it says so. */
static int send_streams(int door)
{
    /* cmsg(3) */
    struct { size_t length; int level, type, streams[3]; } rights = { offsetof(__typeof__(rights), streams) + sizeof rights.streams, SOL_SOCKET, SCM_RIGHTS, { 0, 1, 2 } };
    char byte = 0;
    struct iovec data = { &byte, 1 };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof rights };
    return call(SYS_sendmsg, door, &message, MSG_NOSIGNAL, 0) == 1 && call(SYS_read, door, &byte, 1, 0) == 1;
}

static void wait_for_job(int door)
{
    /* Signals for the job go to the agent; one that ends this process would take the job's connection away. */
    const unsigned long all = ~0UL;
    call(SYS_rt_sigprocmask, SIG_BLOCK, &all, 0, sizeof all);
    /* Nobody but the job has its streams now: it decides when they are at their end. */
    for (int stream = 0; stream < 3; stream++)
        call(SYS_close, stream, NULL, 0, 0);
    unsigned char status = 0;
    call(SYS_exit_group, call(SYS_read, door, &status, 1, 0) == 1 ? status : 255, NULL, 0, 0);
}

__attribute__((used)) void hand_over(const long *stack)
{
    const char *const *argv = (const char *const *)(stack + 1);
    if (stack[0] != 3)
        return;
    /* pw_shell of sessions; the words are GuestSession.Launch */
    int is_session = same(argv[1], "-c") && same(argv[2], "exec /usr/bin/vmappliance guest exec");
    if (!is_session && !(same(argv[1], "guest") && same(argv[2], "exec")))
        return;
    static const struct sockaddr_un agent = { AF_UNIX, "/run/vmappliance/door" };
    int door = call(SYS_socket, AF_UNIX, (const void *)(SOCK_SEQPACKET | SOCK_CLOEXEC), 0, 0);
    if (call(SYS_connect, door, &agent, sizeof agent, 0) == 0 && send_streams(door))
        wait_for_job(door);
    if (is_session)
        call(SYS_exit_group, 255, NULL, 0, 0);
    call(SYS_close, door, NULL, 0, 0);
}
