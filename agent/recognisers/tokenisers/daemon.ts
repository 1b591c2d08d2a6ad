// Who wrote the line, by its header: a program that shows its process id (`sshd[4711]:`) writes what others send it, such
// as user names and URLs. Kernels and appliances show none. What looks like their message inside such a line was put there.
import { ascii, isDigit, startsWith } from '../../lib/bytes.ts'
import type { Message } from '../../message.ts'
import { NO_WORD, Words } from './words.ts'

const ULOGD = ascii('ulogd')
/** Programs that write what strangers send them, and show no process id. */
const silent = new Words({ nginx: 0, httpd: 0, apache: 0, apache2: 0, haproxy: 0, squid: 0, dhcpd: 0, dnsmasq: 0, named: 0, postfix: 0 })

/** True if the header's tag is that of a program that writes what others send it; ulogd, which writes for the kernel, is none. */
export function isDaemon({ bytes, tagStart, tagEnd, end }: Message): boolean {
  if (tagEnd === tagStart || startsWith(bytes, tagStart, tagEnd, ULOGD)) return false
  const hasProcess = bytes[tagEnd] === 0x5b || (bytes[tagEnd] === 0x20 && tagEnd + 1 < end && isDigit(bytes[tagEnd + 1]))
  return hasProcess || silent.find(bytes, tagStart, tagEnd) !== NO_WORD
}
