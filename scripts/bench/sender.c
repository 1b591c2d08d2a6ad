// Sends the datagrams of a file at a rate, over and over: sender FILE COUNT RATE PORT SHIFT DISTINCT SOURCE
// A record of the file: 16 bytes of head in network order, then the payload.
//   source address 4, destination address 4, destination port 2, payload length 2, place of hhhh:hhhh in the payload 2,
//   place of 5 decimal digits 2 (0xffff: none)
// RATE 0: as fast as it can. PORT 0: that of the record. SHIFT 1: each round of the file comes from other sources.
// DISTINCT n: hhhh:hhhh takes n values in turn, and the 5 digits another with each row of them, so that no two are alike.
// SOURCE: an address that all come from, or 0 for that of each record.
// Each datagram has the source address of its record (IP_PKTINFO, ip(7)), which therefore has to be one of this machine.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#define VECTOR 64
#define SOCKETS 4
#define HEAD 16
#define PAYLOAD_MAX 8192
#define RECORDS_MAX 8000000

static const unsigned char *file;
static size_t *records;
static size_t count;
static unsigned char patched[VECTOR][PAYLOAD_MAX];
static struct iovec pieces[VECTOR];
static struct mmsghdr messages[VECTOR];
static struct sockaddr_in to[VECTOR];
static union {
  char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
  struct cmsghdr align;
} controls[VECTOR];

static unsigned two(size_t at) {
  return (unsigned)file[at] << 8 | file[at + 1];
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int read_records(const char *path) {
  struct stat facts;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &facts) < 0 || facts.st_size < HEAD) return -1;
  size_t size = (size_t)facts.st_size;
  file = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  records = malloc(RECORDS_MAX * sizeof *records);
  if (file == MAP_FAILED || records == NULL) return -1;
  for (size_t at = 0; at + HEAD <= size && count < RECORDS_MAX; count++) {
    unsigned length = two(at + 10);
    if (length > PAYLOAD_MAX || at + HEAD + length > size) return -1;
    records[count] = at;
    at += HEAD + length;
  }
  return count > 0 ? 0 : -1;
}

static void fill(int slot, long number, unsigned port, int shift, long distinct, in_addr_t source) {
  size_t at = records[(size_t)number % count];
  unsigned length = two(at + 10), hex = two(at + 12), decimal = two(at + 14);
  unsigned round = (unsigned)((size_t)number / count);
  struct in_pktinfo from = { 0 };
  memcpy(&from.ipi_spec_dst, file + at, 4);
  if (source != 0) from.ipi_spec_dst.s_addr = source;
  if (shift) from.ipi_spec_dst.s_addr ^= htonl((round & 255) << 8); // the third octet
  memcpy(CMSG_DATA(&controls[slot].align), &from, sizeof from);
  memcpy(&to[slot].sin_addr, file + at + 4, 4);
  to[slot].sin_port = htons((unsigned short)(port > 0 ? port : two(at + 8)));
  pieces[slot] = (struct iovec){ (void *)(file + at + HEAD), length };
  if (distinct > 0 && hex + 9 <= length && decimal + 5 <= length) {
    // in no order that would compress: a prime that is no divisor of n leads through all n values
    unsigned value = (unsigned)((unsigned long)(number % distinct) * 2654435761UL % (unsigned long)distinct);
    char text[32];
    memcpy(patched[slot], file + at + HEAD, length);
    snprintf(text, sizeof text, "%04x:%04x%05u", value >> 16 & 0xffff, value & 0xffff, 10000 + (unsigned)(number / distinct % 50000));
    memcpy(patched[slot] + hex, text, 9);
    memcpy(patched[slot] + decimal, text + 9, 5);
    pieces[slot].iov_base = patched[slot];
  }
}

int main(int argc, char **argv) {
  if (argc != 8 || read_records(argv[1]) < 0) return 2;
  long total = atol(argv[2]), sent = 0, refused = 0;
  double rate = atof(argv[3]);
  unsigned port = (unsigned)atoi(argv[4]);
  int shift = atoi(argv[5]), sockets[SOCKETS], wide = 1 << 20;
  long distinct = atol(argv[6]);
  in_addr_t source = strcmp(argv[7], "0") == 0 ? 0 : inet_addr(argv[7]);
  if (total < 1 || total > 1000000000 || port > 65535) return 2;
  for (int i = 0; i < SOCKETS; i++) {
    sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
    if (sockets[i] < 0) return 1;
    setsockopt(sockets[i], SOL_SOCKET, SO_SNDBUF, &wide, sizeof wide);
  }
  for (int i = 0; i < VECTOR; i++) {
    controls[i].align = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo)), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO };
    to[i].sin_family = AF_INET;
    messages[i].msg_hdr = (struct msghdr){ .msg_name = &to[i], .msg_namelen = sizeof to[i], .msg_iov = &pieces[i], .msg_iovlen = 1,
                                           .msg_control = &controls[i], .msg_controllen = sizeof controls[i] };
  }
  double began = now();
  for (long turn = 0; sent < total; turn++) {
    int want = total - sent < VECTOR ? (int)(total - sent) : VECTOR;
    if (rate > 0) { // as many as are due, then a short sleep
      long due = (long)((now() - began) * rate) - sent;
      if (due <= 0) {
        nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
        continue;
      }
      if (due < want) want = (int)due;
    }
    for (int i = 0; i < want; i++) fill(i, sent + i, port, shift, distinct, source);
    int done = sendmmsg(sockets[turn % SOCKETS], messages, (unsigned)want, 0);
    if (done > 0) sent += done; // those that were refused (ENOBUFS) are sent again
    else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
      perror("sendmmsg");
      return 1;
    } else if (++refused > 10000000) return 1;
  }
  printf("{\"sent\":%ld,\"seconds\":%.6f,\"refused\":%ld}\n", sent, now() - began, refused);
  return 0;
}
