// Replaces files on a disk whose power is cut, for as long as it lives: an identity as the agent does it, and, to show that a
// power cut tears what is written carelessly, a file without any care.
//   node disk-writer.ts FOLDER
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeIdentity } from '../uplink/identity.ts'
import { madeIdentity } from './made-identity.ts'

export const CARELESS_BYTES = 100_000
const PAUSE_MS = 60

if (import.meta.main) {
  const folder = process.argv[2]
  mkdirSync(folder, { recursive: true })
  const { stored } = await madeIdentity()
  for (let round = 1; ; round++) {
    writeIdentity(join(folder, 'identity.json'), { ...stored, enrolment: `enrolment ${round}` })
    console.log(round)
    writeFileSync(join(folder, 'careless'), Buffer.alloc(CARELESS_BYTES, String(round % 10)))
    await sleep(Math.random() * PAUSE_MS)
  }
}
