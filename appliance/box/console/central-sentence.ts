// How the box stands with central, in one sentence and at most one piece of advice. A table: the first row that holds is said.
import { agoText, spanText } from '../../../agent/lib/table.ts'
import { boxAdvice } from './box-advice.ts'
import { type AgentStatus, agentFindings, type Facts } from './facts.ts'

export interface Sentence {
  readonly light: 'good' | 'warn' | 'bad'
  readonly text: string
  readonly advice?: string
  /** Of the finding that it says: the list below does not say it again. */
  readonly code?: string
}

/** A box that was started a moment ago is not in trouble yet. */
const STARTING_S = 120

/** Findings of the agent that keep it from central whatever else is well. */
const missing = ['central-not-set', 'identity-damaged', 'certificate-expired']

function whatIsMissing(facts: Facts): Sentence | undefined {
  const found = agentFindings(facts).find(({ code }) => missing.includes(code))
  return found && { light: 'bad', text: `${found.detail} [${found.code}]`, advice: boxAdvice(found.code, found.advice), code: found.code }
}

function enrolment({ enrolment: report }: Facts): Sentence {
  const code = 'not-enrolled'
  const failure = report?.failure
  switch (report?.state) {
    case 'trying':
      return {
        light: 'warn',
        text: 'Enrolling this box with central',
        ...(failure === undefined ? {} : { advice: `${failure.detail}. ${boxAdvice(failure.code, failure.advice)}` }),
        code,
      }
    case 'refused':
      return {
        light: 'bad',
        text: `The enrolment was refused: ${failure?.detail ?? 'no reason given'}`,
        ...(failure === undefined ? {} : { advice: boxAdvice(failure.code, failure.advice) }),
        code,
      }
    case 'enrolled':
      return { light: 'warn', text: 'Enrolled; the agent is loading its new identity', code }
    default:
      return {
        light: 'warn',
        text: 'Not enrolled: nothing is sent to central yet',
        advice: boxAdvice('not-enrolled'),
        code,
      }
  }
}

function trouble({ central: { failure, retryAt } }: AgentStatus, now: number): Sentence | undefined {
  if (failure === null) return undefined
  const seconds = retryAt === null ? 0 : Math.round((Date.parse(retryAt) - now) / 1000)
  const again = seconds > 0 ? ` Next attempt in ${spanText(seconds)}.` : ''
  return {
    light: failure.code === 'central-busy' ? 'warn' : 'bad',
    text: `Cannot send to central: ${failure.detail} [${failure.code}]`,
    advice: `${boxAdvice(failure.code, failure.advice)}${again}`,
    code: failure.code,
  }
}

const connected = ({ central }: AgentStatus, now: number): Sentence => ({
  light: 'good',
  text:
    central.lastReceiptAt === null
      ? 'Enrolled with central; nothing to send since the agent started'
      : `Connected to central, last receipt ${agoText(central.lastReceiptAt, now)}`,
})

export function centralSentence(facts: Facts): Sentence {
  const { agent, now } = facts
  if (facts.settings?.isDataLost === true)
    return {
      light: 'bad',
      text: 'The data partition cannot be mounted: settings and enrolment are lost at the next restart',
      advice: 'Restart this box. If this persists, replace its disk and enrol the box again with a new code.',
    }
  if (facts.addresses.length === 0)
    return {
      light: 'warn',
      text: 'Waiting for the network: this box has no IP address yet',
      advice: 'Check the cable or the virtual network card. If there is no DHCP here, press N and set a fixed address.',
    }
  if (agent.kind === 'silent' && facts.upSeconds < STARTING_S) return { light: 'warn', text: 'The agent is starting ...' }
  if (agent.kind === 'silent')
    return { light: 'bad', text: `The agent does not answer: ${agent.text}`, advice: boxAdvice('agent-not-running') }
  const { status } = agent
  return whatIsMissing(facts) ?? (status.device === null ? enrolment(facts) : (trouble(status, now) ?? connected(status, now)))
}
