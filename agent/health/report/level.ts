// How a check stands, and in what its number is counted.

/** In the order of severity, as they are numbered on the wire. `unknown`: nothing was measured, which is not the same as well. */
export const levels = ['unknown', 'ok', 'warn', 'bad'] as const
export type Level = (typeof levels)[number]

export type Unit = 'none' | 'count' | 'seconds' | 'milliseconds' | 'minutes' | 'hours' | 'days' | 'percent' | 'per-mille' | 'degrees'
