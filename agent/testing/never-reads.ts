// A firewall that sends over TCP and never reads: it does not see that its connection was closed until it is refused a write.
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Teardown {
  teardown(done: () => unknown): unknown
}

export class NeverReads {
  /** Lines that the kernel took. */
  accepted = 0
  connections = 0
  readonly lineBytes: number
  private readonly port: number
  private readonly paceMs: number
  private isSending = true
  private readonly ended: Promise<void>

  constructor(t: Teardown, port: number, paceMs: number, lineBytes = 60) {
    this.port = port
    this.paceMs = paceMs
    this.lineBytes = lineBytes
    this.ended = this.run()
    t.teardown(() => this.stop())
  }

  /** Closes after the last line, which the agent then has. */
  async stop(): Promise<void> {
    this.isSending = false
    await this.ended
  }

  private async run(): Promise<void> {
    while (this.isSending) {
      const socket = await this.connect()
      if (socket === undefined) continue
      this.connections++
      while (this.isSending && (await this.write(socket))) await sleep(this.paceMs)
      if (this.isSending) socket.destroy()
      else await new Promise<void>(resolve => socket.end(resolve))
    }
  }

  private async connect(): Promise<Socket | undefined> {
    const socket = new Socket()
    socket.on('error', () => socket.destroy())
    socket.pause() // before it is connected: then Node.js does not read
    socket.setNoDelay(true)
    socket.connect(this.port, '127.0.0.1')
    await new Promise<void>(resolve => socket.once('connect', resolve).once('close', resolve))
    if (!socket.destroyed) return socket
    await sleep(20)
    return undefined
  }

  /** A line that was refused is sent again over the next connection. */
  private async write(socket: Socket): Promise<boolean> {
    const text = `<13>line ${this.accepted} `
    const isTaken = await new Promise<boolean>(resolve => {
      socket.write(`${text.padEnd(this.lineBytes - 1, '.')}\n`, error => resolve(error === null || error === undefined))
    })
    if (isTaken) this.accepted++
    return isTaken
  }
}
