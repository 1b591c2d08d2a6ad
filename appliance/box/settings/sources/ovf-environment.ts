// The settings in an OVF environment document (DSP0243 1.1.1 section 11). Keys that are nobody's business are let be, for the
// platform adds its own; a key that looks like one of ours and is none is told. A document with a DTD is refused.
import type { SettingFault } from '../../../../agent/settings/parse.ts'
import { ovfKey } from '../../../../ova/properties.ts'
import { readXml, XmlError, type XmlNode } from '../../../../ova/xml-read.ts'
import { memberNames } from '../box-settings.ts'
import { sourceFault } from './source.ts'

/** An environment of ours has 3 KiB. The bound also bounds what a hostile one can cost: well below a second. */
export const ENVIRONMENT_MAX_CHARACTERS = 64 * 1024

const NAMESPACE = '{http://schemas.dmtf.org/ovf/environment/1}'

export type Environment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fault'; readonly faults: readonly SettingFault[] }

const byKey = new Map(memberNames.map(name => [ovfKey(name), name]))
/** First words of our names: `network-adress` is meant for us, `vami-DNS` is not. */
const ours = new Set(memberNames.map(name => name.split('.')[0]))

export function readEnvironment(source: string): Environment {
  if (source.length > ENVIRONMENT_MAX_CHARACTERS)
    return { kind: 'fault', faults: [sourceFault(`the OVF environment is longer than ${ENVIRONMENT_MAX_CHARACTERS / 1024} KiB`)] }
  let root: XmlNode
  try {
    root = readXml(source.replace(/^\uFEFF/, ''))
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    const what = `the OVF environment cannot be read (line ${error.line})`
    return { kind: 'fault', faults: [sourceFault(`the OVF environment ${error.message} (line ${error.line})`, what)] }
  }
  if (root.name !== `${NAMESPACE}Environment`)
    return { kind: 'fault', faults: [sourceFault('the OVF environment is another kind of document')] }
  const lines: string[] = []
  const faults: SettingFault[] = []
  // only the environment's own section: those of an <Entity> are another machine's
  const properties = root.children.filter(section => section.name === `${NAMESPACE}PropertySection`).flatMap(section => section.children)
  for (const property of properties) {
    const key = property.attributes.get(`${NAMESPACE}key`) ?? ''
    const value = property.attributes.get(`${NAMESPACE}value`) ?? ''
    const name = byKey.get(key)
    if (property.name !== `${NAMESPACE}Property`) continue
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a line break in a value would be another setting
    if (name !== undefined && /[\u0000-\u001f\u007f]/.test(value))
      faults.push(sourceFault(`OVF property ${key}: its value holds control characters`))
    else if (name !== undefined) lines.push(`${name} = ${value}\n`)
    else if (ours.has(key.toLowerCase().split('-')[0]))
      faults.push(
        sourceFault(
          `there is no OVF property '${key.slice(0, 80)}'; there are ${[...byKey.keys()].join(', ')}`,
          'there is no OVF property of this name',
        ),
      )
  }
  return faults.length > 0 ? { kind: 'fault', faults } : { kind: 'text', text: lines.join('') }
}

/** The document without a secret that stands in it; escaping does not matter, for codes have letters, digits and dashes. */
export const withoutCode = (source: string, code: string): string => (code === '' ? source : source.replaceAll(code, ''))
