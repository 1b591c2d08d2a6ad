// What retention keeps in the register. No address is in any of it. Times are ms since 1970.
export const retentionTables = `
CREATE TABLE IF NOT EXISTS retention_clock (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL) STRICT;
-- hours of arrivals: from when their age counts, and what was wrong with them
CREATE TABLE IF NOT EXISTS arrival_hours (
  name TEXT PRIMARY KEY, since INTEGER NOT NULL, collected INTEGER NOT NULL DEFAULT 0, damage TEXT) STRICT;
-- files of suspicious events. draft: may be there, never read; live: read; dead: replaced, to be removed
CREATE TABLE IF NOT EXISTS suspect_files (
  name TEXT PRIMARY KEY, day TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('draft', 'live', 'dead')),
  first_hour INTEGER NOT NULL, last_hour INTEGER NOT NULL, sha256 BLOB, root BLOB, rows INTEGER, damage TEXT) STRICT;
-- erasures under way: signed when the file is gone
CREATE TABLE IF NOT EXISTS erasures_pending (file TEXT PRIMARY KEY, statement TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS recalls (
  id INTEGER PRIMARY KEY, member INTEGER NOT NULL, gateway INTEGER, rule INTEGER, first_second INTEGER NOT NULL, last_second INTEGER NOT NULL,
  asked_at INTEGER NOT NULL, done_at INTEGER) STRICT;
`
