// The two forms as tables. Labels, help and lengths are those of the deployment properties: one wording in vSphere and here.
import { boxProperties } from '../../../ova/properties.ts'

export interface Field {
  /** Name of the setting. */
  readonly setting: string
  readonly label: string
  readonly help: string
  readonly secret: boolean
  readonly maxLength: number
  /** Asked for only with a fixed address. */
  readonly isFixedOnly: boolean
}

export interface FormKind {
  readonly name: 'network' | 'enrol'
  readonly title: string
  readonly fields: readonly Field[]
  /** The choice between DHCP and a fixed address stands before the fields. */
  readonly hasChoice: boolean
}

function field(setting: string, over: Partial<Field> = {}): Field {
  const property = boxProperties.find(one => one.setting === setting)
  if (property === undefined) throw new RangeError(`there is no property '${setting}'`)
  const { label, description, secret, maxLength } = property
  return { setting, label, help: description, secret, maxLength, isFixedOnly: false, ...over }
}

export const networkForm: FormKind = {
  name: 'network',
  title: 'Network',
  hasChoice: true,
  fields: [
    field('network.address', { isFixedOnly: true, help: 'With prefix length, e.g. 192.0.2.10/24; several separated by commas.' }),
    field('network.gateway', { isFixedOnly: true }),
    field('network.dns'),
    field('time.servers'),
    field('uplink.proxy'),
    field('host.name'),
  ],
}

export const enrolForm: FormKind = {
  name: 'enrol',
  title: 'Enrolment',
  hasChoice: false,
  fields: [
    field('enrolment.code', { help: 'The single-use code you were given: 17 letters and digits. Small letters and dashes do not matter.' }),
    field('member.networks'),
  ],
}
