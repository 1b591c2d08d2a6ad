// What a settings source is: a way on which a member's settings come to the box, as one whole text.
import type { SettingFault } from '../../../../agent/settings/parse.ts'

export const sourceNames = ['console', 'config', 'ovf', 'guestinfo'] as const
/** In order of precedence: when several changed at once, the first of them goes. */
export type SourceName = (typeof sourceNames)[number]

export interface SourceText {
  readonly kind: 'text'
  readonly text: string
  /** How faults name it. */
  readonly file: string
  /** Takes the code out of the source, and proves it. '' when that is done, else why it is not and what to do, for people. */
  wipe(): Promise<string>
}

export type Reading =
  | { readonly kind: 'absent' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'fault'; readonly faults: readonly SettingFault[] }
  | SourceText

/** A fault of a source as a whole; `problem` says it without what was typed. */
export const sourceFault = (text: string, problem = text): SettingFault => ({ line: 0, setting: '', problem, text })
export const refusal = (text: string): Reading => ({ kind: 'fault', faults: [sourceFault(text)] })

export interface SettingsSource {
  readonly name: SourceName
  read(): Promise<Reading>
}
