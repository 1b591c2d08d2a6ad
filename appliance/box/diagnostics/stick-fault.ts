// What can go wrong between this box and a USB stick, as one table: a code that never changes its meaning, and what to do.

const stickAdvice = {
  'stick-missing': 'Plug it in and try again. In a virtual machine, connect the stick to the machine first.',
  'stick-write-protected': 'Move its write-protect switch, or use another stick.',
  'stick-format-wrong': 'Format it as FAT32 on a PC (this erases it), or use another stick.',
  'stick-full': 'Delete files from it, or use another stick.',
  'stick-silent': 'Use another stick.',
  'stick-damaged': 'The stick is faulty. Use another one.',
  'stick-file-missing': 'Copy the file from the helpdesk onto the stick under this name, not into a folder.',
  'box-full': 'Call the helpdesk.',
  'tool-missing': 'Call the helpdesk.',
  'diagnostics-too-long': 'Call the helpdesk.',
  unexpected: 'Try again with another stick. If this persists, call the helpdesk.',
} as const

export type StickCode = keyof typeof stickAdvice

export class StickFault extends Error {
  readonly code: StickCode
  constructor(code: StickCode, detail: string) {
    super(detail)
    this.code = code
  }
}

/** As the console is told of it. */
export function stickFailure(error: unknown): { readonly code: StickCode; readonly detail: string; readonly advice: string } {
  const code = error instanceof StickFault ? error.code : 'unexpected'
  return { code, detail: error instanceof Error ? error.message : String(error), advice: stickAdvice[code] }
}
