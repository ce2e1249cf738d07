/*
 * stubborn DIRECTORY UID WORD... : a process of an ordinary user, with these words, that holds the lock of its own memory (mmap_lock): whoever
 * reads its /proc/PID/cmdline waits until the server of its file system answers, and that never does. When it is so, its pid is written.
 *
 * One thread reads a page of a file of FUSE, which stays locked in the page cache until the answer comes. Then the file is opened for direct
 * access and mapped: mmap(2), with the lock held, throws the cached pages out, and waits for that page. When the server is told to end (SIGTERM) all is over.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 4096, FILE_NODE = 2 };

static char path[4096];
static int fuse, child, opened;

static void need(int good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

static void *read_page(void *file)
{
	char page[BYTES];
	return (void *)pread(*(int *)file, page, BYTES, 0);
}

static void hold(int uid, int reading)
{
	pthread_t thread;
	char byte;
	/* Else the server's death would be no end. */
	close(fuse);
	need(setgid(uid) == 0 && setuid(uid) == 0, "setuid");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int cached = open(path, O_RDONLY);
	need(cached >= 0 && pthread_create(&thread, NULL, read_page, &cached) == 0 && read(reading, &byte, 1) == 1, "read");
	int direct = open(path, O_RDONLY);
	need(direct >= 0, "open");
	mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE, direct, 0);
	exit(1);
}

static void answer(uint64_t unique, int error, const void *data, size_t length)
{
	struct fuse_out_header head = { .len = sizeof head + length, .error = error, .unique = unique };
	char all[BYTES];
	memcpy(all, &head, sizeof head);
	memcpy(all + sizeof head, data, length);
	need(write(fuse, all, head.len) == (ssize_t)head.len || errno == ENOENT, "answer");
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){ .ino = node, .size = node == FILE_NODE ? BYTES : 0, .mode = node == FILE_NODE ? 0100444 : 040755, .nlink = 1 };
}

static void serve(int reading)
{
	static char request[1 << 17];
	const struct fuse_in_header *head = (void *)request;
	need(read(fuse, request, sizeof request) > 0, "serve");
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = BYTES };
	struct fuse_entry_out entry = { .nodeid = FILE_NODE, .attr = attributes(FILE_NODE) };
	struct fuse_attr_out attr = { .attr = attributes(head->nodeid) };
	struct fuse_open_out open = { .open_flags = FOPEN_KEEP_CACHE | (opened > 0 ? FOPEN_DIRECT_IO : 0) };
	switch (head->opcode) {
	case FUSE_INIT: answer(head->unique, 0, &init, sizeof init); break;
	case FUSE_LOOKUP: answer(head->unique, 0, &entry, sizeof entry); break;
	case FUSE_GETATTR: answer(head->unique, 0, &attr, sizeof attr); break;
	case FUSE_OPEN: answer(head->unique, 0, &open, sizeof open); opened++; break;
	case FUSE_READ: need(write(reading, "", 1) == 1, "tell"); break;
	case FUSE_FORGET: case FUSE_BATCH_FORGET: case FUSE_INTERRUPT: break;
	default: answer(head->unique, -ENOSYS, NULL, 0);
	}
}

static char state(int pid)
{
	char name[64], text[512] = "", *end;
	snprintf(name, sizeof name, "/proc/%d/stat", pid);
	FILE *file = fopen(name, "r");
	need(file && fgets(text, sizeof text, file), name);
	fclose(file);
	end = strrchr(text, ')');
	return end ? end[2] : '?';
}

/* Without a server all that wait for it are let go, and the process ends. */
static void end(int signal)
{
	(void)signal;
	close(fuse);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	_exit(0);
}

int main(int argc, char **argv)
{
	char options[128];
	int reading[2];
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	need(argc >= 3 && fuse >= 0, "/dev/fuse");
	/* A mount of its own: nobody else sees it, and nothing of it is left. */
	need(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "unshare");
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
	need(mount("stubborn", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) == 0 && pipe(reading) == 0, "mount");
	snprintf(path, sizeof path, "%s/file", argv[1]);
	child = fork();
	if (child == 0)
		hold(atoi(argv[2]), reading[0]);
	while (opened < 2)
		serve(reading[1]);
	while (state(child) != 'D')
		usleep(1000);
	signal(SIGTERM, end);
	printf("%d\n", child);
	fflush(stdout);
	while (1)
		pause();
}
