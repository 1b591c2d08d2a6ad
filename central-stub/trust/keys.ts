// Everything central must not lose or show: its authority, its server key, the key that batches are sealed to and the
// key that signs receipts. Each is a file and its copy, made whole on first start and read from then on. Only the server's is ever
// made anew: it is not pinned, the authority is.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import * as z from 'zod'
import { generateSealKeyPair, sealKeyId } from '../../agent/batch/seal.ts'
import { isErrorWithCode } from '../../agent/lib/durable-file.ts'
import { mendState, writeState } from '../../agent/lib/state-file.ts'
import { withoutSumLine, withSumLine } from '../../agent/lib/summed.ts'
import { fileNames } from '../folder.ts'
import { type Authority, issueServer, makeAuthority, pinOf } from './certificates.ts'

const DAY_MS = 86_400_000
const SERVER_RENEW_MS = 30 * DAY_MS
/** So that no certificate of the server is cut short by it. */
const AUTHORITY_RENEW_MS = 500 * DAY_MS

export interface ServerKey {
  /** PEM: the server's certificate, then the authority's, because boxes pin the latter. */
  readonly chain: string
  readonly key: string
}

export interface Keys {
  /** Its certificate may be made anew while central runs, its key never. */
  authority: Authority
  readonly pins: readonly string[]
  readonly seal: { readonly id: string; readonly publicKey: Uint8Array; readonly privateKey: Uint8Array }
  readonly receipt: { readonly id: string; readonly publicKey: Buffer; readonly privateKey: KeyObject }
}

/** Reads the keys, and makes those that are missing as long as there is no database that needs the old ones. */
export async function openKeys(folder: string, now: number): Promise<Keys> {
  const old = [fileNames.register, fileNames.database].some(name => existsSync(join(folder, name)))
  const file = async (name: string, make: () => Promise<string> | string): Promise<string> => {
    const path = join(folder, name)
    const { value, damage } = mendState(path, decode)
    if (value !== undefined) return value
    const what = damage.length === 0 ? 'missing' : `damaged (${damage.join('; ')})`
    if (old) throw new Error(`${path} is ${what}: restore it from a backup, every enrolled device depends on it`)
    const made = await make()
    writeState(path, withSumLine(made))
    return made
  }
  const stored = readAuthority(await file(fileNames.authority, () => newAuthority(now)))
  const authority = await authorityAt(folder, stored, now)
  const seal = readSeal(await file(fileNames.seal, newSeal))
  const receipt = createPrivateKey(await file(fileNames.receipt, () => pemOf(generateKeyPairSync('ed25519').privateKey)))
  const publicKey = createPublicKey(receipt).export({ type: 'spki', format: 'der' })
  const id = createHash('sha256').update(publicKey).digest('hex').slice(0, 16)
  return { authority, pins: [pinOf(authority.certificate)], seal, receipt: { id, publicKey, privateKey: receipt } }
}

/**
 * The authority with a certificate that is good now. It is made anew for the same key, which is what boxes pin, before it ends, and
 * where a clock that was wrong has dated it.
 */
export async function authorityAt(folder: string, authority: Authority, now: number): Promise<Authority> {
  if (isGood(new X509Certificate(authority.certificate), now, AUTHORITY_RENEW_MS)) return authority
  const made = await makeAuthority(authority.privateKey, now)
  keepIfRoom(join(folder, fileNames.authority), `${pemOf(made.privateKey)}${made.certificate}\n`)
  return made
}

/**
 * The server's certificate; a new one if there is none, if it soon expires or is of a time to come (central's clock was ahead), or if it
 * is for another name or authority.
 */
export async function openServerKey(folder: string, authority: Authority, name: string, now: number): Promise<ServerKey> {
  const path = join(folder, fileNames.server)
  const stored = mendState(path, decode).value
  if (stored !== undefined && isUsable(certificateIn(stored), authority, name, now)) return serverKey(stored, authority)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const made = `${pemOf(privateKey)}${await issueServer(authority, publicKey, name, now)}\n`
  keepIfRoom(path, made)
  return serverKey(made, authority)
}

/** Boxes pin the authority's key, nothing of this: it is as good unwritten, and the next start makes another. */
function keepIfRoom(path: string, text: string): void {
  try {
    writeState(path, withSumLine(text))
  } catch (error) {
    if (!isErrorWithCode(error, 'ENOSPC', 'EDQUOT')) throw error
  }
}

const isGood = ({ validFromDate, validToDate }: X509Certificate, now: number, leastMs: number): boolean =>
  validFromDate.getTime() <= now && validToDate.getTime() - now > leastMs

function decode(bytes: Buffer): string {
  const text = withoutSumLine(bytes.toString('utf8'))
  if (text === undefined) throw new Error('is not what was written')
  return text
}

function isUsable(certificate: string, authority: Authority, name: string, now: number): boolean {
  const server = new X509Certificate(certificate)
  const signer = new X509Certificate(authority.certificate)
  const fits = (isIP(name) === 0 ? server.checkHost(name) : server.checkIP(name)) !== undefined
  return fits && isGood(server, now, SERVER_RENEW_MS) && server.verify(signer.publicKey)
}

const serverKey = (pem: string, authority: Authority): ServerKey => ({
  chain: `${certificateIn(pem)}\n${authority.certificate}\n`,
  key: pem,
})

async function newAuthority(now: number): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return `${pemOf(privateKey)}${(await makeAuthority(privateKey, now)).certificate}\n`
}

const readAuthority = (pem: string): Authority => ({ certificate: certificateIn(pem), privateKey: createPrivateKey(pem) })

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

const certificateIn = (pem: string): string => pem.slice(pem.indexOf('-----BEGIN CERTIFICATE-----')).trim()

const base64 = z.base64().transform(text => new Uint8Array(Buffer.from(text, 'base64')))
const sealSchema = z.strictObject({ publicKey: base64, privateKey: base64 })

async function newSeal(): Promise<string> {
  const { publicKey, privateKey } = await generateSealKeyPair()
  return `${JSON.stringify({ publicKey: Buffer.from(publicKey).toString('base64'), privateKey: Buffer.from(privateKey).toString('base64') })}\n`
}

function readSeal(text: string): Keys['seal'] {
  const pair = sealSchema.parse(JSON.parse(text))
  return { id: sealKeyId(pair.publicKey), ...pair }
}
