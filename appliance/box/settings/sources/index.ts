// The one table of settings sources, in order of precedence.
import type { BoxPaths } from '../../paths.ts'
import type { RunTool } from '../../tools.ts'
import { configPartition } from './config-partition.ts'
import { consoleSource } from './console-request.ts'
import { guestinfoSource } from './guestinfo.ts'
import { ovfSource } from './ovf.ts'

export const settingsSources = (run: RunTool, paths: BoxPaths) =>
  [
    consoleSource(paths.requestedSettings, paths.takenSettings),
    configPartition(run, paths.configPartition),
    ovfSource(run, paths.devices),
    guestinfoSource(run),
  ] as const
