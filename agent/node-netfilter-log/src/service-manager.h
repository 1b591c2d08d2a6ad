// How a program of a unit notifies systemd, without its library (sd_notify(3)): a datagram to the socket in NOTIFY_SOCKET,
// which is named by a path, or without one by `@` and a name.
#pragma once

// Sends `text`, with a descriptor if that is not -1: 0 or an errno, EDESTADDRREQ where no systemd listens, EAGAIN after 5 s.
int notify(const char *text, int descriptor);
// Waits until systemd has read every earlier notification (sd_notify_barrier(3)): systemd then closes the descriptor it gets. 0 or an
// errno, ETIMEDOUT after 5 s.
int barrier(void);
