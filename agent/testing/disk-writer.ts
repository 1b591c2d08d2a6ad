// Replaces files on a disk whose power is cut, for as long as it lives: an identity as the agent does it, and, to show that a
// power cut tears what is written carelessly, a file without any care.
//   node disk-writer.ts FOLDER
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeCertificate } from '../sources/syslog/tls-certificate.ts'
import { writeIdentity } from '../uplink/identity.ts'

export const CARELESS_BYTES = 100_000
const PAUSE_MS = 60

if (import.meta.main) {
  const folder = process.argv[2]
  mkdirSync(folder, { recursive: true })
  const { key, certificate } = await makeCertificate(['device'], new Date())
  const stored = {
    device: '11111111-1111-4111-8111-111111111111',
    privateKey: key,
    certificate,
    sealKey: Buffer.alloc(32).toString('base64'),
    // SPKI of an Ed25519 key (RFC 8410)
    receiptKey: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.alloc(32, 9)]).toString('base64'),
    chain: { sequence: 0, hash: '0'.repeat(64) },
  }
  for (let round = 1; ; round++) {
    writeIdentity(join(folder, 'identity.json'), { ...stored, enrolment: `enrolment ${round}` })
    console.log(round)
    writeFileSync(join(folder, 'careless'), Buffer.alloc(CARELESS_BYTES, String(round % 10)))
    await sleep(Math.random() * PAUSE_MS)
  }
}
