// What was measured, by name: each with the values of all runs. Everything that is printed or drawn is read from here.
import { median } from './numbers.ts'

export interface Measure {
  /** What and of whom, such as `syslog.cost.agent`. */
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly values: number[]
  note?: string
}

export class Results {
  readonly measures = new Map<string, Measure>()
  /** Programs that could not be compared with, and why. */
  readonly missing: { name: string; reason: string }[] = []
  /** Parts that failed, with the error. */
  readonly failures: { part: string; reason: string }[] = []

  add(name: string, title: string, unit: string, ...values: readonly number[]): Measure {
    const measure = this.measures.get(name) ?? { name, title, unit, values: [] }
    measure.values.push(...values)
    this.measures.set(name, measure)
    return measure
  }

  /** Median of all runs; NaN if it was not measured. */
  of(name: string): number {
    return median(this.measures.get(name)?.values ?? [])
  }

  toJson(): object[] {
    return [...this.measures.values()].map(measure => ({ ...measure, median: median(measure.values) }))
  }
}
