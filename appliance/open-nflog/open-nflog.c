// Opens the socket that listens to groups of the kernel's packet log and leaves it with systemd, which hands it to the agent
// (FileDescriptorStoreMax=, sd_notify(3)): the agent itself then needs no capability. Runs before each start of the agent:
//   ExecStartPre=-!/usr/lib/cyberalarm/bin/open-nflog 514
// systemd shows the stored socket to the main program only, so this program asks the kernel: if all groups have a listener, that
// is the stored socket, and what was logged while the agent was away waits in it. (If it is another program's, the agent gets
// none, and reports that.) If only some have one, the groups have changed since last time, and the socket is made anew; so it is
// with --anew, for who knows that the stored one listens to more. --anew without a group leaves nothing with systemd.
// Exit: 0 systemd has it, 1 it could not be had, 2 the arguments are wrong.
#define _GNU_SOURCE
#include "nflog-socket.h"
#include "service-manager.h"
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECEIVE_BUFFER (16 << 20) // as the agent asks for
#define TRIES 100                 // systemd closes a removed descriptor a little later
#define BETWEEN_TRIES_NS 10000000

// What agent/sources/packets/nflog.ts asks for: headers only, and packets by the hundred.
static const struct nflog_settings settings = { .copy_range = 96, .queue_threshold = 128, .timeout_centiseconds = 10, .kernel_buffer = 32256 };
static uint32_t groups[NFLOG_GROUPS_MAX];
static int group_count;

static int fail(const char *what, int error) {
  fprintf(stderr, "open-nflog: cannot %s: %s\n", what, strerror(error));
  return 1;
}

static bool read_groups(int count, char **words) {
  if (count < 1 || count > NFLOG_GROUPS_MAX) return false;
  for (; group_count < count; group_count++) {
    const char *word = words[group_count];
    size_t length = strlen(word);
    if (length < 1 || length > 5 || strspn(word, "0123456789") != length) return false;
    uint32_t group = (uint32_t)strtoul(word, NULL, 10);
    if (group > 65535) return false;
    for (int i = 0; i < group_count; i++)
      if (groups[i] == group) return false;
    groups[group_count] = group;
  }
  return true;
}

// The kernel's answer to the request with this number. Packets before it are skipped: there was no listener a moment ago.
static int answer(int fd, uint32_t number) {
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
  } reply;
  for (;;) {
    ssize_t length = recv(fd, &reply, sizeof reply, 0); // with SO_RCVTIMEO
    if (length < 0 && errno != ENOBUFS && errno != EINTR) return errno == EAGAIN ? -ETIMEDOUT : -errno;
    if (length == (ssize_t)sizeof reply && reply.header.nlmsg_type == NLMSG_ERROR && reply.header.nlmsg_seq == number)
      return reply.error.error;
  }
}

// A socket that listens to those groups which no other socket listens to, or a negative errno; *taken is how many have one.
static int listen_to_free_groups(int *taken) {
  int real;
  enum step step;
  uint32_t number;
  int fd = nflog_open(RECEIVE_BUFFER, &real, &step);
  if (fd < 0) return fd;
  int error = nflog_send_unsupported(fd, &number);
  if (error == 0 && answer(fd, number) == -EPERM) error = -EPERM;
  *taken = 0;
  for (int i = 0; i < group_count && error == 0; i++) {
    error = nflog_bind_group(fd, groups[i], &settings, &number);
    if (error == 0) error = answer(fd, number);
    if (error != -EPERM) continue;
    error = 0;
    ++*taken;
  }
  if (error == 0) return fd;
  close(fd);
  return error;
}

static int leave_with_systemd(int fd) {
  // FDPOLL=0: a netlink socket has EPOLLERR when packets were lost (ENOBUFS), and systemd lets go of what has that
  int taken = 0, error = notify("FDSTORE=1\nFDNAME=nflog\nFDPOLL=0", fd);
  if (error == 0) error = barrier();
  close(fd);
  if (error != 0) return fail("leave the socket with systemd", error);
  int probe = listen_to_free_groups(&taken);
  if (probe >= 0) close(probe);
  if (taken == group_count) return 0;
  fputs("open-nflog: systemd did not keep the socket: the unit needs FileDescriptorStoreMax=1\n", stderr);
  return 1;
}

int main(int argc, char **argv) {
  int taken = 0;
  bool is_anew = argc > 1 && strcmp(argv[1], "--anew") == 0;
  bool is_none = is_anew && argc == 2;
  if (!is_none && !read_groups(argc - 1 - is_anew, argv + 1 + is_anew)) {
    fprintf(stderr, "open-nflog: name 1 to %d different groups of the kernel's packet log, 0 to 65535 each: open-nflog 514\n", NFLOG_GROUPS_MAX);
    return 2;
  }
  if (getenv("NOTIFY_SOCKET") == NULL) {
    fputs("open-nflog: there is no NOTIFY_SOCKET: this is for a unit of systemd with NotifyAccess=exec\n", stderr);
    return 1;
  }
  if (is_none) {
    int error = notify("FDSTOREREMOVE=1\nFDNAME=nflog", -1);
    if (error == 0) error = barrier();
    return error == 0 ? 0 : fail("talk to systemd", error);
  }
  for (int i = 0; i < TRIES; i++) {
    int fd = listen_to_free_groups(&taken);
    if (fd < 0) return fail(fd == -EPERM ? "listen without CAP_NET_ADMIN" : "listen to the groups", -fd);
    if (i == 0 && !is_anew && taken == group_count) return fputs("open-nflog: the groups have their listener already\n", stderr) < 0;
    int error = i == 0 ? notify("FDSTOREREMOVE=1\nFDNAME=nflog", -1) : 0;
    if (error != 0) return fail("talk to systemd", error);
    if (taken == 0) return leave_with_systemd(fd);
    close(fd);
    nanosleep(&(struct timespec){ .tv_nsec = BETWEEN_TRIES_NS }, NULL);
  }
  return fail("listen: another program has one of the groups", EBUSY);
}
