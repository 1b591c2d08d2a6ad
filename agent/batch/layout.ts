// The layout of a packed batch, shared by writer and reader. packed-batch.md explains it column by column.

export const PACK_FORMAT = 1

/** Columns in the order in which they follow the head. Only ever appended to. */
export const columnNames = [
  'address4',
  'address6',
  'pseudonym',
  'addressKind',
  'kinds',
  'kind',
  'time',
  'duration',
  'source',
  'destination',
  'sourcePort',
  'sourcePortLiteral',
  'destinationPort',
  'destinationPortLiteral',
  'destinationPortTable',
  'bytes',
  'packets',
  'count',
  'clock',
] as const
/** Columns that every batch has; those after them were added later, and an older box leaves them out. */
export const FIRST_COLUMNS = 18
export type ColumnName = (typeof columnNames)[number]

/** Times travel in whole seconds: RFC 6302 asks for no more beside the source port. */
export const TIME_UNIT_MS = 1000

/** Kinds in the address dictionary. */
export const AddressKind = { ipv4: 0, ipv6: 1, pseudonym: 2 } as const

/** Symbols of the two address columns; an address seen before is its number in the dictionary and `firstKnown`. */
export const EndpointSymbol = { fresh: 0, absent: 1, firstKnown: 2 } as const

/** Symbols of the two port columns; a destination port's index in the table is its symbol less `FIRST_LISTED`. */
export const PortSymbol = { absent: 0, followsSource: 1, literal: 2, firstListed: 3 } as const
export const PORT_TABLE_MAX = 200

/** The largest number of a batch: what six bytes of a frame hold. */
export const SEQUENCE_MAX = 2 ** 48 - 1
/** 9999-12-31, the last time that ISO 8601 writes with four digits of year; in seconds. */
export const TIME_MAX_SECONDS = 253_402_300_799

/** A full batch of nothing but what does not compress has 5 MiB; the rest is for columns of later versions. */
export const UNPACKED_MAX_BYTES = 8 * 1024 * 1024
export const COLUMNS_MAX = 64
export const REASONS_MAX = 256
export const ACCOUNTING_MAX = 512
export const NAME_MAX_CHARACTERS = 64
/** Names of rules and counters. They are stored, and shown on terminals. */
export const NAME_FORM = /^[a-z][a-z0-9.-]*$/

export interface Head {
  readonly format: number
  readonly rows: number
  readonly messages: number
  /** Seconds since 1970 of the earliest event. */
  readonly base: number
  /** Length of each column in bytes, in the order of `columnNames`. */
  readonly lengths: readonly number[]
  /** Names of the triage rules that column `kinds` points to. */
  readonly reasons: readonly string[]
  /** What the agent counted since the batch before, by name. */
  readonly accounting: Readonly<Record<string, number>>
}
