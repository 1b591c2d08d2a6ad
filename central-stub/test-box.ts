// A box for tests: makes its own key, enrols over real TLS, and writes batches with agent/batch's own functions - or
// wrongly, where a test asks for that.
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { buildShedFrame, signFrame } from '../agent/batch/frame.ts'
import { Endpoint, OpenBatch } from '../agent/batch/open-batch.ts'
import { packBatch } from '../agent/batch/pack.ts'
import type { Receipt } from '../agent/batch/receipt.ts'
import { sealBatch } from '../agent/batch/seal.ts'
import type { Central } from './central.ts'
import type { Enrolment } from './devices/enrol.ts'

export interface Target extends Pick<Central, 'port'> {
  /** PEM of the authority. */
  readonly authority: string
}

export interface Identity {
  readonly key: KeyObject
  /** PEM. */
  readonly certificate: string
}

/** Whatever central answered: an enrolment, a renewal, a receipt or a refusal. */
export type Body = Partial<Enrolment & Receipt & { code: string; message: string; expected: number }>

export interface Answer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: Body
}

export const targetOf = (central: Pick<Central, 'port'>, folder: string): Target => ({
  port: central.port,
  authority: new X509Certificate(readFileSync(join(folder, 'authority.pem'))).toString(),
})

export const newKey = (namedCurve = 'P-256'): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey

/** PEM of a request for a key, as any other PKCS #10 program makes it; `signer` signs it instead of the key. */
export async function makeCsr(key: KeyObject, signer: KeyObject = key, namedCurve = 'P-256'): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve, hash: 'SHA-256' }
  const jwk = { ...key.export({ format: 'jwk' }), d: undefined }
  const keys = {
    publicKey: await crypto.subtle.importKey('jwk', JSON.parse(JSON.stringify(jwk)), algorithm, true, ['verify']),
    privateKey: signer.toCryptoKey(algorithm, true, ['sign']),
  }
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=anything, O=ignored', keys, signingAlgorithm: algorithm })
  return csr.toString('pem')
}

export interface PostOptions {
  readonly identity?: Identity | undefined
  readonly type?: string
  readonly method?: string
  readonly headers?: Record<string, string>
  /** Done while half of the body is held back, some time after central has seen the certificate. */
  readonly halfway?: () => Promise<unknown>
}

const HELD_BACK_MS = 300

/** One request on a connection of its own. */
export function post(
  { port, authority }: Target,
  path: string,
  body: object | Uint8Array | string,
  options: PostOptions = {},
): Promise<Answer> {
  const { identity } = options
  const binary = body instanceof Uint8Array
  const bytes = binary ? Buffer.from(body) : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const type = options.type ?? (binary ? 'application/octet-stream' : 'application/json')
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: options.method ?? 'POST',
        servername: 'localhost',
        ca: authority,
        agent: false,
        headers: { 'content-type': type, 'content-length': bytes.length, ...options.headers },
        ...(identity && { cert: identity.certificate, key: identity.key.export({ type: 'pkcs8', format: 'pem' }) }),
      },
      answer => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) })
        })
      },
    )
    call.on('error', reject)
    if (options.halfway === undefined) call.end(bytes)
    else {
      const half = bytes.length >> 1
      call.write(bytes.subarray(0, half))
      sleep(HELD_BACK_MS)
        .then(options.halfway)
        .then(() => call.end(bytes.subarray(half)), reject)
    }
  })
}

export interface Box extends Identity {
  readonly target: Target
  readonly device: string
  readonly enrolment: Enrolment
}

export async function enrolBox(target: Target, code: string, replaces?: string): Promise<Box> {
  const key = newKey()
  const answer = await post(target, '/v1/enrol', { code, csr: await makeCsr(key), ...(replaces && { replaces }) })
  if (answer.status !== 200) throw new Error(`enrolment was refused: ${JSON.stringify(answer.body)}`)
  const enrolment = answer.body as Enrolment
  return { key, certificate: enrolment.certificate, target, device: enrolment.device, enrolment }
}

const context = { gateway: 1, product: 1, reason: 2, input: 0, sourceEndpoint: Endpoint.foreign, destinationEndpoint: Endpoint.ours }

const packedRows = new Map<number, Promise<Uint8Array>>()

/** A packed batch of `rows` blocked connections from 192.0.2.0/24 and on, each of which counts two messages. */
export function packRows(rows: number): Promise<Uint8Array> {
  const packed = packedRows.get(rows) ?? packNew(rows)
  packedRows.set(rows, packed)
  return packed
}

function packNew(rows: number): Promise<Uint8Array> {
  const batch = new OpenBatch()
  for (let row = 0; row < rows; row++) {
    const event = {
      words: Uint32Array.from([0, 0, 0xffff, 0xc0000201 + row, 0, 0, 0xffff, 0x0a000001]),
      hasSource: true,
      hasDestination: true,
      time: 1_790_000_000_000 + row * 1000,
      clock: 1,
      action: 1,
      sourcePort: 40_000,
      destinationPort: 22,
      protocol: 6,
      bytes: -1,
      packets: -1,
      rule: -1,
      count: 1,
      direction: 1,
      isLate: false,
      reset: () => undefined,
    }
    batch.add(event, context)
    batch.add(event, context)
  }
  const pseudonymise = (addresses: Uint8Array) => Buffer.alloc(addresses.length, 0xab)
  return packBatch(batch, { pseudonymise, reasonName: () => 'blocked', accounting: { received: rows * 2 } })
}

export interface Sent {
  /** The frame with its signature. */
  readonly bytes: Uint8Array
  readonly hash: Uint8Array
}

export interface BatchOptions {
  readonly rows?: number
  readonly sealKey?: Uint8Array
  readonly signer?: KeyObject
  readonly device?: string
  readonly packed?: Uint8Array
}

export const zeroHash = new Uint8Array(32)

export async function makeBatch(box: Box, sequence: number, previous: Uint8Array, options: BatchOptions = {}): Promise<Sent> {
  const packed = options.packed ?? (await packRows(options.rows ?? 3))
  const sealKey = options.sealKey ?? Buffer.from(box.enrolment.sealKey.publicKey, 'base64')
  const { bytes, hash } = await sealBatch(packed, { device: options.device ?? box.device, sequence, previous }, sealKey)
  return { bytes: signFrame(bytes, options.signer ?? box.key).bytes, hash }
}

/** `count` batches, each following the one before. */
export async function makeChain(box: Box, count: number, first = 1, previous: Uint8Array = zeroHash, rows = 3): Promise<Sent[]> {
  const chain: Sent[] = []
  for (let i = 0; i < count; i++) chain.push(await makeBatch(box, first + i, chain.at(-1)?.hash ?? previous, { rows }))
  return chain
}

export function makeShed(
  box: Box,
  first: number,
  last: number,
  previous: Uint8Array,
  lastHash: Uint8Array,
  { rows, messages } = { rows: 30, messages: 60 },
): Sent {
  const { bytes, hash } = buildShedFrame({ device: box.device, first, last, previous, lastHash, rows, messages, reason: 'not-kept' })
  return { bytes: signFrame(bytes, box.key).bytes, hash }
}

export const send = (box: Box, { bytes }: Pick<Sent, 'bytes'>): Promise<Answer> => post(box.target, '/v1/batches', bytes, { identity: box })
