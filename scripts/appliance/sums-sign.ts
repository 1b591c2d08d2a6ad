// Signs SHA256SUMS with an SSH key, and checks such a signature. SSH signatures, because OpenSSH 8.1 or later, which
// every current Linux, macOS and Windows brings, can check them without installing anything (ssh-keygen(1), -Y; the
// format is PROTOCOL.sshsig of OpenSSH). Ed25519 only: short, and the same text signed again gives the same signature.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** Who signs, as it stands in allowed_signers; and what for, so that a signature made for mail or git is none for files. */
const SIGNER = 'release@cyberalarm'
const NAMESPACE = 'file'
const MAX_KEY_CHARACTERS = 16384

export interface SigningKey {
  readonly path: string
  /** `ssh-ed25519 AAAA...` without comment. */
  readonly publicKey: string
  /** Made by this checkout for itself: it proves nothing to anybody else. */
  readonly isOwn: boolean
}

/** The key that was given (a private key, or a .pub whose private half an agent or token holds), or one made below `folder`. */
export async function chooseSigningKey(given: string | undefined, folder: string): Promise<SigningKey> {
  const path = resolve(given ?? join(folder, 'own-key'))
  if (given === undefined && !existsSync(path)) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await keygen(['-q', '-t', 'ed25519', '-N', '', '-C', 'made by this checkout for itself', '-f', path])
  }
  const text = (await readFile(path, 'utf8')).slice(0, MAX_KEY_CHARACTERS)
  const line = /^(ssh|sk-ssh)-/.test(text) ? text : await keygen(['-y', '-f', path])
  const found = /^((?:sk-)?ssh-ed25519(?:@openssh\.com)? [A-Za-z0-9+/=]+)/.exec(line)
  if (found === null) throw new Error(`${path} is not an Ed25519 key; create one with: ssh-keygen -t ed25519`)
  return { path, publicKey: found[1], isOwn: given === undefined }
}

export const formatSigners = ({ publicKey }: SigningKey): string => `${SIGNER} namespaces="${NAMESPACE}" ${publicKey}\n`

export const signSums = (sums: string, { path }: SigningKey): Promise<string> => keygen(['-Y', 'sign', '-n', NAMESPACE, '-f', path], sums)

/** The fingerprint of the key that signed. Throws an Error with the reason if none of `signersPath` did. */
export async function checkSignature(sums: string, signaturePath: string, signersPath: string): Promise<string> {
  const names = ['-f', resolve(signersPath), '-s', resolve(signaturePath)]
  const output = await keygen(['-Y', 'verify', '-I', SIGNER, '-n', NAMESPACE, ...names], sums)
  const fingerprint = /^Good "file" signature for \S+ with \S+ key (SHA256:[A-Za-z0-9+/]+)/m.exec(output)?.[1]
  if (fingerprint === undefined) throw new Error('ssh-keygen succeeded but reported no good signature')
  return fingerprint
}

/** Arguments go to the program as they are: no shell reads the names in them. */
function keygen(args: readonly string[], input = ''): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn('ssh-keygen', args, { env: { ...process.env, LC_ALL: 'C' } })
    const output = { out: '', error: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.error += text))
    // ssh-keygen may end before it has read everything; its exit code shows what happened.
    child.stdin.on('error', () => undefined).end(input)
    child.on('error', cause => fail(new Error('ssh-keygen is missing: install openssh-client', { cause })))
    child.on('close', code => {
      if (code === 0) done(output.out)
      else fail(new Error((output.error || output.out).trim() || `ssh-keygen exited with ${code}`))
    })
  })
}
