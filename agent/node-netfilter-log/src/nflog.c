// What the addon does with a socket of nflog-socket.c: opens one or takes over one that is bound, receives from it, ends it.
#define _GNU_SOURCE
#include "reader.h"
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_MAX (160 * 1024) // more than one netlink message: buffers of 128 KiB are the most that the kernel makes

struct nflog {
  uint32_t group_count;
  uint32_t groups[NFLOG_GROUPS_MAX];
};

// One datagram to the end of the batch: its length, 0 if it was none to keep, or a negative errno.
static ssize_t receive(struct reader *r, struct batch *b, int flags) {
  struct sockaddr_nl from = { 0 };
  struct iovec piece = { b->bytes + b->used, r->batch_bytes - b->used };
  struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &piece, .msg_iovlen = 1 };
  ssize_t length = recvmsg(r->fd, &message, flags);
  if (length < 0) {
    if (errno == ENOBUFS) count(r, OVERRUNS, 1); // netlink(7): something was lost before what comes next
    return errno == ENOBUFS || errno == EINTR ? 0 : -errno;
  }
  if (from.nl_pid != 0) count(r, FOREIGN, 1); // another process, not the kernel, wrote to us
  else if (message.msg_flags & MSG_TRUNC) count(r, TRUNCATED, 1);
  else return length;
  return 0;
}

static void keep(struct reader *r, struct batch *b, ssize_t length) {
  b->used += NLMSG_ALIGN((uint32_t)length);
  b->count++;
  count(r, DATAGRAMS, 1);
  count(r, BYTES, (uint64_t)length);
}

static int fill_nflog(struct reader *r, struct batch *b) {
  for (;;) {
    if (r->is_over) return DRAINED;
    if (r->batch_bytes - b->used < MESSAGE_MAX) return FULL;
    ssize_t length = receive(r, b, MSG_DONTWAIT);
    if (length > 0) keep(r, b, length);
    else if (length == -EAGAIN || length == -ENOMEM) return DRAINED;
    else if (length < 0) return (int)length;
  }
}

// Waits for the kernel's answer to the request with this number. Packets that come before it are kept in the batch.
static int answer(struct reader *r, struct batch *b, uint32_t number) {
  for (;;) {
    ssize_t length = receive(r, b, 0); // with SO_RCVTIMEO
    if (length < 0) return length == -EAGAIN ? -ETIMEDOUT : (int)length;
    const struct nlmsghdr *header = (const struct nlmsghdr *)(b->bytes + b->used);
    if (length >= NLMSG_LENGTH((ssize_t)sizeof(struct nlmsgerr)) && header->nlmsg_type == NLMSG_ERROR) {
      if (header->nlmsg_seq == number) return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
    } else if (length > 0 && r->batch_bytes - b->used >= 2 * MESSAGE_MAX) keep(r, b, length);
    else if (length > 0) count(r, TRUNCATED, 1);
  }
}

static int listen_to_groups(struct reader *r, const struct nflog *n, const struct nflog_settings *settings) {
  for (uint32_t i = 0; i < n->group_count; i++) {
    uint32_t number;
    int error = nflog_bind_group(r->fd, n->groups[i], settings, &number);
    if (error == 0) error = answer(r, &r->batches[0], number);
    if (error < 0) return error;
  }
  return 0;
}

static void quiesce_nflog(struct reader *r) {
  const struct nflog *n = r->own;
  for (uint32_t i = 0; i < n->group_count; i++) nflog_unbind_group(r->fd, n->groups[i]);
}

static int open_own(struct reader *r, const struct nflog *n, const uint32_t *o, int *real, enum step *step) {
  int fd = nflog_open(o[4], real, step);
  if (fd < 0) return fd;
  r->fd = fd;
  r->quiesce = quiesce_nflog;
  *step = STEP_CONFIGURE;
  return listen_to_groups(r, n, &(struct nflog_settings){ o[0], o[1], o[2], o[3] });
}

// Nothing is configured: all of it was by whoever opened the socket, and would take CAP_NET_ADMIN. Nor are the groups
// unbound at the end: what comes after us waits in the socket for whom it is handed to next.
static int take_over(struct reader *r, int fd, int *real, enum step *step) {
  *step = STEP_KIND;
  int error = nflog_refuse_other_kinds(fd);
  if (error != 0) return -error; // and the descriptor stays the caller's
  r->fd = fd;
  *real = widen(fd, 0);
  return *real < 0 ? -errno : 0;
}

// openNflog(Uint32Array [copyRange, queueThreshold, timeoutCentiseconds, kernelBuffer, receiveBuffer, batches, batchBytes,
// lingerUs, groupCount, fd + 1 or 0], Uint32Array groups(32), onReady)
napi_value open_nflog(napi_env env, napi_callback_info info) {
  napi_value values[3];
  size_t given = 3;
  const uint32_t *o, *groups;
  napi_get_cb_info(env, info, &given, values, NULL, NULL);
  if (!words_argument(env, values[0], 10, &o) || !words_argument(env, values[1], NFLOG_GROUPS_MAX, &groups)) return NULL;
  if (o[5] < 2 || o[5] > BATCHES_MAX || o[6] < 2 * MESSAGE_MAX || o[6] > 1u << 26 || o[6] % 4 != 0 || o[8] < 1 || o[8] > NFLOG_GROUPS_MAX) {
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "an option is out of range");
    return NULL;
  }
  struct reader *r = reader_new(&(struct ring_options){ .batch_count = o[5], .batch_bytes = o[6], .entries = 0, .linger_us = o[7] });
  struct nflog *n = calloc(1, sizeof *n);
  if (r == NULL || n == NULL) {
    free(n);
    if (r != NULL) reader_free(r);
    return failed(env, STEP_THREAD, ENOMEM);
  }
  n->group_count = o[8];
  memcpy(n->groups, groups, sizeof n->groups);
  r->own = n;
  r->fill = fill_nflog;
  enum step step;
  int real = 0, error = o[9] > 0 ? take_over(r, (int)(o[9] - 1), &real, &step) : open_own(r, n, o, &real, &step);
  if (error < 0) {
    reader_free(r);
    return failed(env, step, -error);
  }
  return reader_start(env, r, values[2], "nflog", real);
}
