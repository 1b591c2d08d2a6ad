// All that the system says of itself, at one moment. Sensors and files cost little, but nobody needs them every second.
import type { MachineFacts } from '../facts.ts'
import { fileSystemOf, freeOf } from './disk.ts'
import { memoryOf } from './memory.ts'
import { hottestOf } from './temperature.ts'

export interface MachinePaths {
  readonly proc: string
  readonly sys: string
  readonly host: string
}

/** `data`: a folder on the disk with the data. */
export const readMachine = (data: string, paths: MachinePaths): MachineFacts => ({
  disk: freeOf(data),
  ...fileSystemOf(data, paths),
  ...memoryOf(paths),
  hottestCelsius: hottestOf(paths.sys),
})
