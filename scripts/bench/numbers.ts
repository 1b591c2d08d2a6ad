// Medians and percentiles.

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** By interpolation between the two nearest ranks; NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.filter(value => !Number.isNaN(value)).sort((a, b) => a - b)
  if (sorted.length === 0) return Number.NaN
  const place = ((sorted.length - 1) * percent) / 100
  const low = sorted[Math.floor(place)]
  const high = sorted[Math.ceil(place)]
  // what never came is infinite, and infinite less infinite is no number
  return low === high ? low : low + (high - low) * (place - Math.floor(place))
}

/** Three figures that matter, with marks between thousands. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return value === Number.POSITIVE_INFINITY ? 'never' : '-'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
