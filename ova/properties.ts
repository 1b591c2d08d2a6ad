// What a member can set while the box is being deployed: those rows of the table of settings that are for this form. In OVF a
// key may contain neither dot nor colon (DSP0243 1.1.1 §9.5), so dots become dashes there. Everything may be left empty.
import { type Category, categories, describeSetting } from '../agent/settings/setting.ts'
import { settingsOf } from '../agent/settings/table.ts'

export interface BoxProperty {
  /** The name in `cyberalarm.conf`. */
  readonly setting: string
  readonly category: string
  readonly label: string
  readonly description: string
  readonly default: string
  /** Shown as dots, and not shown again in the settings of the virtual machine. */
  readonly secret: boolean
  readonly maxLength: number
}

/** Numbered, because clients may sort them. */
const titleOf = (category: Category): string => `${Object.keys(categories).indexOf(category) + 1}. ${categories[category]}`

export const boxProperties: readonly BoxProperty[] = settingsOf('ovf').map(setting => ({
  setting: setting.name,
  category: titleOf(setting.category),
  label: setting.label,
  description: describeSetting(setting),
  default: setting.default,
  secret: setting.secret === true,
  maxLength: setting.maxLength,
}))

/** `member.networks` is `member-networks` in OVF. No name of a setting has a dash, so it can be turned back. */
export const ovfKey = (setting: string): string => setting.replaceAll('.', '-')
export const settingOfKey = (key: string): string | undefined => boxProperties.find(property => ovfKey(property.setting) === key)?.setting
