// A network namespace of a test's own, with rules of nftables in it. It goes with the process that holds it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const HOLD_SECONDS = 7200

export interface Namespace {
  /** Put before a command, it runs the command in there. */
  readonly inside: readonly string[]
  close(): Promise<void>
}

/** `addresses` are this machine's in there; `rules` are what `nft -f -` reads. */
export async function openNamespace(addresses: readonly string[], rules: string): Promise<Namespace> {
  const setUp = [
    'set -e',
    'ip link set lo up',
    ...addresses.map(address => `ip address add ${address} dev lo`),
    `nft -f - <<'RULES'\n${rules}\nRULES`,
    'echo ready',
    `exec sleep ${HOLD_SECONDS}`,
  ]
  const holder = spawn('unshare', ['-rn', 'bash', '-c', setUp.join('\n')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(holder, 'close')
  const isReady = await Promise.race([once(holder.stdout, 'data').then(() => true), closed.then(() => false)])
  if (!isReady) throw new Error('the network namespace could not be set up')
  return {
    inside: ['nsenter', '-t', String(holder.pid), '-U', '-n', '--preserve-credentials'],
    close: async () => {
      holder.kill('SIGKILL')
      await closed
    },
  }
}
