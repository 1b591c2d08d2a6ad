// What an image brings of settings: which of the kernel's groups it listens to, and how its boxes find central.
import { Failure } from '../../agent/errors.ts'
import { parseSettings } from '../../agent/settings/table.ts'

/**
 * The text of image.conf from CENTRAL_URL= and CENTRAL_PINS=, both empty if each appliance is to be told in another way. Throws where the agent would
 * refuse them on every box that is made of the image.
 */
export function imageSettings(url: string, pins: string): string {
  if ((url === '') !== (pins === ''))
    throw new Failure(
      'settings-wrong',
      `CENTRAL_URL= and CENTRAL_PINS= are stated together: ${url === '' ? 'there is no URL' : 'there are no pins'}`,
    )
  const central = url === '' ? [] : [`central.url = ${url}`, `central.pins = ${pins}`]
  const text = ["# What this image brings. A member's own settings come before these.", 'nflog.groups = 514', ...central, ''].join('\n')
  parseSettings(text, 'CENTRAL_URL= and CENTRAL_PINS=')
  return text
}
