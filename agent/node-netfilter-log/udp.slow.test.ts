import { spawnSync } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { formatAddress } from '../lib/address.ts'
import type { UdpOptions, UdpSocket } from './index.js'
import { sendDatagrams, whyNoAddon } from './test-support.ts'

const skip = whyNoAddon() ?? false
const { ENTRY_WORDS, Entry, openUdp } = skip === false ? await import('./index.js') : ({} as typeof import('./index.js'))

const ignore = () => undefined

interface Received {
  readonly text: string
  readonly length: number
  readonly peer: string
  readonly port: number
}

/** Opens a socket that keeps what it receives. */
function listen(options: Partial<UdpOptions> = {}): { socket: UdpSocket; received: Received[] } {
  const received: Received[] = []
  const onBatch = (bytes: Uint8Array, index: Uint32Array, count: number) => {
    for (let i = 0; i < count; i++) {
      const at = i * ENTRY_WORDS
      const start = index[at + Entry.offset]
      const length = index[at + Entry.length]
      const text = Buffer.from(bytes.subarray(start, start + length)).toString('latin1')
      received.push({ text, length, peer: formatAddress(index, at + Entry.address), port: index[at + Entry.port] })
    }
  }
  const place = options.fd === undefined ? { address: '127.0.0.1', port: 0 } : {}
  return { socket: openUdp({ ...place, onBatch, ...options }), received }
}

async function untilTrue(is: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !is(); i++) await sleep(10)
}

async function send(sender: Socket, port: number, host: string, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    const { promise, resolve } = Promise.withResolvers<void>()
    sender.send(Buffer.from(text, 'latin1'), port, host, () => resolve())
    await promise
  }
}

t.test('delivers each datagram whole, in order, with its sender', { skip }, async test => {
  const { socket, received } = listen({ address: '::' })
  const sizes = [0, 1, 2047, 2048, 2049, 9000, 65507, 3, 65507, 65507, 65507, 65507, 65507, 65507, 65507, 65507, 65507, 5]
  const texts = sizes.map((size, i) => Buffer.alloc(size, 97 + i).toString('latin1'))
  const sender = createSocket('udp4')
  await send(sender, socket.port, '127.0.0.1', ...texts)
  const { port } = sender.address()
  const six = createSocket('udp6')
  await send(six, socket.port, '::1', 'six')
  await untilTrue(() => received.length === texts.length + 1)
  test.ok(received.length === texts.length + 1 && received.slice(0, -1).every(({ text }, i) => text === texts[i]))
  test.ok(received.slice(0, -1).every(one => one.peer === '127.0.0.1' && one.port === port))
  test.match(received.at(-1), { text: 'six', peer: '::1', port: six.address().port })
  test.match(socket.statistics(), { datagrams: texts.length + 1, kernelDrops: 0, truncated: 0 })
  sender.close()
  six.close()
  await socket.close()
})

t.test('what waits in the socket is handed up before it closes', { skip }, async test => {
  const { socket, received } = listen({ lingerMicroseconds: 100_000 })
  await sendDatagrams('127.0.0.1', socket.port, 20_000)
  await socket.close(2000)
  test.equal(received.length + (socket.statistics().kernelDrops ?? 0), 20_000)
  test.ok(received.every(({ length }) => length === 250))
})

for (const receiveBufferBytes of [16 * 1024 * 1024, 65_536])
  t.test(`a thousand a second wake JavaScript seldom, with a buffer of ${receiveBufferBytes}`, { skip }, async test => {
    const { socket, received } = listen({ receiveBufferBytes })
    await sendDatagrams('127.0.0.1', socket.port, 2000, 1000)
    await untilTrue(() => received.length === 2000)
    const { batches, kernelDrops } = socket.statistics()
    test.match({ received: received.length, kernelDrops }, { received: 2000, kernelDrops: 0 })
    // every 40 ms; a machine that is busy makes them fewer, never more
    test.ok(batches <= 60, `${batches} times`)
    await socket.close()
  })

t.test('a burst that comes while little comes is not lost, as large as the buffer takes', { skip }, async test => {
  for (const asked of [16 * 1024 * 1024, 65_536]) {
    const { socket, received } = listen({ receiveBufferBytes: asked, buffers: 48, bufferBytes: 128 * 1024, entries: 1024 })
    const burst = Math.floor(socket.receiveBufferBytes / 1300 / 2)
    const trickle = sendDatagrams('127.0.0.1', socket.port, 1000, 1000)
    await untilTrue(() => received.length > 200)
    await sendDatagrams('127.0.0.1', socket.port, burst)
    await trickle
    await untilTrue(() => received.length >= 1000 + burst)
    test.match({ received: received.length, lost: socket.statistics().kernelDrops }, { received: 1000 + burst, lost: 0 })
    await socket.close()
  }
})

t.test('closing does not wait for what is held back', { skip }, async test => {
  const took: number[] = []
  for (let i = 0; i < 5; i++) {
    const { socket, received } = listen({ lingerMicroseconds: 100_000 })
    await sendDatagrams('127.0.0.1', socket.port, 1)
    const began = performance.now()
    await socket.close(1000)
    took.push(performance.now() - began)
    test.equal(received.length, 1)
  }
  // the machine may be busy, but not each time
  test.ok(Math.min(...took) < 50, took.join())
})

t.test('while JavaScript is busy the kernel drops and counts, and nothing goes missing', { skip }, async test => {
  let count = 0
  const onBatch = (_bytes: Uint8Array, _index: Uint32Array, datagrams: number) => {
    count += datagrams
    for (const until = performance.now() + 20; performance.now() < until; );
  }
  const { socket } = listen({ onBatch, receiveBufferBytes: 65_536, buffers: 2, bufferBytes: 65_536, entries: 100 })
  await sendDatagrams('127.0.0.1', socket.port, 50_000)
  await socket.close(60_000)
  const { kernelDrops, datagrams, waits } = socket.statistics()
  test.equal(datagrams, count)
  test.ok(kernelDrops !== null && kernelDrops > 0)
  test.equal(count + (kernelDrops ?? 0), 50_000)
  test.ok(waits > 0)
})

t.test('what was received is handed up, however short the time to close', { skip }, async test => {
  let count = 0
  const onBatch = (_bytes: Uint8Array, _index: Uint32Array, datagrams: number) => {
    count += datagrams
    for (const until = performance.now() + 5; performance.now() < until; );
  }
  const { socket } = listen({ onBatch, buffers: 2, entries: 100 })
  await sendDatagrams('127.0.0.1', socket.port, 5000)
  await socket.close(0)
  const { datagrams } = socket.statistics()
  test.ok(count < 5000, 'there was no time for all')
  test.equal(count, datagrams)
})

t.test('takes over a socket that someone else bound, and no other kind', { skip }, async test => {
  const other = createSocket('udp4').bind(0, '127.0.0.1')
  await once(other, 'listening')
  test.throws(() => openUdp({ address: '127.0.0.1', port: other.address().port, onBatch: ignore }), { code: 'EADDRINUSE' })
  test.throws(() => openUdp({ address: '192.0.2.1', port: 0, onBatch: ignore }), { code: 'EADDRNOTAVAIL' })
  test.throws(() => openUdp({ address: 'localhost', port: 0, onBatch: ignore }), { code: 'EINVAL' })
  test.throws(() => openUdp({ fd: 1_000_000, onBatch: ignore }), { code: 'EBADF' })
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const fd = Number(Reflect.get(Reflect.get(server, '_handle'), 'fd'))
  test.throws(() => openUdp({ fd, onBatch: ignore }), { code: 'EPROTOTYPE' })
  test.ok(server.listening, 'and leaves it as it was')
  server.close()
  other.close()
})

t.test('an error of the caller costs one batch', { skip }, async test => {
  const caught: unknown[] = []
  let calls = 0
  const onBatch = () => {
    if (calls++ === 0) throw new Error('of the caller')
  }
  const { socket } = listen({ onBatch })
  const previous = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.once('uncaughtException', error => caught.push(error))
  const sender = createSocket('udp4')
  await send(sender, socket.port, '127.0.0.1', 'one')
  await untilTrue(() => caught.length > 0)
  for (const listener of previous) process.on('uncaughtException', listener)
  await send(sender, socket.port, '127.0.0.1', 'two')
  await untilTrue(() => calls === 2)
  test.match(caught, [{ message: 'of the caller' }])
  test.equal(calls, 2)
  sender.close()
  await socket.close()
})

t.test('buffers that a caller kept, or took away, are no danger to the process', { skip }, async test => {
  const kept: Uint8Array[] = []
  const onBatch = (bytes: Uint8Array<ArrayBuffer>) => {
    kept.push(bytes)
    try {
      structuredClone(bytes, { transfer: [bytes.buffer] })
    } catch (error) {
      test.match(error, { name: 'DataCloneError' })
    }
  }
  const { socket } = listen({ onBatch: onBatch as UdpOptions['onBatch'] })
  await sendDatagrams('127.0.0.1', socket.port, 1000)
  await socket.close(100)
  test.ok(kept.length > 0)
  test.doesNotThrow(() => kept.map(bytes => bytes.fill(1)))
})

t.test('closing twice, and statistics of what is closed, are fine', { skip }, async test => {
  const { socket } = listen()
  await Promise.all([socket.close(), socket.close(10)])
  await socket.close()
  test.match(socket.statistics(), { datagrams: 0, kernelDrops: 0 })
  test.throws(() => socket.close(-1), { code: 'ERR_OUT_OF_RANGE' })
})

t.test('a thread or process that ends with open sockets ends cleanly', { skip }, async test => {
  const program = `import(${JSON.stringify(new URL('./index.js', import.meta.url).href)}).then(({ openUdp }) => {
    for (let i = 0; i < 4; i++) openUdp({ address: '127.0.0.1', port: 0, onBatch: () => {} })
    SAY
  })`
  const worker = new Worker(program.replace('SAY', `require('node:worker_threads').parentPort.postMessage('open')`), { eval: true })
  await once(worker, 'message')
  test.equal(await worker.terminate(), 1)
  const child = spawnSync(process.execPath, ['--eval', program.replace('SAY', 'process.exit(7)')])
  test.equal(child.status, 7)
  test.equal(child.stderr.toString(), '')
})

t.test('the raw addon refuses what only a mistake of ours could give it', { skip }, async test => {
  const { createRequire } = await import('node:module')
  const native = createRequire(import.meta.url)('./build/nflog.node')
  const wrong = { code: /ERR_/ }
  for (const name of ['next', 'stop', 'destroy', 'statistics', 'openUdp', 'openNflog'])
    for (const values of [
      [],
      [{}],
      [null, 1],
      [new Uint32Array(3), '', ignore],
      [new Uint32Array(8), 5, 5],
      [new Uint32Array(10), new Uint32Array(32), 5],
    ])
      test.throws(() => native[name](...values), wrong, name)
  const words = Uint32Array.of(0, 0, 0, 4096, 2, 65536, 10, 0)
  test.throws(() => native.openUdp(words, '127.0.0.1', 'no function'), wrong)
})
