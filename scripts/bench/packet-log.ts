// A network namespace in which a rule logs packets and drops them. It ends with the process that holds it.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rememberProcess } from './unfinished.ts'

export const GROUP = 5
const HOLD_SECONDS = 3600

/** Every address is local, so that the sender can use any source address; to the rule the packets come from outside. */
const setUp = `
set -e
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
nft -f - <<'RULES'
table inet bench {
  counter logged { }
  chain input {
    type filter hook input priority 0; policy accept;
    ip saddr != 127.0.0.0/8 udp dport 1-65535 counter name logged log prefix "DROP input: " group ${GROUP} snaplen 64 drop
  }
}
RULES
echo ready
exec sleep ${HOLD_SECONDS}`

export interface PacketLog {
  /** Runs a command in the namespace: put it before the command. */
  readonly inside: readonly string[]
  /** Packets that the rule logged so far. */
  logged(): number
  close(): Promise<void>
}

/**
 * As root the namespace is one of the real root, which may request large receive buffers (SO_RCVBUFFORCE, socket(7)); anybody
 * else gets one with a root of its own, where net.core.rmem_max is the limit.
 */
const isRoot = process.getuid?.() === 0

export async function openPacketLog(): Promise<PacketLog> {
  const holder = spawn('unshare', [isRoot ? '-n' : '-rn', 'bash', '-c', setUp], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(holder, 'close')
  holder.once('close', rememberProcess(holder.pid))
  const isReady = await Promise.race([once(holder.stdout, 'data').then(() => true), closed.then(() => false)])
  if (!isReady) throw new Error('no network namespace with rules can be made here')
  const inside = ['nsenter', '-t', String(holder.pid), '-n', ...(isRoot ? [] : ['-U', '--preserve-credentials'])]
  return {
    inside,
    logged: () => {
      const [command, ...args] = inside
      const listed = execFileSync(command, [...args, 'nft', 'list', 'counters'], { encoding: 'utf8' })
      return Number(/packets (\d+)/.exec(listed)?.[1] ?? Number.NaN)
    },
    close: async () => {
      holder.kill('SIGKILL')
      await closed
    },
  }
}
