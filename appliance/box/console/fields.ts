// The two forms, from the table of settings: one wording in vSphere, in files and here.
import { describeSetting, type Setting } from '../../../agent/settings/setting.ts'
import { allSettings } from '../../../agent/settings/table.ts'

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
  readonly name: NonNullable<Setting['console']>['form']
  readonly title: string
  readonly fields: readonly Field[]
  /** The choice between DHCP and a fixed address stands before the fields. */
  readonly hasChoice: boolean
}

const fieldsOf = (form: FormKind['name']): readonly Field[] =>
  allSettings
    .flatMap(({ console: place, ...setting }) => (place?.form === form ? [{ ...setting, place }] : []))
    .sort((a, b) => a.place.position - b.place.position)
    .map(({ place: { isFixedOnly = false }, ...setting }) => ({
      setting: setting.name,
      label: setting.label,
      help: describeSetting(setting, form === 'network' && !isFixedOnly),
      secret: setting.secret === true,
      maxLength: setting.maxLength,
      isFixedOnly,
    }))

export const networkForm: FormKind = { name: 'network', title: 'Network', hasChoice: true, fields: fieldsOf('network') }
export const enrolForm: FormKind = { name: 'enrol', title: 'Enrolment', hasChoice: false, fields: fieldsOf('enrol') }
