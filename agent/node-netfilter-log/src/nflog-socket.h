// A netlink socket that listens to groups of the kernel's packet log (linux/netfilter/nfnetlink_log.h). It needs nothing of
// Node.js: both the addon and appliance/open-nflog are built from it, so that the socket is the same whoever opens it.
#pragma once
#include <stdint.h>

#define NFLOG_GROUPS_MAX 32

// How far an open got, for the message of its error. Same order as `steps` in index.js.
enum step { STEP_SOCKET, STEP_OPTION, STEP_BIND, STEP_CONFIGURE, STEP_KIND, STEP_THREAD };

// What every group is set to.
struct nflog_settings {
  uint32_t copy_range, queue_threshold, timeout_centiseconds, kernel_buffer;
};

// Sets SO_RCVBUF as near to `bytes` as allowed, keeping what is larger; returns the real size, or -1 with errno.
int widen(int fd, uint32_t bytes);

// A socket that is bound and widened but listens to no group yet, or a negative errno and the step it got to.
int nflog_open(uint32_t receive_buffer, int *real, enum step *step);
// Asks the kernel to log a group to this socket: 0, or a negative errno if that could not be sent. Its answer, an NLMSG_ERROR
// with the nlmsg_seq *number, comes to the socket. It is -EPERM without CAP_NET_ADMIN, and if another socket has the group.
int nflog_bind_group(int fd, uint32_t group, const struct nflog_settings *settings, uint32_t *number);
// Sends a request that the kernel does not support; without CAP_NET_ADMIN it answers -EPERM. Answered in the same way.
int nflog_send_unsupported(int fd, uint32_t *number);
// Asks the kernel to send what it had collected for a group, and no more; closing the socket would make it throw that away.
void nflog_unbind_group(int fd, uint32_t group);
// 0 if the descriptor is a bound socket of netlink's for netfilter, or an errno.
int nflog_refuse_other_kinds(int fd);
