// The one table of carriers, in order of precedence.
import type { BoxPaths } from '../../paths.ts'
import type { RunTool } from '../../tools.ts'
import { configPartition } from './config-partition.ts'
import { guestinfoCarrier } from './guestinfo.ts'
import { ovfCarrier } from './ovf.ts'
import { wantedCarrier } from './wanted.ts'

export const carriers = (run: RunTool, paths: BoxPaths) =>
  [
    wantedCarrier(paths.wantedSettings, paths.takenSettings),
    configPartition(run, paths.configPartition),
    ovfCarrier(run, paths.devices),
    guestinfoCarrier(run),
  ] as const
