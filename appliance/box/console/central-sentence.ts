// How the box stands with central, in one sentence and at most one piece of advice. A table: the first row that holds is said.
import { advice } from '../../../agent/errors.ts'
import { agoText, spanText } from '../../../agent/lib/table.ts'
import type { AgentStatus, Facts } from './facts.ts'

export interface Sentence {
  readonly light: 'good' | 'warn' | 'bad'
  readonly text: string
  readonly advice?: string
}

/** A box that was started a moment ago is not in trouble yet. */
const STARTING_S = 120

const firstLine = (text: string): string => text.split('\n')[0]
const restOf = (text: string): string => text.split('\n').slice(1).join(' ').trim()

function enrolment({ enrolment: report }: Facts): Sentence | undefined {
  if (report?.state === 'trying')
    return { light: 'warn', text: 'Enrolling this box with central', advice: [report.text, report.advice].filter(Boolean).join(' ') }
  if (report?.state === 'refused')
    return { light: 'bad', text: `The enrolment was refused: ${report.text ?? ''}`, advice: report.advice ?? '' }
  if (report?.state === 'enrolled') return { light: 'warn', text: 'Enrolled; the agent takes its identity up', advice: '' }
  return { light: 'warn', text: 'Not enrolled: nothing is sent to central yet', advice: 'Press E and type the enrolment code.' }
}

function trouble({ central }: AgentStatus, now: number): Sentence | undefined {
  if (central.failure === null) return undefined
  const seconds = central.retryAt === null ? 0 : Math.round((Date.parse(central.retryAt) - now) / 1000)
  const again = seconds > 0 ? ` Next attempt in ${spanText(seconds)}.` : ''
  return {
    light: 'bad',
    text: `Trouble with central: ${firstLine(central.failure.text)}`,
    advice: `${restOf(central.failure.text)}${again}`.trim(),
  }
}

function connected({ central }: AgentStatus, now: number): Sentence {
  return central.lastReceiptAt === null
    ? { light: 'good', text: 'Enrolled with central; nothing had to be sent since the agent started' }
    : { light: 'good', text: `Connected to central, last receipt ${agoText(central.lastReceiptAt, now)}` }
}

export function centralSentence(facts: Facts): Sentence {
  const { agent, now } = facts
  if (facts.settings?.isDataLost === true)
    return {
      light: 'bad',
      text: 'The partition for data cannot be used: nothing that this box learns outlasts a restart',
      advice:
        'Restart this box. If it stays so, its disk has failed: set the box up on another disk, and enrol it there with a fresh code.',
    }
  if (facts.addresses.length === 0)
    return {
      light: 'warn',
      text: 'Waiting for the network: this box has no address yet',
      advice: 'Check the cable or the virtual network card. Without DHCP here, press N and set a fixed address.',
    }
  if (agent.kind === 'silent' && facts.upSeconds < STARTING_S) return { light: 'warn', text: 'The agent is starting ...' }
  if (agent.kind === 'silent')
    return {
      light: 'bad',
      text: `The agent does not answer: ${agent.text}`,
      advice: advice['agent-not-running'],
    }
  if (agent.status.device === null) return enrolment(facts) ?? connected(agent.status, now)
  return trouble(agent.status, now) ?? connected(agent.status, now)
}
