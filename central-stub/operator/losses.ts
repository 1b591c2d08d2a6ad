// What boxes told of what never reached them, or only in part: their accounting is kept with each batch (agent/batch/packed-batch.md).
import * as z from 'zod'

const number = z.bigint().transform(Number)
/** The sum of one figure over all inputs in a batch's accounting; `greatest` where inputs share the same time. */
const figure = (name: string, join: (figures: readonly string[]) => string) =>
  join(
    ['udp', 'tcp', 'tls', 'nflog'].map(
      input => `coalesce(TRY_CAST(regexp_extract(accounting, '"${input}\\.lost\\.${name}":([0-9]{1,15})[,}]', 1) AS BIGINT), 0)`,
    ),
  )
const added = (figures: readonly string[]) => figures.join(' + ')
const longest = (figures: readonly string[]) => `greatest(${figures.join(', ')})`

/** By device. Batches that tell of no loss, nearly all, cost one look for a word. */
export const losses = {
  sql: `SELECT device,
      sum(${figure('kernel', added)})::BIGINT AS kernel,
      sum(${figure('connections', added)})::BIGINT AS connections,
      sum(${figure('bytes', added)})::BIGINT AS bytes,
      sum(${figure('deaf-ms', longest)})::BIGINT AS deaf
    FROM batches WHERE contains(accounting, '.lost.') GROUP BY device`,
  shape: z
    .object({ device: z.string(), kernel: number, connections: number, bytes: number, deaf: number })
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
