/*
 * `vmappliance guest exec` when the machine's agent is there: hands it the three streams of the ssh session and waits for the job's status.
 * The agent has a runtime that runs already; to start a second one first would take longer than all else that a session does.
 *
 * Where there is no agent, or it does not take the session, main() starts the job itself. The other end is Guest/Agent/JobDoor.cs.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int send_streams(int door)
{
    const int streams[] = { 0, 1, 2 };
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof streams)]; } control = { { 0 } };
    char byte = 0;
    struct iovec data = { &byte, 1 };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof streams);
    memcpy(CMSG_DATA(rights), streams, sizeof streams);
    return sendmsg(door, &message, MSG_NOSIGNAL) == 1;
}

static void wait_for_job(int door)
{
    /* Signals for the job go to the agent; one that ends this process would take the job's connection away. */
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    /* Nobody but the job has its streams now: it decides when they are at their end. */
    for (int stream = 0; stream < 3; stream++)
        close(stream);
    unsigned char status;
    _exit(read(door, &status, 1) == 1 ? status : 255);
}

__attribute__((constructor(101))) static void hand_over(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[1], "guest") != 0 || strcmp(argv[2], "exec") != 0)
        return;
    const struct sockaddr_un agent = { AF_UNIX, "/run/vmappliance/door" };
    char taken;
    int door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (door < 0)
        return;
    if (connect(door, (const struct sockaddr *)&agent, sizeof agent) == 0 && send_streams(door) && read(door, &taken, 1) == 1)
        wait_for_job(door);
    close(door);
}
