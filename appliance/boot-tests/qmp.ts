// QEMU's machine protocol: one JSON object a line (docs/interop/qmp-spec.txt of QEMU).
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

export interface Qmp {
  ask(command: string, words?: object): Promise<unknown>
  close(): void
}

interface Answer {
  readonly return?: unknown
  readonly error?: { readonly desc: string }
  readonly event?: string
}

export async function connectQmp(path: string): Promise<Qmp> {
  const socket = connect(path)
  await once(socket, 'connect')
  const waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = []
  socket.on('error', () => undefined)
  socket.on('close', () => {
    for (const one of waiting.splice(0)) one.reject(new Error('QEMU has ended'))
  })
  createInterface(socket).on('line', line => {
    const answer = JSON.parse(line) as Answer
    if (!('return' in answer) && answer.error === undefined) return // its greeting, or an event
    const one = waiting.shift()
    if (answer.error === undefined) one?.resolve(answer.return)
    else one?.reject(new Error(answer.error.desc))
  })
  const ask = (execute: string, words: object = {}) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.push({ resolve, reject })
      socket.write(`${JSON.stringify({ execute, arguments: words })}\n`)
    })
  await ask('qmp_capabilities')
  return { ask, close: () => socket.destroy() }
}
