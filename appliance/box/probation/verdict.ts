// What the judge found, for the guard's shell: a code in the first line, a sentence in the second.
import { writeDurable } from '../../../agent/lib/durable-file.ts'
import { visibleLines } from '../../../agent/lib/visible.ts'
import { boxPathsBelow } from '../paths.ts'

export function writeVerdict(root: string, { code, text }: { readonly code: string; readonly text: string }): void {
  writeDurable(boxPathsBelow(root).verdict, `${code}\n${visibleLines(text).replaceAll('\n', ' ')}\n`, { mode: 0o644 })
}
