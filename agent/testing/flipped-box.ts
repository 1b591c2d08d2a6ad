// Boxes whose files meet a flipped bit, and how such a start is judged.
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { keepApplied, keepMember, readApplied, readKept } from '../../appliance/box/settings/state-files.ts'
import { openKeys, openServerKey } from '../../central-stub/trust/keys.ts'
import { pathsBelow } from '../paths.ts'
import { ensureOwnCertificate, readTlsFiles } from '../sources/syslog/tls-certificate.ts'
import { type FlipResult, flipAll } from './bit-flips.ts'
import { close, keep, makeIdentity, offer, openLife, receive, send, stop } from './box-life.ts'
import { after, check, type Outcome } from './disk-faults.ts'
import { ModelCentral } from './model-central.ts'

/** How the life before ended. `unreceipted`: central has the only batch that waits, and its receipt was lost. */
export const endings = ['stopped', 'killed', 'killed while a batch was open', 'unreceipted'] as const
export type Ending = (typeof endings)[number]

/** A box with everything: receipts, a statement, batches that wait, two files of the ledger, a checkpoint, three gateways. */
async function makeBox(root: string, ending: Ending): Promise<{ central: ModelCentral; received: number }> {
  const paths = pathsBelow(root)
  mkdirSync(paths.data, { recursive: true })
  await makeIdentity(paths.identity)
  const central = new ModelCentral()
  const life = await openLife(paths)
  let received = 0
  for (const gateway of ['127.0.0.17', '127.0.0.18', '127.0.0.19', '127.0.0.20', '127.0.0.20']) {
    receive(life, received, 3, gateway)
    received += 3
    await close(life)
    if (received === 3) await send(life, central)
  }
  if (ending === 'unreceipted') {
    await send(life, central, life.spool.length - 1)
    offer(life, central)
  }
  if (ending === 'killed while a batch was open') {
    receive(life, received, 3)
    received += 3
    await keep(life)
  }
  if (ending === 'stopped') await stop(life)
  else life.ledger.close()
  return { central, received }
}

const sameSums = (one: Outcome, other: Outcome): boolean => JSON.stringify(one.sums) === JSON.stringify(other.sums)

export async function flipBox(folder: string, ending: Ending, stride: number): Promise<FlipResult> {
  const [original, scratch] = [join(folder, 'original'), join(folder, 'scratch')]
  const { central, received } = await makeBox(original, ending)
  const judge = async (): Promise<Outcome> => after(pathsBelow(scratch), ModelCentral.copy(central), received, 0)
  cpSync(original, scratch, { recursive: true })
  const whole = await judge()
  check(whole.damage.length === 0, `a whole box says ${whole.damage.join('; ')}`)
  rmSync(scratch, { recursive: true })
  return flipAll({
    original,
    scratch,
    stride,
    judge: async () => {
      const outcome = await judge()
      const isSaid = outcome.damage.length > 0
      if (sameSums(outcome, whole)) return isSaid ? 'nothing lost, and said' : 'nothing lost, and nothing to say'
      check(isSaid, `nobody says that this is otherwise: ${JSON.stringify(outcome.sums)}, ${JSON.stringify(whole.sums)}`)
      if (outcome.sums.received < whole.sums.received) return 'older counts, and said'
      return outcome.sums.shed > whole.sums.shed ? 'counted as shed, and said' : 'other counts, and said'
    },
  })
}

/** Files that have no more to do with each other than their copies: whatever bit is flipped, their content is the same. */
export async function flipStateFiles(folder: string, stride: number): Promise<FlipResult> {
  const [original, scratch] = [join(folder, 'state'), join(folder, 'state-scratch')]
  const now = Date.parse('2026-11-20T12:00:00Z')
  const applied = { ovf: { settings: 'ab', code: '', taken: false } }
  mkdirSync(join(original, 'central'), { recursive: true })
  mkdirSync(join(original, 'box'), { recursive: true })
  keepMember(join(original, 'box/member.conf'), 'host.name = alarm\nnetwork.address = 192.0.2.7/24\n')
  keepApplied(join(original, 'box/applied.json'), applied)
  const read = async (root: string) => {
    const files = await ensureOwnCertificate(join(root, 'tls'), ['box'], new Date(now))
    const keys = await openKeys(join(root, 'central'), now)
    const server = await openServerKey(join(root, 'central'), keys.authority, 'central.example', now)
    const kept = readKept(join(root, 'box/member.conf'))
    return JSON.stringify([
      readTlsFiles(files),
      keys.pins,
      keys.seal.id,
      keys.receipt.id,
      server,
      [...kept.parsed.stated].map(([name, { value }]) => [name, value]),
      readApplied(join(root, 'box/applied.json')).applied,
    ])
  }
  const whole = await read(original)
  return flipAll({
    original,
    scratch,
    stride,
    judge: async () => {
      check((await read(scratch)) === whole, 'what is read is not what was written')
      return 'restored'
    },
  })
}
