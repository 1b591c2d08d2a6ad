// Every refusal of central, as one table: a code that never changes its meaning, the HTTP status, and one sentence that
// says what was wrong with the request. No path, stack or library message of central is ever in an answer.

export const refusals = {
  'no-such-route': [404, 'There is nothing at this address.'],
  'request-malformed': [400, 'The request is not valid HTTP.'],
  'request-too-slow': [408, 'The request took too long to arrive.'],
  'headers-too-large': [431, 'The headers are too large.'],
  'body-malformed': [400, 'The body does not have the form that this route expects.'],
  'body-too-large': [413, 'The body is larger than this route accepts.'],
  'body-type-wrong': [415, 'This route expects another content type.'],
  'certificate-required': [401, 'This route is for devices: present the certificate that central issued.'],
  'certificate-unknown': [401, 'The certificate was not issued by this central.'],
  'certificate-expired': [401, 'The certificate has expired: enrol again with a new code.'],
  'certificate-revoked': [403, 'The certificate was revoked: enrol again with a new code.'],
  'code-refused': [403, 'The code is unknown, used or expired.'],
  'codes-too-many': [429, 'The code is unknown, used or expired, like many before it from this network: check it, and try again later.'],
  'code-used-too-often': [429, 'This code was sent too often: try again later.'],
  'csr-refused': [400, 'The signing request is not a self-signed PKCS #10 request for a P-256 key.'],
  'renewed-too-often': [429, 'The device was issued too many certificates in the last 24 hours: try again later.'],
  'batch-malformed': [400, 'The body is not a batch of a version that central supports.'],
  'batch-too-costly': [422, 'Opening the batch took more time or memory than one batch may take.'],
  'device-mismatch': [403, 'A device may send its own batches only.'],
  'signature-wrong': [403, 'The batch is not signed by a key of this device.'],
  'seal-wrong': [400, 'The batch is not sealed to a key of this central.'],
  'sequence-gap': [409, 'An earlier batch is missing; central expects number `expected`.'],
  'chain-broken': [409, 'The batch does not follow the last one that central stored.'],
  'chain-conflict': [409, 'Central has stored a different batch with this number.'],
  'sequence-shed': [409, 'The device has declared this batch as shed before.'],
  'device-busy': [429, 'The device has too many requests in progress: wait for the responses.'],
  'member-busy': [429, 'The devices of this member have too many requests in progress: wait for the responses.'],
  'address-busy': [429, 'Too many requests from this address are in progress: try again later.'],
  'refused-too-often': [429, 'Too many requests of this device were refused: try again later.'],
  'device-quota-spent': [429, 'The device has stored as much as it may for now: try again later.'],
  'member-quota-spent': [429, 'The devices of this member have stored as much as they may for now: try again later.'],
  'gave-way': [503, 'The body came in slowly while others waited: send it again.'],
  'central-scarce': [503, 'The disk of central is nearly full, and this member has stored more than most: try again later.'],
  'central-full': [503, 'The disk of central is full: try again later.'],
  'retention-overdue': [
    503,
    'Central is late with deleting what it must not keep, and takes nothing new before that is done: try again later.',
  ],
  'central-busy': [503, 'Central has too many requests in progress: try again later.'],
  'central-failed': [500, 'Internal error of central, not caused by the request: try again later.'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type RefusalCode = keyof typeof refusals

/** Statuses after which waiting helps, and what is told where nothing else is known. */
const passing: readonly number[] = [429, 500, 503]
const RETRY_SECONDS = 30

export interface RefusalOptions {
  /** Goes out as Retry-After. */
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
    this.retryAfterSeconds = options.retryAfterSeconds ?? (passing.includes(status) ? RETRY_SECONDS : undefined)
    this.fields = options.fields ?? {}
  }

  get body(): Record<string, string | number> {
    return { code: this.code, message: this.message, ...this.fields }
  }
}
