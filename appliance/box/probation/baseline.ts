// `cyberalarm-box judge baseline`: what the release that runs is like, measured just before it is left.

import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeDurable } from '../../../agent/lib/durable-file.ts'
import { boxPathsBelow } from '../paths.ts'
import type { Baseline, Sample } from './facts.ts'
import type { Pace } from './pace.ts'
import { readMetadata } from './updater-check.ts'
import { Watch } from './watch.ts'

const MESSAGES_LEAST = 200

export interface JudgeOptions {
  readonly root: string
  readonly pace: Pace
  readonly signal: AbortSignal
  print(text: string): void
}

/** Writes baseline.json. If nothing answers there is nothing to compare with, and the file is removed: the hard limits remain. */
export async function measureBaseline({ root, pace, signal, print }: JudgeOptions): Promise<number> {
  const { baseline: path } = boxPathsBelow(root)
  const sources = (await new Watch(root, [], pace).observer.said())?.sources ?? []
  const watch = new Watch(root, sources, pace)
  const first = await watch.next(signal)
  const metadata = readMetadata(root)
  let last = first
  while (last.atMs - first.atMs < pace.baselineMs) {
    await watch.rounds()
    last = await watch.next(signal)
  }
  const baseline = baselineOf(watch, first, last, await metadata)
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  writeDurable(path, JSON.stringify(baseline), { mode: 0o644 })
  print(`${baseline.version || 'nothing'} runs: ${baseline.receivedPerSecond.toFixed(1)} messages a second`)
  return 0
}

function baselineOf(watch: Watch, first: Sample, last: Sample, metadata: Baseline['metadata']): Baseline {
  const seconds = (last.atMs - first.atMs) / 1000
  const { samples } = watch
  const received = (last.ledger?.received ?? 0) - (first.ledger?.received ?? 0)
  const took = (last.processorSeconds ?? 0) - (first.processorSeconds ?? 0)
  return {
    version: last.said?.version ?? '',
    pid: last.pid,
    startMs: watch.observer.startMs(last),
    sources: (last.said?.sources ?? []).map(({ name, address }) => ({ name, address })),
    hasCanary: watch.roundsBack > 0,
    receivedPerSecond: Math.max(0, received / seconds),
    dropsPerSecond: Math.max(0, ((last.udp?.drops ?? 0) - (first.udp?.drops ?? 0)) / seconds),
    anonymousBytes: Math.max(0, ...samples.map(({ anonymousBytes = 0 }) => anonymousBytes)),
    ...(received >= MESSAGES_LEAST && took > 0 ? { processorSecondsPerMessage: took / received } : {}),
    receipted: last.ledger?.receipted ?? 0,
    hasAnswers: (last.said?.central.lastAnswerAt ?? null) !== null,
    ...(metadata === undefined ? {} : { metadata }),
  }
}
