// Sends Ethernet frames as they are: test-raw-frames INTERFACE, one frame a line on standard input, in hexadecimal.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **words) {
  struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_halen = 6 };
  if (count != 2 || (to.sll_ifindex = (int)if_nametoindex(words[1])) == 0) return 2;
  int out = socket(AF_PACKET, SOCK_RAW, 0);
  if (out < 0) return perror("socket"), 1;
  unsigned char frame[1514];
  size_t length = 0;
  unsigned byte;
  for (int next = getchar(); next != EOF; next = getchar()) {
    if (next == '\n') {
      if (sendto(out, frame, length, 0, (struct sockaddr *)&to, sizeof to) != (ssize_t)length) return perror("sendto"), 1;
      length = 0;
    } else {
      ungetc(next, stdin);
      if (length == sizeof frame || scanf("%2x", &byte) != 1) return 2;
      frame[length++] = (unsigned char)byte;
    }
  }
  return close(out);
}
