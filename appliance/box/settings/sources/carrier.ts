// What a carrier is: a way on which a member's settings come to the box, as one whole text.

export const carrierNames = ['console', 'config', 'ovf', 'guestinfo'] as const
/** In order of precedence: when several changed at once, the first of them goes. */
export type CarrierName = (typeof carrierNames)[number]

export interface CarrierText {
  readonly kind: 'text'
  readonly text: string
  /** How faults name it. */
  readonly file: string
  /** Takes the code out of the carrier, and proves it. '' when that is done, else why it is not and what to do, for people. */
  wipe(): Promise<string>
}

export type Reading =
  | { readonly kind: 'absent' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'fault'; readonly fault: string }
  | CarrierText

export interface Carrier {
  readonly name: CarrierName
  read(): Promise<Reading>
}
