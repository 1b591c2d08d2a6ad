// For each check the tests that make it true for real: a real agent, real sockets and disks, a real systemd or guard, and the words of
// `status`. A new check needs a row here; the test beside this file sees to it that the tests exist and name what they make true.
import type { CheckName } from './report/words.ts'

export interface MadeTrue {
  readonly file: string
  /** A code, or the name of the check, that the test asks for. */
  readonly asks: string
  /** What is not of the machine that the test runs on: a folder stands in for /proc and /sys. */
  readonly standsIn?: true
}

const e2e = (name: string, asks: string): MadeTrue => ({ file: `agent/e2e/${name}.slow.test.ts`, asks })
const appliance = (name: string, asks: string): MadeTrue => ({ file: `appliance/${name}.test.ts`, asks })
/** No test can heat the machine that it runs on, or take its memory. */
const stoodIn = (name: string, asks: string): MadeTrue => ({ ...e2e(name, asks), standsIn: true })

export const madeTrue: Readonly<Record<CheckName, readonly MadeTrue[]>> = {
  settings: [e2e('counts-what-a-restart-costs', 'settings-wrong')],
  'central-set': [{ file: 'scripts/packages/installs.slow.test.ts', asks: 'central-not-set' }],
  enrolment: [e2e('enrols', 'not-enrolled')],
  certificate: [e2e('says-what-the-machine-lacks', 'certificate-ends')],
  inputs: [e2e('works-without-native-code', 'native-missing')],
  central: [e2e('says-what-the-machine-lacks', "'central', 'bad'"), appliance('watchdog.slow', 'central-unreachable')],
  'disk-write': [e2e('survives-full-disk', 'disk-full'), appliance('watchdog.slow', 'disk-full')],
  'disk-errors': [e2e('says-what-the-machine-lacks', 'disk-errors')],
  accounting: [e2e('says-its-own-faults', 'accounting-wrong')],
  reading: [e2e('says-its-own-faults', 'reading-failed')],
  'data-path': [appliance('watchdog.slow', 'data-path-cut'), appliance('watchdog.slow', 'data-path-unproven')],
  watchdog: [appliance('watchdog.slow', 'watchdog-restarted')],
  'gateway-silent': [e2e('says-how-it-is', 'gateway-silent')],
  'gateway-unread': [e2e('says-how-it-is', 'gateway-unread')],
  'gateway-clock': [e2e('says-how-it-is', 'gateway-clock')],
  'gateways-many': [e2e('says-its-own-faults', 'gateways-too-many')],
  'gateway-new': [e2e('says-its-own-faults', 'gateway-new')],
  'kernel-lost': [e2e('says-how-it-is', 'kernel-lost')],
  refused: [e2e('says-how-it-is', 'messages-refused')],
  connections: [e2e('bounds-bad-input', 'connections-refused')],
  stall: [e2e('says-what-the-machine-lacks', 'agent-stalled')],
  'spool-age': [e2e('says-what-the-machine-lacks', 'queue-old')],
  'spool-full': [e2e('says-the-queue-is-full', 'queue-filling')],
  shed: [e2e('says-the-queue-is-full', 'queue-shed')],
  disk: [e2e('says-what-the-machine-lacks', 'disk-low')],
  memory: [stoodIn('says-what-the-machine-lacks', 'memory-low')],
  'memory-pressure': [stoodIn('says-what-the-machine-lacks', 'memory-pressure')],
  'memory-exhausted': [appliance('says-memory.slow', 'memory-exhausted')],
  temperature: [stoodIn('says-what-the-machine-lacks', 'temperature-high')],
  clock: [e2e('says-what-the-machine-lacks', 'clock-off')],
  'clock-jumped': [e2e('says-what-the-machine-lacks', 'clock-jumped')],
  'tls-certificate': [e2e('says-what-the-machine-lacks', 'tls-certificate-ends')],
  'update-metadata': [e2e('checks-for-updates', 'update-check-old')],
  update: [appliance('says-what-was-taken-back.updates', 'update-taken-back'), e2e('checks-for-updates', 'update-available')],
  slots: [appliance('says-what-was-taken-back.updates', 'release-factory-only')],
  release: [e2e('says-its-own-faults', 'release-old')],
  restarts: [e2e('says-what-the-machine-lacks', 'stopped-uncleanly')],
  ledger: [e2e('survives-damaged-files', 'ledger-set-aside')],
  files: [e2e('survives-damaged-files', 'file-restored'), e2e('survives-damaged-files', 'file-lost')],
  'spool-files': [e2e('survives-damaged-files', 'spool-damaged')],
  'sources-forgotten': [e2e('says-its-own-faults', 'sources-forgotten')],
}
