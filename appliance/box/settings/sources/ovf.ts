// The OVF environment: what was filled in while the machine was deployed. vSphere hands it over as a variable of the guest,
// others (and vSphere, where that transport is chosen) on a CD with ovf-env.xml.
import { readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isErrorWithCode } from '../../../../agent/lib/durable-file.ts'
import type { RunTool } from '../../tools.ts'
import { readMember } from '../box-settings.ts'
import { getVariable, setVariable } from './guest-variables.ts'
import { readIsoFile } from './iso9660.ts'
import { ENVIRONMENT_MAX_CHARACTERS, readEnvironment, withoutCode } from './ovf-environment.ts'
import type { Reading, SettingsSource } from './source.ts'

const VARIABLE = 'guestinfo.ovfEnv'
const DRIVES_MAX = 4
const DRIVE_MS = 10_000
/** ISO 9660 level 1 has no dash: writers put an underscore there. */
const fileName = /^ovf[-_]env\.xml$/i
const FILE = 'OVF environment'

export function ovfSource(run: RunTool, devices: string, driveMs = DRIVE_MS): SettingsSource {
  const read = async (): Promise<Reading> => {
    const variable = await getVariable(run, VARIABLE)
    if (variable.kind === 'value') return readingOf(variable.value, typed => wipeVariable(run, variable.value, typed))
    for (const drive of drivesBelow(devices)) {
      const source = await Promise.race([readDrive(drive), late(driveMs)])
      if (source !== undefined)
        return readingOf(source, async () => 'the CD with the OVF environment cannot be wiped: take it out of the machine')
    }
    return { kind: variable.kind === 'none' ? 'empty' : 'absent' }
  }
  return { name: 'ovf', read }
}

function readingOf(source: string, wipe: (typed: string) => Promise<string>): Reading {
  const environment = readEnvironment(source)
  if (environment.kind === 'fault') return environment
  const { text } = environment
  return { kind: 'text', text, file: FILE, wipe: () => wipe(readMember(text, FILE).stated.get('enrolment.code')?.value ?? '') }
}

async function wipeVariable(run: RunTool, source: string, typed: string): Promise<string> {
  const isGone = await setVariable(run, VARIABLE, withoutCode(source, typed))
  return isGone ? '' : 'the code could not be wiped from the OVF environment: remove it from the vApp options of the machine'
}

function drivesBelow(devices: string): string[] {
  try {
    const names = readdirSync(devices).filter(name => /^sr\d+$/.test(name))
    return names
      .sort()
      .slice(0, DRIVES_MAX)
      .map(name => join(devices, name))
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return []
    throw error
  }
}

/** A drive that does not answer is as empty: the network waits for us. What was asked of it is left to the kernel. */
const late = (ms: number): Promise<undefined> => sleep(ms, undefined, { ref: false })

/** The document on the disc in a drive; undefined if there is no disc, or another one. */
async function readDrive(path: string): Promise<string | undefined> {
  try {
    const drive = await open(path, 'r')
    try {
      const read = async (position: number, length: number) => {
        const { bytesRead, buffer } = await drive.read(Buffer.alloc(length), 0, length, position)
        return buffer.subarray(0, bytesRead)
      }
      return (await readIsoFile(read, fileName, ENVIRONMENT_MAX_CHARACTERS))?.toString('utf8')
    } finally {
      await drive.close()
    }
  } catch (error) {
    // whatever the system says: no disc in it (ENOMEDIUM, which Node.js has no name for), a scratched one, a drive that is gone
    if (error instanceof Error && 'errno' in error) return undefined
    throw error
  }
}
