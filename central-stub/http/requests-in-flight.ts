// Counts requests of devices from before their bodies are read until they are answered, so that the memory they take is
// bounded whatever devices do.
import { Refusal } from '../refusals.ts'

export interface RequestLimits {
  readonly perDevice: number
  readonly total: number
}

/** 32 bodies of 4 MiB are 128 MiB. */
export const requestLimits: RequestLimits = { perDevice: 8, total: 32 }

export class RequestsInFlight {
  private readonly counts = new Map<string, number>()
  private readonly limits: RequestLimits
  private total = 0

  constructor(limits: RequestLimits) {
    this.limits = limits
  }

  /** Refusal device-busy or central-busy; otherwise what ends the request, to be called once. */
  enter(device: string): () => void {
    const count = this.counts.get(device) ?? 0
    if (count >= this.limits.perDevice) throw new Refusal('device-busy', { retryAfterSeconds: 1 })
    if (this.total >= this.limits.total) throw new Refusal('central-busy', { retryAfterSeconds: 5 })
    this.counts.set(device, count + 1)
    this.total++
    return () => this.leave(device)
  }

  private leave(device: string): void {
    const left = (this.counts.get(device) ?? 1) - 1
    if (left > 0) this.counts.set(device, left)
    else this.counts.delete(device)
    this.total--
  }
}
