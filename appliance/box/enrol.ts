// `cyberalarm-box enrol`: trades the code that a member gave for an identity, and tries until that worked or central refused the
// code for good. Central spends a code when it answers. So the answer is kept durably before anything is made of it, and a box
// that was cut off there finishes with what it has when it is started again with the same code, instead of asking twice.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { normaliseCode } from '../../agent/batch/enrolment-code.ts'
import { enrol } from '../../agent/enrolment.ts'
import { describe, Failure } from '../../agent/errors.ts'
import { backoffMs, pause } from '../../agent/lib/backoff.ts'
import { isErrorWithCode, removeIfThere, writeDurable } from '../../agent/lib/durable-file.ts'
import { type Paths, pathsBelow } from '../../agent/paths.ts'
import { readSettings } from '../../agent/settings/file.ts'
import { makeRequest, requestSchema } from '../../agent/uplink/enrol.ts'
import { type Identity, identitySchema, readIdentity, writeIdentity } from '../../agent/uplink/identity.ts'
import { boxPathsBelow } from './paths.ts'
import { withoutSecrets } from './settings/box-settings.ts'

export const ENROLLED = 0
export const REFUSED = 4
export const INTERRUPTED = 130
const CODE_MAX_BYTES = 256

/** The shape of /run/cyberalarm-enrol/enrolment.json. */
export interface ToldEnrolment {
  readonly at: string
  readonly state: 'no-code' | 'trying' | 'enrolled' | 'refused'
  /** Of a Failure. */
  readonly code?: string
  readonly text?: string
  readonly advice?: string
}

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
  const { toldEnrolment } = boxPathsBelow(root)
  mkdirSync(dirname(toldEnrolment), { recursive: true, mode: 0o755 })
  const tell = (state: ToldEnrolment['state'], why: Omit<ToldEnrolment, 'at' | 'state'> = {}) => {
    const told: ToldEnrolment = { at: new Date(now()).toISOString(), state, ...why }
    writeDurable(toldEnrolment, `${JSON.stringify(told)}\n`, { mode: 0o644 })
    print(withoutSecrets([state, why.text].filter(Boolean).join(': ')))
  }
  const code = readCode(environment)
  if (code === '') {
    tell('no-code')
    return ENROLLED
  }
  tell('trying')
  for (let failures = 1; ; failures++) {
    try {
      const identity = await enrolOnce(code, root, paths)
      tell('enrolled', { text: `as ${identity.stored.device}` })
      return ENROLLED
    } catch (error) {
      const why = explain(error)
      if (why.code === 'code-wrong' || why.code === 'code-refused') {
        tell('refused', why)
        return REFUSED
      }
      tell('trying', why)
    }
    await pause(backoffMs(failures, random()), signal)
    if (signal.aborted) return INTERRUPTED
  }
}

function explain(error: unknown): Omit<ToldEnrolment, 'at' | 'state'> {
  if (!(error instanceof Failure)) return { text: withoutSecrets(describe(error)) }
  return { code: error.code, text: withoutSecrets(error.message), advice: error.advice }
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
const answerShape = z.object({
  code: z.string(),
  enrolment: z.string(),
  stored: identitySchema.optional(),
  request: requestSchema.optional(),
})
type KeptAnswer = z.infer<typeof answerShape>

async function enrolOnce(code: string, root: string, paths: Paths): Promise<Identity> {
  // not with the code in its text, as the verb for people does
  if (normaliseCode(code) === undefined) throw new Failure('code-wrong', 'what was given as enrolment code is none')
  const kept = join(paths.data, 'enrolment.json')
  const hash = createHash('sha256')
    .update(normaliseCode(code) ?? '')
    .digest('hex')
  const keep = (answer: KeptAnswer) => writeDurable(kept, `${JSON.stringify(answer)}\n`, { mode: 0o600 })
  const finish = (answer: KeptAnswer, identity: Identity) => {
    // the key stands in the identity now, and shall stand nowhere else
    keep({ code: answer.code, enrolment: answer.enrolment })
    return identity
  }

  const before = readAnswer(kept)
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

function readAnswer(path: string): KeptAnswer | undefined {
  if (!existsSync(path)) return undefined
  try {
    return answerShape.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof z.ZodError)) throw error
    removeIfThere(path)
    return undefined
  }
}
