// What went wrong on the way to central, classified by what a person would do about it.
import { Failure, type FailureCode } from '../errors.ts'

const expired = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function classify(code: string, isProxied: boolean): FailureCode {
  if (expired.includes(code)) return 'central-certificate-expired'
  // OpenSSL's verification codes, Node's name check, and TLS alerts of a server that is no central
  if (/^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_|INVALID_CA|HOSTNAME_MISMATCH|PATH_LENGTH)/.test(code))
    return 'central-not-trusted'
  if (code.startsWith('ERR_SSL_')) return 'central-not-trusted'
  // undici's ProxyAgent says so where a proxy answers CONNECT with anything but 200
  if (isProxied && code === 'UND_ERR_ABORTED') return 'proxy-refused'
  return 'central-unreachable'
}

/** The error as a Failure with one of the codes about central; a Failure stays what it is. `isProxied`: undici was to go through a proxy. */
export function asCentralFailure(error: unknown, host: string, isProxied = false): Failure {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) if (at instanceof Failure) return at
  const cause = error instanceof Error && error.cause instanceof Error && codeOf(error) === '' ? error.cause : error
  const code = codeOf(cause)
  const text = cause instanceof Error ? cause.message || code : String(cause)
  return new Failure(
    classify(code, isProxied),
    `request to ${host} failed: ${text}${code === '' || text.includes(code) ? '' : ` (${code})`}`,
    error,
  )
}
