// How often the kernel killed the agent for want of memory. The next agent's control group is a new one, whose counter begins at 0, so
// the unit notes the time of each kill (ExecStopPost=, $SERVICE_RESULT of systemd.exec(5)).
import { smallFile } from './small-file.ts'

const DAY_MS = 86_400_000

/** Lines of seconds since 1970: how many are of the last 24 hours. `now` is in ms; a clock that was set does not bring kills back. */
export const killsIn = (text: string, now: number): number =>
  text.split('\n').filter(line => /^\d{1,12}$/.test(line) && Math.abs(now - Number(line) * 1000) < DAY_MS).length

/** `ofGroup`: what the present control group counts. Undefined where nothing tells. */
export function memoryKills(path: string, ofGroup: number | undefined, now: number): number | undefined {
  const text = smallFile(path)
  return text === undefined ? ofGroup : Math.max(ofGroup ?? 0, killsIn(text, now))
}
