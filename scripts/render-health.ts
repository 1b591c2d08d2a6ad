// Makes the table of docs/health.md anew from the checks. A test compares them.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withTable } from '../agent/health/render-page.ts'

const path = join(import.meta.dirname, '../docs/health.md')
writeFileSync(path, withTable(readFileSync(path, 'utf8')))
