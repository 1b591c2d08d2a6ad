// The whole life of a repository of updates, with a real central and the client of a box, in a folder that is thrown away: what the
// makers will one day have to do in a hurry, they have then seen. Prints each step, and what a box says to it.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../../agent/errors.ts'
import { openArchive } from '../../agent/update/archive.ts'
import { decide, findOffer } from '../../agent/update/check.ts'
import type { Fetch } from '../../agent/update/fetch.ts'
import { loadPart } from '../../agent/update/parts.ts'
import { openCentral } from '../../agent/uplink/pinned-client.ts'
import { startCentral } from '../../central-stub/central.ts'
import { promote, readChannel, setPaused, usualWaves } from './channels.ts'
import { exportForImages } from './for-images.ts'
import { makeKey, readPublicKey, readSigningKey } from './key-files.ts'
import { writeOffline } from './offline.ts'
import { ThrowAway } from './throw-away.ts'
import { renew, replaceKey } from './trust.ts'

const device = '3b0c6a1e-0000-4000-8000-000000000000'

export async function rehearse(print: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cyberalarm-rehearsal-'))
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(() => rmSync(folder, { recursive: true, force: true }))
  const now = Date.now()
  const makers = new ThrowAway(join(folder, 'makers'), now)
  const { repository } = makers
  print('keys: root and releases with Anna, Ben and Clara (2 of 3 sign), one for channels, two online; root 1 made')
  const central = cleanup.adopt(await startCentral({ folder: join(folder, 'central'), updates: repository.folder }), central =>
    central.close(),
  )
  const client = cleanup.adopt(await openCentral({ url: central.url, pins: central.pins, proxy: '' }), client => client.close())
  const fetch: Fetch = (path, ask) => client.get(`/v1/updates/${path}`, ask)
  const metadata = { fetch, state: join(folder, 'box', 'metadata.json'), root: makers.rootBytes }
  const box = { device, version: '0.1.0', number: 1, channel: 'stable', window: undefined, pin: '' }
  let loaded = 0
  const look = async (): Promise<string> => {
    try {
      const offer = await findOffer(metadata, 'stable')
      const { kind } = decide(offer, box, makers.now)
      if (kind !== 'now') return `release ${offer.manifest.number}, ${kind}`
      for (const part of offer.parts) {
        const path = join(folder, 'box', part.name)
        await loadPart(part, { fetch, path, bytesPerSecond: 64 * 1024 * 1024, reserveBytes: 0 })
        loaded += statSync(path).size
      }
      return `release ${offer.manifest.number}, loaded and verified (${loaded} bytes so far)`
    } catch (error) {
      if (error instanceof Failure) return `${error.code}: ${error.message}`
      throw error
    }
  }
  const step = async (what: string, expected: RegExp) => {
    const said = await look()
    print(`${what}\n    the box: ${said}`)
    if (!expected.test(said)) throw new Error(`the box should have said ${expected}`)
  }
  const channelKey = () => makers.online('channels')
  const offer = (release: number, channel = 'stable', waves = [] as typeof usualWaves) =>
    promote(repository, { channel, release, notBefore: now - 1000, waves, minFrom: 0 }, channelKey(), makers.now)

  makers.release(2, '0.2.0')
  offer(2, 'candidate')
  offer(readChannel(repository, 'candidate').release, 'stable', usualWaves)
  await step('release 2 signed by Anna and Ben, promoted from candidate to stable in waves, but not published', /update-none/)
  makers.publish()
  await step('published', /release 2, before-wave/)
  setPaused(repository, 'stable', true, channelKey(), now)
  makers.publish()
  await step('paused', /release 2, paused/)
  offer(2)
  makers.publish()
  await step('promoted again, to all boxes at once', /release 2, loaded/)
  let refused = ''
  try {
    makers.release(3, '0.3.0', 1000, makers.signers('targets', 'anna'))
  } catch (error) {
    refused = error instanceof Error ? error.message : String(error)
  }
  if (refused === '') throw new Error('Anna alone could sign a release')
  print(`Anna alone signs release 3: refused: ${refused}`)

  makeKey(join(folder, 'makers', 'dora'), 'targets')
  const keyOf = (holder: string, role: string) => readPublicKey(join(folder, 'makers', holder, `${role}.pub`))
  const dora = readSigningKey(join(folder, 'makers', 'dora', 'targets.pem'))
  const both = [...makers.signers('root', 'ben', 'clara'), ...makers.signers('targets', 'ben'), dora]
  replaceKey(repository, 'targets', keyOf('anna', 'targets'), keyOf('dora', 'targets'), both, now)
  makers.publish()
  await step("Anna's key for releases revoked, Dora's in its place; root 2, all releases signed again by Ben and Dora", /release 2, loaded/)
  makeKey(join(folder, 'makers', 'dora'), 'root')
  const four = [...makers.signers('root', 'ben', 'clara'), readSigningKey(join(folder, 'makers', 'dora', 'root.pem'))]
  replaceKey(repository, 'root', keyOf('anna', 'root'), keyOf('dora', 'root'), four, now)
  await step('root rotated: Dora for Anna; root 3', /release 2, loaded/)
  renew(repository, 'root', four, now)
  makers.release(3, '0.3.0', 40_000, [...makers.signers('targets', 'ben'), dora])
  offer(3)
  makers.publish()
  await step('root 4 for another year; release 3 signed by Ben and Dora, for all', /release 3, loaded/)
  const file = join(folder, 'cyberalarm-update.tar')
  const until = writeOffline(repository, 'stable', file)
  const archive = openArchive(file)
  try {
    const carried = await findOffer({ ...metadata, fetch: archive.fetch, state: join(folder, 'other-box', 'metadata.json') }, 'stable')
    print(`release ${carried.manifest.number} carried in a file to a box without a central, which takes it until ${until}`)
  } finally {
    archive.close()
  }
  exportForImages(repository, join(folder, 'trust'), true)
  print('root of trust and keys of releases written for new images')
  print('all went as it has to')
}
