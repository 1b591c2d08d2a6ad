// The certificate that gateways see: made on the first start, or the member's own PEM files; reloaded when the files change.
// A new file that is broken is reported, and the certificate in use stays in use.
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import * as z from 'zod'
import { Failure } from '../../errors.ts'
import { isErrorWithCode, readWithin, writeDurable } from '../../lib/durable-file.ts'
import { asideOf, ensureFolder, fromJson, mendState, setAside, toJson, writeState } from '../../lib/state-file.ts'

export interface TlsFiles {
  readonly certificate: string
  readonly key: string
  /** Certificates that sign those of gateways; without it, gateways need none. */
  readonly clientCa?: string | undefined
}

/** PEM texts that belong together. */
export interface TlsMaterial {
  readonly certificate: string
  readonly key: string
  readonly clientCa: string | undefined
  /** SHA-256 of the first certificate, `AB:CD:...`, for the member to compare or pin. */
  readonly fingerprint: string
  readonly notAfter: Date
}

const DAY_MS = 86_400_000
// a gateway trusts exactly this certificate, so replacing it means work on each; ten years is a box's life
const VALID_DAYS = 3650
// a box that has just been flashed may not know the time: a certificate dated by a clock that is ahead, or decades behind, would be
// good for no gateway that looks at dates
const VALID_FROM_MS = Date.UTC(2026, 0, 1)
const PEM_MAX_BYTES = 262_144
const NAMES_MAX = 16

const pairSchema = z.object({ certificate: z.string(), key: z.string() })
type Pair = z.infer<typeof pairSchema>

/**
 * The box's own certificate in `folder`, made if there is none; `names` are host names and addresses of the box. The pair is kept
 * once more under checksums, because each gateway trusts exactly this certificate. `tell` is called with what was mended, for people.
 */
export async function ensureOwnCertificate(
  folder: string,
  names: readonly string[],
  now: Date,
  tell: (damage: string) => void = () => undefined,
): Promise<TlsFiles> {
  const files = { certificate: join(folder, 'syslog.crt'), key: join(folder, 'syslog.key') }
  const moved = ensureFolder(folder)
  if (moved !== undefined) tell(moved)
  const state = join(folder, 'syslog.json')
  const kept = mendState(state, fromJson(pairSchema.parse))
  for (const damage of kept.damage) tell(damage)
  const inFiles = pairIn(files)
  const isReplaced = inFiles !== undefined && kept.value !== undefined && !isOfOneKey(inFiles, kept.value)
  const pair = (isReplaced ? inFiles : (kept.value ?? inFiles)) ?? (await makeCertificate(names, now))
  if (pair !== kept.value) writeState(state, toJson(pair))
  for (const [path, text, mode] of [
    [files.key, pair.key, 0o600],
    [files.certificate, pair.certificate, 0o644],
  ] as const) {
    const found = textOf(path)
    if (found === text) continue
    if (found !== undefined) tell(`${path} was damaged and is restored; what it was is in ${asideOf(path)}`)
    if (found !== undefined) setAside(path)
    writeDurable(path, text, { mode })
  }
  return files
}

/** The pair that the files hold, if a member put one there or an older version made it; undefined if a byte of it may have changed. */
function pairIn(files: TlsFiles): Pair | undefined {
  const [certificate, key] = [textOf(files.certificate), textOf(files.key)]
  if (certificate === undefined || key === undefined) return undefined
  try {
    const leaf = new X509Certificate(certificate)
    const isWhole = leaf.issuer !== leaf.subject || leaf.verify(leaf.publicKey)
    return isWhole && leaf.checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : undefined
  } catch {
    return undefined // damaged, which means the same as that they do not belong together
  }
}

const isOfOneKey = (one: Pair, other: Pair): boolean =>
  new X509Certificate(one.certificate).publicKey.equals(new X509Certificate(other.certificate).publicKey)

/** '' if it cannot be read, undefined if it is not there. */
function textOf(path: string): string | undefined {
  try {
    return readWithin(path, PEM_MAX_BYTES).toString('utf8')
  } catch (error) {
    return isErrorWithCode(error, 'ENOENT') ? undefined : ''
  }
}

/** A self-signed P-256 certificate and its key as PEM. */
export async function makeCertificate(names: readonly string[], now: Date): Promise<{ certificate: string; key: string }> {
  const x509 = await import('../../lib/x509.ts')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const usable = names.filter(name => isIP(name) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,62})$/.test(name)).slice(0, NAMES_MAX)
  const first = usable[0] ?? 'cyberalarm'
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [first] }],
      serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString('hex'),
      notBefore: new Date(VALID_FROM_MS),
      notAfter: new Date(Math.max(now.getTime(), VALID_FROM_MS) + VALID_DAYS * DAY_MS),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        // firewalls take a trusted certificate only with this flag (Cisco ASA: `ca-check`); it may sign no further CA
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        new x509.SubjectAlternativeNameExtension(
          (usable.length > 0 ? usable : [first]).map(value => ({ type: isIP(value) !== 0 ? 'ip' : 'dns', value })),
        ),
      ],
    },
    webcrypto,
  )
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { certificate: certificate.toString('pem'), key: pem('PRIVATE KEY', key) }
}

const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`

/** Reads the files and proves that they belong together; Failure 'certificate-unreadable' names the file and the fault. */
export function readTlsFiles(files: TlsFiles): TlsMaterial {
  const certificate = readPem(files.certificate)
  const key = readPem(files.key)
  const clientCa = files.clientCa === undefined ? undefined : readPem(files.clientCa)
  const leaf = check(files.certificate, () => new X509Certificate(certificate))
  const privateKey = check(files.key, () => createPrivateKey(key))
  if (!leaf.checkPrivateKey(privateKey)) throw new Failure('certificate-unreadable', `${files.key} is not the key of ${files.certificate}`)
  check(files.certificate, () => createSecureContext({ cert: certificate, key }))
  if (clientCa !== undefined) check(files.clientCa ?? '', () => [new X509Certificate(clientCa), createSecureContext({ ca: clientCa })])
  return { certificate, key, clientCa, fingerprint: leaf.fingerprint256, notAfter: leaf.validToDate }
}

function readPem(path: string): string {
  return check(path, () => readWithin(path, PEM_MAX_BYTES).toString('utf8'))
}

function check<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Failure('certificate-unreadable', `${path}: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

export interface TlsFilesWatch {
  readonly files: TlsFiles
  readonly pollMs: number
  readonly onChange: (material: TlsMaterial) => void
  /** Called once for each new state of the files that can't be used. */
  readonly onError: (failure: Failure) => void
}

/** Polls the files for changes since the call; returns a function that stops it. */
export function watchTlsFiles({ files, pollMs, onChange, onError }: TlsFilesWatch): () => void {
  let used = stampOf(files)
  let reported = used
  let seen = used
  const timer = setInterval(() => {
    const stamp = stampOf(files)
    // acted on when two polls agree: certificate and key are two files, and are not replaced at the same moment
    const isStable = stamp === seen
    seen = stamp
    if (stamp === used || stamp === reported || !isStable) return
    reported = stamp
    try {
      const material = readTlsFiles(files)
      used = stamp
      onChange(material)
    } catch (error) {
      onError(error instanceof Failure ? error : new Failure('certificate-unreadable', String(error), error))
    }
  }, pollMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Identifies one state of the files: inode, size and times of change, or why they cannot be read. */
function stampOf(files: TlsFiles): string {
  return [files.certificate, files.key, files.clientCa].map(path => (path === undefined ? '-' : stampOfFile(path))).join('/')
}

function stampOfFile(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path)
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`
  } catch (error) {
    return String(error)
  }
}
