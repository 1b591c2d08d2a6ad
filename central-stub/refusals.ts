// Every refusal of central, as one table: a code that never changes its meaning, the HTTP status, and one sentence that
// says what was wrong with the request. No path, stack or library message of central is ever in an answer.

export const refusals = {
  'no-such-route': [404, 'There is nothing at this address.'],
  'request-malformed': [400, 'The request is not HTTP as central reads it.'],
  'request-too-slow': [408, 'The request took too long to arrive.'],
  'headers-too-large': [431, 'The headers are larger than central takes.'],
  'body-malformed': [400, 'The body is not what this route takes.'],
  'body-too-large': [413, 'The body is larger than this route takes.'],
  'body-type-wrong': [415, 'This route takes another content type.'],
  'certificate-required': [401, 'This route is for devices: present the certificate that central issued.'],
  'certificate-unknown': [401, 'The certificate was not issued by this central.'],
  'certificate-expired': [401, 'The certificate has expired: enrol again with a fresh code.'],
  'certificate-revoked': [403, 'The certificate was revoked: enrol again with a fresh code.'],
  'code-refused': [403, 'The code is unknown, spent or expired.'],
  'codes-too-many': [429, 'Too many wrong codes were tried: wait.'],
  'csr-refused': [400, 'The signing request is not a self-signed PKCS #10 request for a P-256 key.'],
  'renewed-too-often': [429, 'The device renewed its certificate too often: wait.'],
  'batch-malformed': [400, 'The bytes are not a batch of a version central knows.'],
  'device-mismatch': [403, 'A device sends its own batches only.'],
  'signature-wrong': [403, 'The batch is not signed by a key of this device.'],
  'seal-wrong': [400, 'The batch is not sealed to a key of this central.'],
  'sequence-gap': [409, 'A batch before this one has not arrived; `expected` is the next one.'],
  'chain-broken': [409, 'The batch does not follow the one that central stored before it.'],
  'chain-conflict': [409, 'Central has stored another batch under this number.'],
  'sequence-shed': [409, 'The device has stated before that this batch was shed.'],
  'device-busy': [429, 'The device has too many requests in progress: wait for the answers.'],
  'central-busy': [503, 'Central has too many requests in progress: come back later.'],
  'central-failed': [500, 'Central failed; it was not the request. Come back later.'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type RefusalCode = keyof typeof refusals

export interface RefusalOptions {
  /** Goes out as Retry-After; only where waiting helps. */
  readonly retryAfterSeconds?: number
  /** Fields beside code and message, for example `expected`. */
  readonly fields?: Readonly<Record<string, string | number>>
  readonly cause?: unknown
}

export class Refusal extends Error {
  readonly code: RefusalCode
  readonly status: number
  readonly retryAfterSeconds: number | undefined
  readonly fields: Readonly<Record<string, string | number>>

  constructor(code: RefusalCode, options: RefusalOptions = {}) {
    const [status, message] = refusals[code]
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = status
    this.retryAfterSeconds = options.retryAfterSeconds
    this.fields = options.fields ?? {}
  }

  get body(): Record<string, string | number> {
    return { code: this.code, message: this.message, ...this.fields }
  }
}
