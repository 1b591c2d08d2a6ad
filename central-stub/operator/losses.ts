// What boxes told of what never reached them, or only in part: their accounting is kept with each batch (agent/batch/packed-batch.md).
import * as z from 'zod'

/** Beyond it a figure is no honest one. */
const FIGURE_MAX = 999_999_999_999_999
/** The sum of one figure over all inputs in a batch's accounting; `max` where inputs share the same time. */
const figure = (name: string, join: (figures: readonly string[]) => string) =>
  join(
    ['udp', 'tcp', 'tls', 'nflog'].map(input => `min(coalesce(json_extract(accounting, '$."${input}.lost.${name}"'), 0), ${FIGURE_MAX})`),
  )
const added = (figures: readonly string[]) => figures.join(' + ')
const longest = (figures: readonly string[]) => `max(${figures.join(', ')})`

/** By device. Batches that tell of no loss, nearly all, cost one look for a word. */
export const losses = {
  sql: `SELECT d.device,
      total(${figure('kernel', added)}) AS kernel,
      total(${figure('connections', added)}) AS connections,
      total(${figure('bytes', added)}) AS bytes,
      total(${figure('deaf-ms', longest)}) AS deaf
    FROM batches b JOIN devices d ON d.id = b.device WHERE instr(accounting, '.lost.') > 0 GROUP BY b.device`,
  shape: z
    .object({ device: z.string(), kernel: z.number(), connections: z.number(), bytes: z.number(), deaf: z.number() })
    .transform(({ deaf, ...row }) => ({ ...row, deafSeconds: Math.round(deaf / 100) / 10 })),
}

export type Losses = Omit<z.infer<typeof losses.shape>, 'device'>
export const noLosses: Losses = { kernel: 0, connections: 0, bytes: 0, deafSeconds: 0 }

/** For people; undefined where nothing was lost. */
export function lossesText({ kernel, connections, bytes, deafSeconds }: Losses): string | undefined {
  const parts = [
    ...(kernel > 0 ? [`${kernel} messages dropped by its kernel`] : []),
    ...(connections > 0 ? [`${connections} connections cut, ${bytes} bytes unread`] : []),
    ...(deafSeconds > 0 ? [`not listening for ${deafSeconds} s`] : []),
  ]
  return parts.length === 0 ? undefined : parts.join('; ')
}
