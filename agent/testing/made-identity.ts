// An identity without a central: made in a moment, for tests of what comes after the enrolment.
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { generateSealKeyPair } from '../batch/seal.ts'
import { makeCertificate } from '../sources/syslog/tls-certificate.ts'
import { type Identity, identityFrom } from '../uplink/identity.ts'

export async function madeIdentity(device: string = randomUUID()): Promise<Identity> {
  const { certificate, key } = await makeCertificate(['device.example'], new Date())
  const { publicKey: sealKey } = await generateSealKeyPair()
  const { publicKey: receiptKey } = generateKeyPairSync('ed25519')
  return identityFrom({
    device,
    enrolment: 'made',
    privateKey: key,
    certificate,
    sealKey: Buffer.from(sealKey).toString('base64'),
    receiptKey: receiptKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    chain: { sequence: 0, hash: '0'.repeat(64) },
  })
}
