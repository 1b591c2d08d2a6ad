// The version and the number of this release, as package.json states them. Numbers only grow; updates go by them.
import manifest from '../package.json' with { type: 'json' }

export const version: string = manifest.version

export const releaseNumber: number = manifest.release
