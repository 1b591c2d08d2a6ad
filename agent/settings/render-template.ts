// Settings files to fill in: every setting of a form as a comment that says what it is, and a line to take the # from. Pure.
import type { Form } from './setting.ts'
import { type NamedSetting, settingsOf } from './table.ts'

/** Windows' Notepad breaks no lines. */
const WIDTH = 110

const introductions: Readonly<Record<Exclude<Form, 'ovf'>, readonly string[]>> = {
  partition: [
    'Settings of this CyberAlarm box. Remove the # in front of a line, write your value after the =, and save the file on this drive.',
    'Then eject the drive, put it back into the box and switch the box on. If a value is wrong, the screen of the box shows the line.',
    'All of it is optional: without any change the box uses DHCP and asks for the enrolment code on its screen. Once the box has',
    'used the enrolment code, it deletes it from this file.',
  ],
  server: [
    'Settings of CyberAlarm on this machine, as `name = value` lines. `cyberalarm settings` explains all of them.',
    'After a change, run: cyberalarm-restart',
  ],
}

/** `values` are set; every other line is a comment with an example. */
export function renderTemplate(form: keyof typeof introductions, values: Readonly<Record<string, string>> = {}): string {
  const settings = settingsOf(form).map(setting => `${commentOf(setting)}${lineOf(setting, values[setting.name])}`)
  return [introductions[form].map(line => `# ${line}\n`).join(''), ...settings].join('\n')
}

const lineOf = ({ name, example, default: fallback }: NamedSetting, value: string | undefined): string =>
  value === undefined ? `#${name} = ${example ?? fallback}\n` : `${name} = ${value}\n`

function commentOf({ help, whenEmpty }: NamedSetting): string {
  const text = whenEmpty === undefined ? help : `${help} If empty: ${whenEmpty}.`
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line === undefined || line.length + word.length >= WIDTH) lines.push(`# ${word}`)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return `${lines.join('\n')}\n`
}
