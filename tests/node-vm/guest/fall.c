/*
 * fall off|panic: brings the machine down that it runs in. A job is nobody's root, so this is: the tests' guest image has
 * it with the set-user-ID bit, and no other has it at all.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

static int panic(void)
{
    int trigger = open("/proc/sysrq-trigger", O_WRONLY);
    return trigger < 0 || write(trigger, "c", 1) != 1;
}

int main(int argc, char **argv)
{
    int failed = 64;
    if (setuid(0) != 0) {
        perror("fall: become root");
        return 77;
    }
    if (argc == 2 && strcmp(argv[1], "off") == 0)
        failed = reboot(RB_POWER_OFF);
    if (argc == 2 && strcmp(argv[1], "panic") == 0)
        failed = panic();
    fprintf(stderr, "fall: nothing happened\n");
    return failed;
}
