// `cyberalarm-box enrol`: trades the code that a member gave for an identity, and tries until that worked or central refused the
// code for good. Central spends a code when it answers. So the answer is kept durably before anything is made of it, and a box
// that was cut off there finishes with what it has when it is started again with the same code, instead of asking twice.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { enrol } from '../../agent/enrolment.ts'
import { Failure, type Fault, faultOf } from '../../agent/errors.ts'
import { backoffMs, pause } from '../../agent/lib/backoff.ts'
import { isErrorWithCode, writeDurable } from '../../agent/lib/durable-file.ts'
import { withoutSecrets } from '../../agent/lib/redact.ts'
import { fromJson, mendState, toJson, writeState } from '../../agent/lib/state-file.ts'
import { normaliseCode } from '../../agent/lib/typed-code.ts'
import { type Paths, pathsBelow } from '../../agent/paths.ts'
import { readSettings } from '../../agent/settings/file.ts'
import { makeRequest, requestSchema } from '../../agent/uplink/enrol.ts'
import { type Identity, identitySchema, readIdentity, writeIdentity } from '../../agent/uplink/identity.ts'
import type { EnrolmentReport } from './enrolment-report.ts'
import { boxPathsBelow } from './paths.ts'

export const ENROLLED = 0
export const REFUSED = 4
const INTERRUPTED = 130
const CODE_MAX_BYTES = 256

export interface EnrolOptions {
  readonly root: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly now: () => number
  readonly random: () => number
  print(text: string): void
}

/** Gives ENROLLED, REFUSED, or INTERRUPTED. */
export async function enrolForever({ root, environment, signal, now, random, print }: EnrolOptions): Promise<number> {
  const paths = pathsBelow(root)
  const { enrolmentReport } = boxPathsBelow(root)
  mkdirSync(dirname(enrolmentReport), { recursive: true, mode: 0o755 })
  const report = (state: EnrolmentReport['state'], more: Pick<EnrolmentReport, 'failure' | 'device'> = {}) => {
    const written: EnrolmentReport = { at: new Date(now()).toISOString(), state, ...more }
    writeDurable(enrolmentReport, `${JSON.stringify(written)}\n`, { mode: 0o644 })
    print([state, more.device ?? more.failure?.detail].filter(Boolean).join(': '))
  }
  const code = readCode(environment)
  if (code === '') {
    report('no-code')
    return ENROLLED
  }
  report('trying')
  for (let failures = 1; ; failures++) {
    try {
      const identity = await enrolOnce(code, root, paths)
      report('enrolled', { device: identity.stored.device })
      return ENROLLED
    } catch (error) {
      const failure = shown(error)
      if (failure.code === 'code-wrong' || failure.code === 'code-refused') {
        report('refused', { failure })
        return REFUSED
      }
      report('trying', { failure })
    }
    await pause(backoffMs(failures, random()), signal)
    if (signal.aborted) return INTERRUPTED
  }
}

function shown(error: unknown): Fault {
  const fault = faultOf(error)
  return { ...fault, detail: withoutSecrets(fault.detail) }
}

function readCode(environment: EnrolOptions['environment']): string {
  const folder = environment.CREDENTIALS_DIRECTORY
  if (folder === undefined) return ''
  try {
    return readFileSync(join(folder, 'enrolment.code')).subarray(0, CODE_MAX_BYTES).toString('latin1').trim()
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return ''
    throw error
  }
}

/** What a code was traded for, until it is stored as the identity; then only which enrolment the code led to. */
const answerSchema = z.object({
  code: z.string(),
  enrolment: z.string(),
  stored: identitySchema.optional(),
  request: requestSchema.optional(),
})
type KeptAnswer = z.infer<typeof answerSchema>

async function enrolOnce(code: string, root: string, paths: Paths): Promise<Identity> {
  // not with the code in its text, as the verb for people does
  if (normaliseCode(code) === undefined) throw new Failure('code-wrong', 'the enrolment code is not valid')
  const kept = join(paths.data, 'enrolment.json')
  const hash = createHash('sha256')
    .update(normaliseCode(code) ?? '')
    .digest('hex')
  const keep = (answer: KeptAnswer) => writeState(kept, toJson(answer))
  const finish = (answer: KeptAnswer, identity: Identity) => {
    // the key stands in the identity now, and shall stand nowhere else
    keep({ code: answer.code, enrolment: answer.enrolment })
    return identity
  }

  const before = mendState(kept, fromJson(answerSchema.parse)).value
  if (before?.code === hash) {
    const identity = identityOf(paths)
    if (identity?.stored.enrolment === before.enrolment) return finish(before, identity)
    if (before.stored !== undefined) return finish(before, writeIdentity(paths.identity, before.stored))
  }
  // central may have answered, and the answer may have been lost: the same request gets the same device again
  const request = before?.code === hash && before.request !== undefined ? before.request : await makeRequest()
  let answer: KeptAnswer = { code: hash, enrolment: '', request }
  mkdirSync(paths.data, { recursive: true, mode: 0o700 })
  keep(answer)
  const identity = await enrol(code, paths, readSettings(root), {
    request,
    before: stored => {
      answer = { code: hash, enrolment: stored.enrolment, stored }
      keep(answer)
    },
  })
  return finish(answer, identity)
}

function identityOf(paths: Paths): Identity | undefined {
  try {
    return readIdentity(paths.identity)
  } catch (error) {
    if (error instanceof Failure && error.code === 'identity-damaged') return undefined
    throw error
  }
}
