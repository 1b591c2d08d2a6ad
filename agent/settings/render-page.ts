// docs/settings.md: every setting, where it can be set, and what it means. Pure.
import { type Category, categories } from './setting.ts'
import { allSettings, type NamedSetting } from './table.ts'

const introduction = `# Settings

<!-- Made from the table in agent/settings by make render: change it there. -->

Settings are \`name = value\` lines. A line that begins with \`#\` is a comment. Lists are separated by commas or blanks. An unknown name or a
value out of bounds is an error; all errors are reported at once, with their lines, and the settings from before stay in use.

| | Where settings are made | When they are used |
|---|---|---|
| Virtual machine | the form while the OVA is deployed, the console, guest variables such as \`guestinfo.cyberalarm.host.name\` | at the next start; those of the console at once |
| Flashed box | \`cyberalarm.conf\` on the partition CYBERALARM, the console | at the next start; those of the console at once |
| Linux server | \`/etc/cyberalarm/cyberalarm.conf\` | after \`cyberalarm-restart\`, or a restart of the machine; a restart of the agent alone leaves open sockets as they are |

A running agent takes up changed settings without closing a connection, but for those marked *restart* in the last column: they concern
the listeners, and the agent is restarted for them. TCP connections outlive that; TLS connections are closed, and what is lost by that is
counted (\`cyberalarm status\`). On a Linux server, \`cyberalarm-restart\` does what the change needs; \`systemctl reload cyberalarm-agent\` has the agent read its settings again.

\`cyberalarm settings\` prints the settings in use. In the OVF form a dot in a name is a dash: \`host-name\`. In the tables below, *form* means that the
OVF form and the file of a flashed box ask for the setting; every setting for the appliance can be written into that file.
`

export function renderPage(): string {
  const sections = (Object.keys(categories) as Category[]).map(category => {
    const rows = allSettings.filter(setting => setting.category === category)
    const lines = rows.map(row => `| \`${row.name}\` | ${[meaningOf(row), defaultOf(row), placesOf(row)].map(escapeCell).join(' | ')} |`)
    return `\n## ${categories[category]}\n\n| Setting | Meaning | Default | Where |\n|---|---|---|---|\n${lines.join('\n')}\n`
  })
  return `${introduction}${sections.join('')}`
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|')

const meaningOf = ({ help, example }: NamedSetting): string => (example === undefined ? help : `${help} Example: \`${example}\``)

const defaultOf = ({ default: fallback, whenEmpty }: NamedSetting): string => (fallback === '' ? (whenEmpty ?? '–') : `\`${fallback}\``)

function placesOf({ scope, forms = [], console, needsRestart }: NamedSetting): string {
  const places = [scope === 'box' ? 'appliance' : 'appliance, Linux server']
  if (forms.includes('ovf')) places.push('form')
  if (console !== undefined) places.push('console')
  return `${places.join(', ')}${needsRestart === true ? '; restart' : ''}`
}
