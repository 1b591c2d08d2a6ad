// PF_BIND and PF_UNBIND are not sent: since Linux 3.10 a rule that names a group finds it by itself, and these commands
// would change for the whole network namespace which program logs packets that no rule asked for.
#define _GNU_SOURCE
#include "nflog-socket.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_SECONDS 2

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

static int send_request(int fd, const struct request *q) {
  struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
  return sendto(fd, q, q->header.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0 ? -errno : 0;
}

int nflog_bind_group(int fd, uint32_t group, const struct nflog_settings *settings, uint32_t *number) {
  uint32_t range = settings->copy_range;
  struct nfulnl_msg_config_mode mode = { .copy_range = htonl(range), .copy_mode = range == 0 ? NFULNL_COPY_META : NFULNL_COPY_PACKET };
  uint16_t numbered = htons(NFULNL_CFG_F_SEQ);
  struct request q = request(group, NFULNL_CFG_CMD_BIND);
  q.header.nlmsg_flags |= NLM_F_ACK;
  put(&q, NFULA_CFG_MODE, &mode, sizeof mode);
  put32(&q, NFULA_CFG_QTHRESH, settings->queue_threshold);
  put32(&q, NFULA_CFG_TIMEOUT, settings->timeout_centiseconds);
  put32(&q, NFULA_CFG_NLBUFSIZ, settings->kernel_buffer);
  put(&q, NFULA_CFG_FLAGS, &numbered, sizeof numbered);
  *number = q.header.nlmsg_seq;
  return send_request(fd, &q);
}

int nflog_send_unsupported(int fd, uint32_t *number) {
  struct request q = request(0, NFULNL_CFG_CMD_NONE);
  q.header.nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET; // packets come from the kernel only: nfulnl_recv_unsupp
  *number = q.header.nlmsg_seq;
  return send_request(fd, &q);
}

void nflog_unbind_group(int fd, uint32_t group) {
  struct request q = request(group, NFULNL_CFG_CMD_UNBIND);
  send_request(fd, &q);
}

static int open_widened(int fd, uint32_t receive_buffer, int *real, enum step *step) {
  struct sockaddr_nl self = { .nl_family = AF_NETLINK };
  struct timeval patience = { .tv_sec = ANSWER_SECONDS };
  int off = 0;
  *step = STEP_OPTION;
  *real = widen(fd, receive_buffer);
  // overruns have to be reported (netlink(7)): off is the default, stated on purpose
  if (*real < 0 || setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &off, sizeof off) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0)
    return -errno;
  *step = STEP_BIND;
  return bind(fd, (struct sockaddr *)&self, sizeof self) < 0 ? -errno : 0;
}

int nflog_open(uint32_t receive_buffer, int *real, enum step *step) {
  *step = STEP_SOCKET;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (fd < 0) return -errno;
  int error = open_widened(fd, receive_buffer, real, step);
  if (error == 0) return fd;
  close(fd);
  return error;
}

int nflog_refuse_other_kinds(int fd) {
  struct sockaddr_nl self = { 0 };
  int family = 0, protocol = 0;
  socklen_t length = sizeof(int), size = sizeof self;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) < 0 || getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) < 0)
    return errno;
  if (family != AF_NETLINK || protocol != NETLINK_NETFILTER) return EPROTOTYPE;
  if (getsockname(fd, (struct sockaddr *)&self, &size) < 0) return errno;
  return self.nl_pid == 0 ? EDESTADDRREQ : 0; // never bound: no group can have it as its listener
}

// What anyone may ask for: net.core.rmem_max at the most, and twice that is given (socket(7)).
static int attainable(int requested) {
  int given = 0, probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  socklen_t length = sizeof given;
  if (probe < 0) return 0;
  setsockopt(probe, SOL_SOCKET, SO_RCVBUF, &requested, sizeof requested);
  getsockopt(probe, SOL_SOCKET, SO_RCVBUF, &given, &length);
  close(probe);
  return given;
}

int widen(int fd, uint32_t bytes) {
  int now = 0, requested = bytes > INT32_MAX / 2 ? INT32_MAX / 2 : (int)bytes;
  socklen_t length = sizeof now;
  if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &now, &length) < 0) return -1;
  // FORCE passes net.core.rmem_max and needs CAP_NET_ADMIN. Without it a socket that systemd has widened (ReceiveBuffer=)
  // would be made narrow again by asking for more.
  if (now / 2 < requested && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &requested, sizeof requested) < 0 && attainable(requested) > now)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &requested, sizeof requested);
  return getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &now, &length) < 0 ? -1 : now;
}
