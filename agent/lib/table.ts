// Tables for a terminal: columns as wide as needed, numbers aligned to the right.
import { visible } from './visible.ts'

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map(row => row.map(cell => visible(String(cell))))]
  const widths = head.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  const isNumeric = head.map((_, column) => rows.length > 0 && rows.every(row => /^[-+\d.,: %/sBKMGi]*$/.test(String(row[column]))))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (isNumeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd()
  return [line(head), widths.map(width => '─'.repeat(width)).join('  '), ...cells.slice(1).map(line)].join('\n')
}

/** A whole number with thousands separators. */
export const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

/** Bytes for people, in binary units (IEC 80000-13). */
export function bytesText(bytes: number): string {
  let value = bytes
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1024 || unit === 'GiB') return `${unit === 'B' ? value : value.toFixed(1)} ${unit}`
    value /= 1024
  }
  return ''
}

/** How long ago, roughly. */
export function agoText(iso: string | null, now: number): string {
  if (iso === null) return 'never'
  return `${spanText(Math.max(0, Math.round((now - Date.parse(iso)) / 1000)))} ago`
}

/** A span of time in its usual unit; negative spans have a sign. */
export function spanText(seconds: number): string {
  const size = Math.abs(seconds)
  if (size < 120) return `${Math.round(seconds * 10) / 10} s`
  if (size < 7200) return `${Math.round(seconds / 60)} min`
  return size < 172_800 ? `${Math.round(seconds / 3600)} h` : `${grouped(Math.round(seconds / 86_400))} days`
}
