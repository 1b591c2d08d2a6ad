// Writes what is made from the table of settings and lies in the repository: the template of the partition CYBERALARM, and
// docs/settings.md. A test compares them with the table.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderPage } from '../agent/settings/render-page.ts'
import { renderTemplate } from '../agent/settings/render-template.ts'

const root = join(import.meta.dirname, '..')
writeFileSync(join(root, 'appliance/rootfs/usr/lib/cyberalarm/config/cyberalarm.conf'), renderTemplate('partition'))
writeFileSync(join(root, 'docs/settings.md'), renderPage())
