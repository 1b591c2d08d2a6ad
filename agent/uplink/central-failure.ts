// What went wrong on the way to central, classified by what a person would do about it.
import { Failure, type FailureCode } from '../errors.ts'
import { withoutSecrets } from '../lib/redact.ts'
import { kept } from '../lib/visible.ts'

const expired = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function classify(code: string): FailureCode {
  if (expired.includes(code)) return 'central-certificate-expired'
  // OpenSSL's verification codes, Node's name check, and TLS alerts of a server that is no central
  if (/^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_|INVALID_CA|HOSTNAME_MISMATCH|PATH_LENGTH)/.test(code))
    return 'central-not-trusted'
  if (code.startsWith('ERR_SSL_')) return 'central-not-trusted'
  return 'central-unreachable'
}

/** A certificate may name any number of hosts, with any letters, and an error quotes them all. */
const TEXT_MAX = 500

/** The error as a Failure with one of the codes about central; a Failure stays what it is. `secrets` are in no text of it. */
export function asCentralFailure(error: unknown, host: string, secrets: readonly string[] = []): Failure {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) if (at instanceof Failure) return at
  const cause = error instanceof Error && error.cause instanceof Error && codeOf(error) === '' ? error.cause : error
  const code = codeOf(cause)
  const text = kept(withoutSecrets(cause instanceof Error ? cause.message || code : String(cause), secrets), TEXT_MAX)
  return new Failure(classify(code), `request to ${host} failed: ${text}${code === '' || text.includes(code) ? '' : ` (${code})`}`, error)
}
