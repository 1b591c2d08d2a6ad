// Keys of the makers: Ed25519, one file each. The private half lies where its holder keeps it (NAME.pem, 0600); the public half
// (NAME.pub) is what others are given.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurable } from '../../agent/lib/durable-file.ts'
import { readNamed } from './words.ts'

export interface PublicKey {
  /** SHA-256 of its canonical JSON, as python-tuf and securesystemslib make it. */
  readonly id: string
  readonly json: { readonly keytype: 'ed25519'; readonly keyval: { readonly public: string }; readonly scheme: 'ed25519' }
}

export interface SigningKey extends PublicKey {
  sign(bytes: Uint8Array): Buffer
}

/** Writes both halves. A key that is there is never replaced. */
export function makeKey(folder: string, name: string): void {
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(name)) throw new Error(`'${name}' is no name of a key: lower-case letters, digits and dashes`)
  const path = join(folder, `${name}.pem`)
  if (existsSync(path)) throw new Error(`${path} is there already: a key is never written over`)
  mkdirSync(folder, { recursive: true })
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  writeDurable(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  writeDurable(join(folder, `${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }), { mode: 0o644 })
}

export const readPublicKey = (path: string): PublicKey =>
  publicKeyOf(
    decode(path, 'public key: give the file NAME.pub', bytes => createPublicKey(bytes)),
    path,
  )

export function readSigningKey(path: string): SigningKey {
  const key = decode(path, 'private key without a password: give the file NAME.pem', bytes => createPrivateKey(bytes))
  return { ...publicKeyOf(createPublicKey(key), path), sign: bytes => sign(null, bytes, key) }
}

function decode(path: string, wanted: string, read: (bytes: Buffer) => KeyObject): KeyObject {
  const bytes = readNamed(path)
  try {
    return read(bytes)
  } catch (error) {
    throw new Error(`${path} is no ${wanted}`, { cause: error })
  }
}

function publicKeyOf(key: KeyObject, path: string): PublicKey {
  const { x } = key.export({ format: 'jwk' })
  if (key.asymmetricKeyType !== 'ed25519' || x === undefined) throw new Error(`${path} is no Ed25519 key`)
  const json = { keytype: 'ed25519', keyval: { public: Buffer.from(x, 'base64url').toString('hex') }, scheme: 'ed25519' } as const
  return { id: createHash('sha256').update(JSON.stringify(json)).digest('hex'), json }
}
