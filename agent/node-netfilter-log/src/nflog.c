// A netlink socket that listens to groups of the kernel's packet log (linux/netfilter/nfnetlink_log.h).
// PF_BIND and PF_UNBIND are not sent: since Linux 3.10 a rule that names a group finds it by itself, and these commands
// would change for the whole network namespace who logs what no rule asked for.
#define _GNU_SOURCE
#include "reader.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUPS_MAX 32
#define MESSAGE_MAX (160 * 1024) // more than one netlink message: buffers of 128 KiB are the most that the kernel makes
#define ANSWER_SECONDS 2

struct nflog {
  uint32_t group_count;
  uint32_t groups[GROUPS_MAX];
};

struct request {
  struct nlmsghdr header;
  struct nfgenmsg family;
  uint8_t attributes[96];
};

static void put(struct request *q, uint16_t type, const void *value, uint16_t length) {
  struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type };
  uint8_t *at = (uint8_t *)q + q->header.nlmsg_len;
  memcpy(at, &head, sizeof head);
  memcpy(at + NLA_HDRLEN, value, length);
  q->header.nlmsg_len += NLA_ALIGN(head.nla_len);
}

static void put32(struct request *q, uint16_t type, uint32_t value) {
  value = htonl(value);
  put(q, type, &value, sizeof value);
}

static struct request request(uint32_t group, uint8_t command) {
  struct request q = {
    .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)), .nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG,
                .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = group + 1 },
    .family = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons((uint16_t)group) },
  };
  put(&q, NFULA_CFG_CMD, &(struct nfulnl_msg_config_cmd){ .command = command }, sizeof(struct nfulnl_msg_config_cmd));
  return q;
}

static int say(int fd, const struct request *q) {
  struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
  return sendto(fd, q, q->header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0 ? -errno : 0;
}

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

// Groups with what every one of them is set to: [copyRange, queueThreshold, timeoutCentiseconds, kernelBuffer]
static int configure(struct reader *r, const struct nflog *n, const uint32_t *set) {
  struct nfulnl_msg_config_mode mode = { .copy_range = htonl(set[0]), .copy_mode = set[0] == 0 ? NFULNL_COPY_META : NFULNL_COPY_PACKET };
  uint16_t flags = htons(NFULNL_CFG_F_SEQ);
  for (uint32_t i = 0; i < n->group_count; i++) {
    struct request q = request(n->groups[i], NFULNL_CFG_CMD_BIND);
    q.header.nlmsg_flags |= NLM_F_ACK;
    put(&q, NFULA_CFG_MODE, &mode, sizeof mode);
    put32(&q, NFULA_CFG_QTHRESH, set[1]);
    put32(&q, NFULA_CFG_TIMEOUT, set[2]);
    put32(&q, NFULA_CFG_NLBUFSIZ, set[3]);
    put(&q, NFULA_CFG_FLAGS, &flags, sizeof flags);
    int error = say(r->fd, &q);
    if (error == 0) error = answer(r, &r->batches[0], q.header.nlmsg_seq);
    if (error < 0) return error;
  }
  return 0;
}

// Unbinding makes the kernel send what it had collected; closing the socket would make it throw that away.
static void quiesce_nflog(struct reader *r) {
  const struct nflog *n = r->own;
  for (uint32_t i = 0; i < n->group_count; i++) {
    struct request q = request(n->groups[i], NFULNL_CFG_CMD_UNBIND);
    say(r->fd, &q);
  }
}

static int open_socket(struct reader *r, uint32_t receive_buffer, int *real, enum step *step) {
  struct sockaddr_nl self = { .nl_family = AF_NETLINK };
  struct timeval patience = { .tv_sec = ANSWER_SECONDS };
  int off = 0;
  *step = STEP_SOCKET;
  r->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (r->fd < 0) return -errno;
  *step = STEP_OPTION;
  *real = widen(r->fd, receive_buffer);
  // overruns are to be told (netlink(7)): off is the default, and is meant
  if (*real < 0 || setsockopt(r->fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &off, sizeof off) < 0 ||
      setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0)
    return -errno;
  *step = STEP_BIND;
  return bind(r->fd, (struct sockaddr *)&self, sizeof self) < 0 ? -errno : 0;
}

// openNflog(Uint32Array [copyRange, queueThreshold, timeoutCentiseconds, kernelBuffer, receiveBuffer, batches, batchBytes,
// lingerUs, groupCount], Uint32Array groups(32), onReady)
napi_value open_nflog(napi_env env, napi_callback_info info) {
  napi_value values[3];
  size_t given = 3;
  const uint32_t *o, *groups;
  napi_get_cb_info(env, info, &given, values, NULL, NULL);
  if (!words_argument(env, values[0], 9, &o) || !words_argument(env, values[1], GROUPS_MAX, &groups)) return NULL;
  if (o[5] < 2 || o[5] > BATCHES_MAX || o[6] < 2 * MESSAGE_MAX || o[6] > 1u << 26 || o[6] % 4 != 0 || o[8] < 1 || o[8] > GROUPS_MAX) {
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
  r->quiesce = quiesce_nflog;
  enum step step;
  int real = 0, error = open_socket(r, o[4], &real, &step);
  if (error == 0) {
    step = STEP_CONFIGURE;
    error = configure(r, n, o);
  }
  if (error < 0) {
    reader_free(r);
    return failed(env, step, -error);
  }
  return reader_start(env, r, values[2], "nflog", real);
}
