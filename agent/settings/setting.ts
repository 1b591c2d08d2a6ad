// What one row of the table of settings says, and how it says it to people. Everything that shows, asks for or documents a
// setting is made from its row.
import type { ReadableSetting } from './parse.ts'

/** In the order in which forms and pages show them. */
export const categories = {
  enrolment: 'Enrolment',
  organisation: 'Your organisation',
  network: 'Network of this box (leave empty for DHCP)',
  listening: 'Listening',
  storage: 'Disk space',
  updates: 'Updates',
} as const
export type Category = keyof typeof categories

/** Forms beside the settings file: a virtual machine's properties, the file on the partition CYBERALARM, that of a Linux package. */
export type Form = 'ovf' | 'partition' | 'server'

export interface Setting extends ReadableSetting {
  /** `agent`: on every machine; `box`: on the appliance alone. */
  readonly scope: 'agent' | 'box'
  readonly category: Category
  /** At most 21 letters: the console has no more room. */
  readonly label: string
  /** One or two sentences for `cyberalarm settings`, every form and the documentation. */
  readonly help: string
  /** What holds where it is left empty. */
  readonly whenEmpty?: string
  /** Shown in forms and, behind a #, in templates; without it, the default is. */
  readonly example?: string
  /** Characters that a form takes. */
  readonly maxLength: number
  readonly forms?: readonly Form[]
  readonly console?: {
    readonly form: 'network' | 'enrol'
    readonly position: number
    /** Asked for only with a fixed address. */
    readonly isFixedOnly?: boolean
  }
  /** Its value may hold names of machines of the member, which no file for the helpdesk may hold. */
  readonly holdsNames?: boolean
  /**
   * A change of it takes a restart of the agent, which closes the connections of firewalls. Every other setting of the agent is taken
   * up while it runs.
   */
  readonly needsRestart?: boolean
  /** systemd opens it before the agent runs. */
  readonly isForUnits?: boolean
}

/** What a form says of a setting. `isOptional`: it may be left empty there. */
export function describeSetting({ help, whenEmpty, example }: Setting, isOptional = true): string {
  const empty = isOptional && whenEmpty !== undefined ? ` If empty: ${whenEmpty}.` : ''
  return `${help}${empty}${example === undefined ? '' : ` Example: ${example}`}`
}
