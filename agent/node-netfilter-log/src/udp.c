// Datagrams of UDP, many a system call. recvmmsg wants a place for the longest datagram for each message, which would
// leave a buffer mostly empty; so datagrams are received into slots that stay in the cache, and packed from there.
#define _GNU_SOURCE
#include "reader.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define VECTOR 64
#define SLOT 2048
#define SLOT_STRIDE (SLOT + 64) // a power of two would put all slots into the same few sets of the cache
#define DATAGRAM_MAX 65536
#define REST (DATAGRAM_MAX - SLOT)

// One Uint32Array entry a datagram. The peer's address is in host-order words of its IPv6 (or mapped IPv4) address.
enum { OFFSET, LENGTH, PORT, SPARE, ADDRESS };

struct udp {
  struct mmsghdr messages[VECTOR];
  struct iovec pieces[VECTOR][2];
  struct sockaddr_in6 peers[VECTOR];
  int received, packed; // messages in the slots, and how many of them went into a batch
  uint8_t slots[VECTOR * SLOT_STRIDE];
  uint8_t rests[VECTOR * REST]; // where the long ones go on; untouched, and so not resident, while there are none
};

static void describe_peer(const struct sockaddr_in6 *peer, uint32_t *entry) {
  if (peer->sin6_family == AF_INET) {
    const struct sockaddr_in *four = (const struct sockaddr_in *)peer;
    entry[PORT] = ntohs(four->sin_port);
    entry[ADDRESS] = entry[ADDRESS + 1] = 0;
    entry[ADDRESS + 2] = 0xffff;
    entry[ADDRESS + 3] = ntohl(four->sin_addr.s_addr);
    return;
  }
  uint32_t words[4];
  memcpy(words, &peer->sin6_addr, sizeof words);
  entry[PORT] = ntohs(peer->sin6_port);
  for (int i = 0; i < 4; i++) entry[ADDRESS + i] = ntohl(words[i]);
}

// Packs what is in the slots; false if the batch is full first.
static bool pack(struct reader *r, struct udp *u, struct batch *b) {
  for (; u->packed < u->received; u->packed++) {
    int i = u->packed;
    uint32_t length = u->messages[i].msg_len;
    if (length > r->batch_bytes - b->used || b->count == r->entries) return false;
    uint32_t *entry = b->index + (size_t)b->count * ENTRY_WORDS;
    uint8_t *to = b->bytes + b->used;
    memcpy(to, u->pieces[i][0].iov_base, length < SLOT ? length : SLOT);
    if (length > SLOT) memcpy(to + SLOT, u->pieces[i][1].iov_base, length - SLOT);
    entry[OFFSET] = b->used;
    entry[LENGTH] = length;
    entry[SPARE] = 0;
    describe_peer(&u->peers[i], entry);
    b->used += length;
    b->count++;
  }
  return true;
}

static int fill_udp(struct reader *r, struct batch *b) {
  struct udp *u = r->own;
  for (;;) {
    if (!pack(r, u, b)) return FULL;
    if (r->is_over) return DRAINED;
    for (int i = 0; i < u->received; i++) u->messages[i].msg_hdr.msg_namelen = sizeof u->peers[i]; // the kernel wrote here
    u->packed = u->received = 0;
    int got = recvmmsg(r->fd, u->messages, VECTOR, MSG_DONTWAIT, NULL);
    if (got < 0) {
      int error = errno;
      return error == EAGAIN || error == EINTR || error == ENOMEM || error == ENOBUFS ? DRAINED : -error;
    }
    uint64_t bytes = 0;
    for (int i = 0; i < got; i++) bytes += u->messages[i].msg_len;
    count(r, DATAGRAMS, (uint64_t)got);
    count(r, BYTES, bytes);
    u->received = got;
    if (got < VECTOR) return pack(r, u, b) ? DRAINED : FULL;
  }
}

static int bind_to(const char *address, uint16_t port, bool reuse_port, enum step *step) {
  struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
  struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
  bool is_six = strchr(address, ':') != NULL;
  *step = STEP_SOCKET;
  if (inet_pton(is_six ? AF_INET6 : AF_INET, address, is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr) != 1) {
    errno = EINVAL;
    return -1;
  }
  int off = 0, on = 1, fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  *step = STEP_BIND;
  // `::` receives IPv4 too, whatever net.ipv6.bindv6only says
  if ((is_six && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0) ||
      (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) ||
      bind(fd, is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four, is_six ? sizeof six : sizeof four) < 0) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

// 0 if the descriptor is a UDP socket of IPv4 or IPv6
static int refuse_other_kinds(int fd) {
  int kind = 0, family = 0, protocol = 0;
  socklen_t length = sizeof(int);
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &length) < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) < 0 ||
      getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) < 0)
    return errno;
  return kind == SOCK_DGRAM && protocol == IPPROTO_UDP && (family == AF_INET || family == AF_INET6) ? 0 : EPROTOTYPE;
}

static void aim(struct udp *u) {
  for (int i = 0; i < VECTOR; i++) {
    u->pieces[i][0] = (struct iovec){ u->slots + (size_t)i * SLOT_STRIDE, SLOT };
    u->pieces[i][1] = (struct iovec){ u->rests + (size_t)i * REST, REST };
    u->messages[i].msg_hdr = (struct msghdr){ .msg_name = &u->peers[i], .msg_namelen = sizeof u->peers[i], .msg_iov = u->pieces[i], .msg_iovlen = 2 };
  }
}

// Puts where the socket is bound into the object that JavaScript gets.
static void tell_name(napi_env env, napi_value result, const struct sockaddr_in6 *name) {
  char text[INET6_ADDRSTRLEN] = "";
  napi_value value;
  const void *from = name->sin6_family == AF_INET ? (const void *)&((const struct sockaddr_in *)name)->sin_addr : &name->sin6_addr;
  inet_ntop(name->sin6_family, from, text, sizeof text);
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok) napi_set_named_property(env, result, "address", value);
  if (napi_create_uint32(env, ntohs(name->sin6_port), &value) == napi_ok) napi_set_named_property(env, result, "port", value);
}

// openUdp(Uint32Array [fd + 1 or 0, port, reusePort, receiveBuffer, batches, batchBytes, entries, lingerUs], address, onReady)
napi_value open_udp(napi_env env, napi_callback_info info) {
  napi_value values[3];
  size_t given = 3, length = 0;
  const uint32_t *o;
  char address[64] = "";
  napi_get_cb_info(env, info, &given, values, NULL, NULL);
  if (!words_argument(env, values[0], 8, &o)) return NULL;
  if (napi_get_value_string_utf8(env, values[1], address, sizeof address, &length) != napi_ok || o[4] < 2 || o[4] > BATCHES_MAX ||
      o[5] < DATAGRAM_MAX || o[5] > 1u << 26 || o[5] % 4 != 0 || o[6] < 1 || o[6] > 1u << 20) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "an argument is of the wrong kind or size");
    return NULL;
  }
  enum step step = STEP_KIND;
  int fd = o[0] > 0 ? (int)(o[0] - 1) : bind_to(address, (uint16_t)o[1], o[2] != 0, &step);
  if (fd < 0) return failed(env, step, errno);
  int error = o[0] > 0 ? refuse_other_kinds(fd) : 0;
  if (error != 0) return failed(env, STEP_KIND, error);
  int receive_buffer = widen(fd, o[3]);
  struct reader *r = reader_new(&(struct ring_options){ .batch_count = o[4], .batch_bytes = o[5], .entries = o[6], .linger_us = o[7] });
  struct udp *u = calloc(1, sizeof *u);
  if (r == NULL || u == NULL) {
    free(u);
    if (r != NULL) reader_free(r);
    if (o[0] == 0) close(fd);
    return failed(env, STEP_THREAD, ENOMEM);
  }
  aim(u);
  r->fd = fd;
  r->own = u;
  r->fill = fill_udp;
  struct sockaddr_in6 name = { 0 }; // the port of IPv4 is at the same place
  socklen_t size = sizeof name;
  getsockname(fd, (struct sockaddr *)&name, &size);
  napi_value result = reader_start(env, r, values[2], "udp", receive_buffer);
  napi_valuetype type;
  if (result != NULL && napi_typeof(env, result, &type) == napi_ok && type == napi_object) tell_name(env, result, &name);
  return result;
}
