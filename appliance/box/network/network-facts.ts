// `cyberalarm-box network`: what this system has of the network, a line each. One system of a box writes it down and another is
// compared with it (base/network-facts), so no line may ever be called otherwise.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from '../../../agent/errors.ts'
import { isErrorWithCode, writeDurable } from '../../../agent/lib/durable-file.ts'
import { withoutSecrets } from '../../../agent/lib/redact.ts'
import { readSettings } from '../../../agent/settings/file.ts'
import { openCentral } from '../../../agent/uplink/pinned-client.ts'
import { boxPathsBelow } from '../paths.ts'
import { readCards } from './cards.ts'
import { defaultRoutes } from './default-routes.ts'

const CENTRAL_MS = 45_000

interface NetworkOptions {
  readonly root: string
  readonly signal: AbortSignal
  print(text: string): void
}

export async function tellNetwork({ root, signal, print }: NetworkOptions): Promise<number> {
  const paths = boxPathsBelow(root)
  const routes = defaultRoutes(readTable(join(root, 'proc/self/net/route')), readTable(join(root, 'proc/self/net/ipv6_route')))
  let hasCentral = false
  try {
    hasCentral = await isAnswered(root, AbortSignal.any([signal, AbortSignal.timeout(CENTRAL_MS)]))
  } catch (error) {
    print(withoutSecrets(describe(error)))
  }
  const facts = [
    ...readCards(paths.networkCards).map((_, i) => `card ${i + 1}`),
    ...routes.map(family => `route ${family}`),
    ...(hasCentral ? ['central'] : []),
  ]
  writeDurable(paths.networkFacts, facts.map(fact => `${fact}\n`).join(''), { mode: 0o644 })
  print(facts.join(', ') || 'no network')
  return 0
}

/** A kernel without IPv6 has no table of it. */
function readTable(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return ''
    throw error
  }
}

/** Whether the holder of a pinned key answers. Any answer will do: without a certificate it is a refusal. */
async function isAnswered(root: string, signal: AbortSignal): Promise<boolean> {
  const settings = readSettings(root)
  const central = { url: settings['central.url'], pins: settings['central.pins'], proxy: settings['uplink.proxy'] }
  if (central.url === '' || central.pins.length === 0) return false
  const client = await openCentral(central, undefined, signal)
  try {
    await client.post('/v1/batches', new Uint8Array(), signal)
    return true
  } finally {
    await client.close()
  }
}
