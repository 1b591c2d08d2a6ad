// An identity without a central: made in a second, for tests of what comes after the enrolment.
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { makeCertificate } from '../sources/syslog/tls-certificate.ts'
import { type Identity, identityFrom } from '../uplink/identity.ts'

export async function madeIdentity(): Promise<Identity> {
  const { certificate, key } = await makeCertificate(['device.example'], new Date())
  return identityFrom({
    device: randomUUID(),
    enrolment: 'made',
    privateKey: key,
    certificate,
    sealKey: randomBytes(32).toString('base64'),
    receiptKey: generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    chain: { sequence: 0, hash: '0'.repeat(64) },
  })
}
