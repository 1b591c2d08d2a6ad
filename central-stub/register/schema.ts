// The tables of the register: each module says its own, this joins them.
import { auditTables } from '../audit/tables.ts'
import { devicesTables } from '../devices/tables.ts'
import { findingsTables } from '../findings/tables.ts'
import { ingestTables } from '../ingest/tables.ts'
import { retentionTables } from '../retention/tables.ts'

/** Of the tables; a later release that changes one raises it, and moves what an older one left. */
export const REGISTER_VERSION = 1

export const registerTables: readonly string[] = [
  'CREATE TABLE IF NOT EXISTS register (version INTEGER NOT NULL) STRICT;',
  devicesTables,
  ingestTables,
  findingsTables,
  auditTables,
  retentionTables,
]
