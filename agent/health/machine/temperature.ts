// The hottest sensor. A virtual machine has none.
import { join } from 'node:path'
import { namesIn, numberIn } from './small-file.ts'

const SENSORS_MAX = 64
/** Sensors that are not connected say 127 or 255 °C, or -55. */
const isPlausible = (celsius: number): boolean => celsius > 0 && celsius < 125

/** °C; undefined without a sensor. Values are in thousandths (Documentation/hwmon/sysfs-interface.rst). */
export function hottestOf(sys: string): number | undefined {
  const chips = namesIn(join(sys, 'class/hwmon')).map(name => join(sys, 'class/hwmon', name))
  const inputs = chips.flatMap(chip =>
    namesIn(chip)
      .filter(name => /^temp\d{1,3}_input$/.test(name))
      .map(name => join(chip, name)),
  )
  const zones = namesIn(join(sys, 'class/thermal'))
    .filter(name => name.startsWith('thermal_zone'))
    .map(name => join(sys, 'class/thermal', name, 'temp'))
  const degrees = [...inputs, ...zones].slice(0, SENSORS_MAX).flatMap(path => {
    const value = numberIn(path)
    return value !== undefined && isPlausible(value / 1000) ? [value / 1000] : []
  })
  return degrees.length === 0 ? undefined : Math.max(...degrees)
}
