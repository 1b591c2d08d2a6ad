// Plays systemd for tests: runs one program before each start of a service, keeps the descriptor that it stores, and hands it
// to the service (sd_notify(3), sd_listen_fds(3)). What happens is written to standard error, a line each.
//   test-manager NOTIFY_SOCKET STORE_MAX BEFORE... -- SERVICE...    SIGHUP restarts the service, SIGTERM ends it
//   test-manager offer PROTOCOL     stores a netlink socket of another kind, or one that was never bound
#define _GNU_SOURCE
#include "service-manager.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVICE_FD 3

static volatile sig_atomic_t restart, end;
static int stored = -1, stored_max, socket_fd;
static const char *address;

static void on_signal(int number) { *(number == SIGHUP ? &restart : &end) = 1; }

static void keep(const char *text, int fd) {
  bool is_removal = strstr(text, "FDSTOREREMOVE=1") != NULL, is_new = !is_removal && strstr(text, "FDSTORE=1") != NULL;
  if (is_removal && stored >= 0) {
    close(stored);
    stored = -1;
  }
  if (is_new && stored < 0 && stored_max > 0) stored = fd;
  else if (fd >= 0) close(fd);
}

static void receive(void) {
  char text[1024], control[CMSG_SPACE(sizeof(int))];
  struct iovec piece = { text, sizeof text - 1 };
  struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
  ssize_t length = recvmsg(socket_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length < 0) return;
  text[length] = 0;
  const struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  int fd = -1;
  if (rights != NULL && rights->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(rights), sizeof fd);
  for (char *at = text; (at = strchr(at, '\n')) != NULL;) *at = ' ';
  fprintf(stderr, "received %s%s\n", text, fd >= 0 ? ", with a descriptor" : "");
  if (strcmp(text, "BARRIER=1") == 0) close(fd);
  else keep(text, fd);
}

static pid_t start(char **words, bool is_service) {
  pid_t child = fork();
  if (child != 0) return child;
  char own[16];
  snprintf(own, sizeof own, "%d", getpid());
  if (!is_service) setenv("NOTIFY_SOCKET", address, 1);
  else unsetenv("NOTIFY_SOCKET");
  if (is_service) fprintf(stderr, "service is %s, %s a socket\n", own, stored >= 0 ? "with" : "without"); // before its own output
  if (is_service && stored >= 0) {
    if (stored == SERVICE_FD) fcntl(stored, F_SETFD, 0);
    else dup2(stored, SERVICE_FD);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", "nflog", 1);
    setenv("LISTEN_PID", own, 1);
  }
  execvp(words[0], words);
  _exit(127);
}

static int wait_for(pid_t child) {
  int status;
  for (bool is_signalled = false; waitpid(child, &status, WNOHANG) == 0;) {
    struct pollfd one = { .fd = socket_fd, .events = POLLIN };
    if (poll(&one, 1, 20) > 0) receive();
    if ((restart || end) && !is_signalled) is_signalled = kill(child, SIGTERM) == 0;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "offer") == 0)
    return notify("FDSTORE=1\nFDNAME=nflog\nFDPOLL=0", socket(AF_NETLINK, SOCK_RAW, atoi(argv[2]))) || barrier();
  if (argc < 6) return 2;
  address = argv[1];
  stored_max = atoi(argv[2]);
  char **service = argv + 3;
  while (*service != NULL && strcmp(*service, "--") != 0) service++;
  *service++ = NULL;
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  strncpy(name.sun_path, address, sizeof name.sun_path - 1);
  if (name.sun_path[0] == '@') name.sun_path[0] = 0;
  socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (bind(socket_fd, (struct sockaddr *)&name, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address))) < 0) return 3;
  signal(SIGHUP, on_signal);
  signal(SIGTERM, on_signal);
  for (;;) {
    fprintf(stderr, "before ended with %d\n", wait_for(start(argv + 3, false)));
    pid_t child = start(service, true);
    int status = wait_for(child);
    if (!restart) return end ? 0 : status;
    restart = 0;
  }
}
