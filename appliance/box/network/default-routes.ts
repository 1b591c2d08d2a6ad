// Which families of addresses have a way out, from the kernel's own tables (proc_net_route.txt of Linux, net/ipv6/route.c). Pure.

/** RTF_UP and RTF_REJECT of <linux/route.h>: a route that is used, and one that only says no. */
const UP = 0x1
const REJECT = 0x200

const isUsed = (flags: string): boolean => (Number.parseInt(flags, 16) & (UP | REJECT)) === UP

/** `four` is the text of /proc/net/route, `six` that of /proc/net/ipv6_route. */
export function defaultRoutes(four: string, six: string): (4 | 6)[] {
  const rows = (text: string) => text.split('\n').map(line => line.trim().split(/\s+/))
  const hasFour = rows(four).some(([, to, , flags, , , , mask]) => to === '00000000' && mask === '00000000' && isUsed(flags))
  const hasSix = rows(six).some(
    ([to, length, , , , , , , flags, card]) => /^0{32}$/.test(to) && length === '00' && card !== 'lo' && isUsed(flags),
  )
  return [...(hasFour ? [4 as const] : []), ...(hasSix ? [6 as const] : [])]
}
