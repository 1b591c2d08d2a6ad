// Sends numbered datagrams of syslog length to a port of loopback, as fast as it can or at a rate: udp-flood ADDRESS PORT COUNT BYTES [RATE]
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#define VECTOR 64

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  long total = atol(argv[3]), sent = 0, bytes = atol(argv[4]);
  double rate = argc > 5 ? atof(argv[5]) : 0, began = now();
  if (total < 1 || total > 100000000 || bytes < 20 || bytes > 1400) return 2;
  struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(argv[2])) };
  struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = six.sin6_port };
  int is_six = strchr(argv[1], ':') != NULL;
  if (inet_pton(is_six ? AF_INET6 : AF_INET, argv[1], is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr) != 1) return 2;
  int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
  if (connect(fd, is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four, is_six ? sizeof six : sizeof four) < 0) return 1;
  static char text[VECTOR][1500];
  static struct iovec pieces[VECTOR];
  static struct mmsghdr messages[VECTOR];
  for (int i = 0; i < VECTOR; i++) {
    memset(text[i], 'x', sizeof text[i]);
    pieces[i] = (struct iovec){ text[i], (size_t)bytes };
    messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1 };
  }
  while (sent < total) {
    int batch = total - sent < VECTOR ? (int)(total - sent) : VECTOR;
    if (rate > 0) { // as many as are due, then a short sleep
      long due = (long)((now() - began) * rate) - sent;
      if (due <= 0) {
        nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
        continue;
      }
      if (due < batch) batch = (int)due;
    }
    for (int i = 0; i < batch; i++) text[i][snprintf(text[i], 16, "<4>%010ld ", sent + i)] = ' ';
    int done = sendmmsg(fd, messages, (unsigned)batch, 0);
    if (done > 0) sent += done; // refused ones (ENOBUFS, ECONNREFUSED) are sent again
  }
  printf("%ld %.6f\n", sent, now() - began);
  return 0;
}
