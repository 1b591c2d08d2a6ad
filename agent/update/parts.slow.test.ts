// Files of a release on their way from a real central: whole or not there, whatever the server, the line or the disk does.
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { openStages } from '../testing/update-stage.ts'
import { openCentral } from '../uplink/pinned-client.ts'
import type { Answer, Ask, Fetch } from './fetch.ts'
import type { Target } from './metadata.ts'
import { loadPart, type PartOptions } from './parts.ts'

t.setTimeout(300_000)
const dir = t.testdir()
const { central, served } = await openStages(dir, t)
const client = await openCentral({ url: central.url, pins: central.pins, proxy: '' })
t.teardown(() => client.close())

interface Asked {
  readonly from: number
  readonly answer: Answer
  taken: number
}
const asked: Asked[] = []
const fetch: Fetch = async (path: string, ask: Ask) => {
  const answer = await client.get(`/v1/updates/${path}`, ask)
  const one = { from: ask.from ?? 0, answer, taken: 0 }
  asked.push(one)
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of answer.stream) {
      one.taken += chunk.length
      yield chunk
    }
  }
  return { ...answer, stream: counted(), close: () => answer.close() }
}

const SIZE = 3_000_000
let number = 0
/** A file at central, and where it shall come to. */
function offer(bytes = randomBytes(SIZE)) {
  const name = `parts/part-${number++}.img`
  const digest = createHash('sha256').update(bytes).digest('hex')
  const target: Target = { name, length: bytes.length, hash: { algorithm: 'sha256', digest } }
  const at = join(served, 'targets', 'parts', `${digest}.${name.slice(6)}`)
  mkdirSync(dirname(at), { recursive: true })
  writeFileSync(at, bytes)
  const path = join(dir, 'box', name)
  const options: PartOptions = { fetch, path, bytesPerSecond: 100_000_000, reserveBytes: 0 }
  return { target, at, bytes, path, options }
}
const left = (path: string) =>
  existsSync(dirname(path)) ? readdirSync(dirname(path)).filter(name => name.startsWith(path.slice(dirname(path).length + 1))) : []

/** Ends the download after some of it, as a line that breaks. */
async function breakOff(part: ReturnType<typeof offer>, after = 1_000_000): Promise<void> {
  const broken: Fetch = async (path, ask) => {
    const answer = await fetch(path, ask)
    async function* some(): AsyncGenerator<Uint8Array> {
      let taken = 0
      for await (const chunk of answer.stream) {
        yield chunk
        taken += chunk.length
        if (taken > after) throw new Error('the line broke')
      }
    }
    return { ...answer, stream: some(), close: () => answer.close() }
  }
  await loadPart(part.target, { ...part.options, fetch: broken }).catch(() => undefined)
}

t.test('a file comes whole, once, and at the speed that it may have', async t => {
  const part = offer()
  const began = performance.now()
  const limits = { floorBytes: 4096, floorMs: 1000, wholeMs: 1000 }
  await loadPart(part.target, { ...part.options, bytesPerSecond: 2_000_000, limits })
  t.ok(performance.now() - began > 1300, '3 MB at 2 MB a second')
  t.ok(readFileSync(part.path).equals(part.bytes))
  t.same(left(part.path), ['part-0.img'])
  const before = asked.length
  await loadPart(part.target, part.options)
  t.equal(asked.length, before, 'what is there is not asked for')
})

t.test('goes on where the line broke', async t => {
  const part = offer()
  await breakOff(part)
  t.same(left(part.path), ['part-1.img.draft', 'part-1.img.draft.etag'])
  await loadPart(part.target, part.options)
  const last = asked.at(-1)
  t.ok(last !== undefined && last.from > 500_000 && last.from + last.taken === SIZE, `from ${last?.from}`)
  t.equal(last?.answer.status, 206)
  t.ok(readFileSync(part.path).equals(part.bytes))
  t.same(left(part.path), ['part-1.img'])
})

t.test('tampered part: other bytes of the same length are never given its name', async t => {
  const part = offer()
  const other = Buffer.from(part.bytes)
  other[SIZE >> 1] ^= 1
  writeFileSync(part.at, other)
  await t.rejects(loadPart(part.target, part.options), { code: 'update-damaged' })
  t.same(left(part.path), [])
  writeFileSync(part.at, part.bytes)
  await loadPart(part.target, part.options)
  t.same(left(part.path), ['part-2.img'])
})

t.test('resume of another file: begun anew if central says that it changed, and dropped if a false central does not', async t => {
  const part = offer()
  await breakOff(part)
  writeFileSync(part.at, part.bytes)
  utimesSync(part.at, 1, 1)
  await loadPart(part.target, part.options)
  t.equal(asked.at(-1)?.answer.status, 200)
  t.ok(readFileSync(part.path).equals(part.bytes))

  const second = offer()
  await breakOff(second)
  const draft = readFileSync(`${second.path}.draft`)
  writeFileSync(`${second.path}.draft`, randomBytes(draft.length))
  await t.rejects(loadPart(second.target, second.options), { code: 'update-damaged' })
  t.same(left(second.path), [])
  await loadPart(second.target, second.options)
  t.ok(readFileSync(second.path).equals(second.bytes))
})

t.test('endless data: no byte more than is signed is kept, and the connection is closed', async t => {
  const part = offer()
  writeFileSync(part.at, Buffer.concat([part.bytes, randomBytes(SIZE)]))
  await t.rejects(loadPart(part.target, part.options), { code: /update-refused|central-unreachable/ })
  t.same(
    left(part.path).filter(name => !/draft/.test(name)),
    [],
  )
  writeFileSync(part.at, part.bytes)
  utimesSync(part.at, 2, 2)
  await loadPart(part.target, part.options)
  t.ok(readFileSync(part.path).equals(part.bytes), 'and what was kept of it does no harm')
})

t.test('a file that ends early is kept as far as it came', async t => {
  const part = offer()
  truncateSync(part.at, 1_000_000)
  await t.rejects(loadPart(part.target, part.options), { code: 'central-unreachable', message: /ended early/ })
  t.same(left(part.path), [`${part.target.name.slice(6)}.draft`, `${part.target.name.slice(6)}.draft.etag`])
})

t.test('a disk without room: not one byte is asked for', async t => {
  const part = offer()
  const before = asked.length
  await t.rejects(loadPart(part.target, { ...part.options, reserveBytes: 1e15 }), { code: 'update-no-room', message: /MiB/ })
  t.equal(asked.length, before)
  t.same(left(part.path), [])
})

t.test(
  'a disk that fills up meanwhile: the draft gives its room back',
  { skip: process.getuid?.() === 0 ? false : 'mounting needs root' },
  async t => {
    const small = join(dir, 'small')
    mkdirSync(small)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', small])
    try {
      const part = offer()
      const path = join(small, 'part.img')
      const filling: Fetch = async (place, ask) => {
        const answer = await fetch(place, ask)
        writeFileSync(join(small, 'others'), Buffer.alloc(2_000_000))
        return answer
      }
      await t.rejects(loadPart(part.target, { ...part.options, path, fetch: filling }), { code: 'disk-full' })
      t.same(readdirSync(small), ['others'])
      rmSync(join(small, 'others'))
      await loadPart(part.target, { ...part.options, path })
      t.ok(readFileSync(path).equals(part.bytes))
    } finally {
      execFileSync('umount', [small])
    }
  },
)

t.test('a draft survives a kill at any moment: whatever is left of it leads to the whole file', async t => {
  const part = offer()
  await breakOff(part)
  const name = part.path
  const kept = join(dir, 'kept')
  cpSync(dirname(name), kept, { recursive: true })
  const draft = readFileSync(`${name}.draft`)
  const states: Record<string, () => void> = {
    'the draft without its ETag': () => rmSync(`${name}.draft.etag`),
    'an ETag that is torn': () => writeFileSync(`${name}.draft.etag`, '"2'),
    'an ETag without the draft': () => rmSync(`${name}.draft`),
    'a draft of which only the length reached the disk': () => writeFileSync(`${name}.draft`, Buffer.alloc(draft.length)),
    'a whole draft, not renamed': () => writeFileSync(`${name}.draft`, part.bytes),
    'a draft that is too long': () => writeFileSync(`${name}.draft`, Buffer.alloc(SIZE + 1)),
    'the file, of which only the length reached the disk': () => writeFileSync(name, Buffer.alloc(SIZE)),
  }
  for (const [what, make] of Object.entries(states)) {
    rmSync(dirname(name), { recursive: true })
    cpSync(kept, dirname(name), { recursive: true })
    make()
    const first = await loadPart(part.target, part.options).catch(error => error)
    if (first !== undefined) t.equal(first.code, 'update-damaged', what)
    if (first !== undefined) await loadPart(part.target, part.options)
    t.ok(readFileSync(name).equals(part.bytes), what)
  }
})
