// Sockets that outlive the agent, as systemd holds them: a shell has them open, reads from none, and starts one agent after another.
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Teardown } from './never-reads.ts'

const main = join(import.meta.dirname, '../main.ts')
/** LISTEN_PID is the agent's own, which only its own process knows before it is one. */
const agent = 'export LISTEN_PID=$$; echo "pid $$"; exec "$@" </dev/null'
const holder = `while read -r go; do sh -c '${agent}' sh "$@"; echo ended; done`

const openSockets = (): number[] =>
  readdirSync('/proc/self/fd')
    .map(Number)
    .filter(fd => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
      } catch {
        return false // the folder itself, which was open while it was listed
      }
    })

/** The file descriptor that `open` brings into being. */
export async function descriptorOf(open: () => Promise<unknown>): Promise<number> {
  const before = new Set(openSockets())
  await open()
  const added = openSockets().filter(fd => !before.has(fd))
  if (added.length !== 1) throw new Error(`${added.length} sockets were opened`)
  return added[0]
}

export interface HeldSockets {
  readonly udpPort: number
  readonly tcpPort: number
  /** Starts an agent on them; gives its process id when it listens. */
  start(): Promise<number>
  /** Sends it a signal, and waits for its end. */
  end(signal: NodeJS.Signals): Promise<void>
}

export async function holdSockets(t: Teardown, root: string): Promise<HeldSockets> {
  const server = createServer()
  const socket = createSocket('udp4')
  const tcp = await descriptorOf(async () => once(server.listen(0, '127.0.0.1'), 'listening'))
  const udp = await descriptorOf(async () => once(socket.bind(0, '127.0.0.1'), 'listening'))
  const { port: tcpPort } = server.address() as AddressInfo
  const { port: udpPort } = socket.address()
  const { NODE_OPTIONS: _, ...environment } = process.env
  const child = spawn('sh', ['-c', holder, 'holder', process.execPath, main, 'run', '--json', '--root', root], {
    env: { ...environment, LISTEN_FDS: '2', LISTEN_FDNAMES: 'udp:tcp' },
    stdio: ['pipe', 'pipe', 'inherit', udp, tcp],
  })
  // Node.js reads from every socket it has open
  socket.close()
  server.close()
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error('no pipes')
  const lines = createInterface(stdout)[Symbol.asyncIterator]()
  const line = async () => String((await lines.next()).value)
  let running = 0
  t.teardown(async () => {
    if (running > 0) process.kill(running, 'SIGKILL')
    stdin.end()
    await once(child, 'exit')
  })
  return {
    udpPort,
    tcpPort,
    start: async () => {
      stdin.write('go\n')
      running = Number((await line()).replace('pid ', ''))
      await line() // its status
      return running
    },
    end: async signal => {
      process.kill(running, signal)
      running = 0
      while ((await line()) !== 'ended');
    },
  }
}
