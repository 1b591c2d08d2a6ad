// Part `wire`: bytes that leave the box for each suspicious event, TLS, headers and all, against what else could be done
// with the same messages: `zstd -19` of the lines as they came, and brotli 11 of one JSON object an event.
import { rmSync } from 'node:fs'
import { brotliCompressSync, constants, zstdCompressSync } from 'node:zlib'
import { unpack } from '../../agent/batch/unpack.ts'
import { readLedger } from '../../agent/ledger/ledger-files.ts'
import { pathsBelow } from '../../agent/paths.ts'
import { sums, until } from '../../agent/testing/harness.ts'
import { enrolBox, runAgent, startCentral } from './agent.ts'
import type { Context, Part } from './context.ts'
import { figure } from './numbers.ts'
import { send } from './sender.ts'
import { openTap } from './wire-tap.ts'

/** The slower the messages come, the smaller are the batches, and the more their envelopes weigh. */
const RATES = [1000, 20_000]

interface Sizes {
  readonly suspicious: number
  readonly rows: number
  readonly wireBytes: number
  readonly batchBytes: number
  readonly rawBytes: number
  readonly json: string
  readonly raw: string
}

export const wirePart: Part = {
  name: 'wire',
  title: 'bytes that leave the box',
  run: async context => {
    for (let run = 1; run <= context.runs; run++)
      for (const rate of RATES) {
        const sizes = await measure(context, rate)
        note(context, rate, sizes)
        const each = sizes.wireBytes / sizes.suspicious
        context.say(
          `  ${run}/${context.runs} at ${rate} a second: ${figure(each)} bytes an event, ${figure(sizes.rawBytes / sizes.wireBytes)} times smaller`,
        )
        // the same messages give the same bytes: once is enough for what takes a minute
        if (run === 1 && rate === RATES.at(-1)) compareWith(context, sizes)
      }
  },
}

function note({ results }: Context, rate: number, { suspicious, rows, wireBytes, batchBytes, rawBytes }: Sizes): void {
  results.add(`wire.${rate}.event`, `Bytes on the wire a suspicious message, at ${rate}/s`, 'bytes', wireBytes / suspicious)
  results.add(`wire.${rate}.batch`, `Bytes of batches a suspicious message, at ${rate}/s`, 'bytes', batchBytes / suspicious)
  results.add(`wire.${rate}.row`, `Bytes on the wire an event after merging, at ${rate}/s`, 'bytes', wireBytes / rows)
  results.add(`wire.${rate}.smaller`, `Times smaller than what the gateways sent, at ${rate}/s`, 'times', rawBytes / wireBytes)
}

function compareWith({ results }: Context, { suspicious, json, raw }: Sizes): void {
  const zstd = zstdCompressSync(raw, { params: { [constants.ZSTD_c_compressionLevel]: 19 } }).length
  const brotli = brotliCompressSync(json, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: json.length },
  }).length
  results.add('wire.zstd', 'Bytes a suspicious message, all lines under zstd -19', 'bytes', zstd / suspicious)
  results.add('wire.brotli', 'Bytes a suspicious message, JSON events under brotli 11', 'bytes', brotli / suspicious)
}

async function measure({ temporary, quick, workload }: Context, rate: number): Promise<Sizes> {
  const count = Math.min(workload.messages.length, rate * (rate > 1000 ? (quick ? 0.5 : 5) : quick ? 4 : 10))
  const central = await startCentral(temporary)
  const tap = await openTap(Number(new URL(central.url).port))
  const root = await enrolBox(temporary, central, `https://127.0.0.1:${tap.port}`)
  const enrolment = tap.bytesUp()
  const running = await runAgent(root, 'udp')
  try {
    await send({ file: workload.file, count, rate, port: running.port })
    const status = await until(
      () => running.agent.status(),
      now => sums(now).received >= count && sums(now).waiting + sums(now).spooled === 0,
      60_000,
    )
    const { sent, merged } = sums(status)
    const raw = workload.messages.slice(0, count)
    const known = workload.truth.slice(0, count).filter(({ suspicious }) => suspicious).length
    return {
      // what the generator says is suspicious, whatever the agent thinks of it
      suspicious: known > 0 ? known : sent + merged,
      rows: sent,
      wireBytes: tap.bytesUp() - enrolment,
      batchBytes: status.central.bytesSent,
      rawBytes: raw.reduce((sum, message) => sum + message.length, 0),
      json: eventsAsJson(pathsBelow(root).ledger),
      raw: raw.join('\n'),
    }
  } finally {
    await running.stop()
    tap.close()
    await central.kill()
    rmSync(root, { recursive: true, force: true })
  }
}

/** What left the box, one JSON object a line. */
function eventsAsJson(ledger: string): string {
  const lines: string[] = []
  for (const { entry } of readLedger(ledger)) {
    if (entry.kind !== 'batch') continue
    const batch = unpack(Buffer.from(entry.body, 'base64'))
    for (let row = 0; row < batch.rows; row++) lines.push(JSON.stringify(batch.event(row)))
  }
  return lines.join('\n')
}
