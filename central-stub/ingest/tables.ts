// What the register keeps of each batch without its events: for the receipt of a repeat, for sums of what was shed, for quotas.
export const ingestTables = `
CREATE TABLE IF NOT EXISTS batches (
  device INTEGER NOT NULL, sequence INTEGER NOT NULL, hash BLOB NOT NULL, stored_at INTEGER NOT NULL, hour TEXT NOT NULL,
  rows INTEGER NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL, accounting TEXT NOT NULL, clock INTEGER NOT NULL,
  PRIMARY KEY (device, sequence)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sheds (
  device INTEGER NOT NULL, hash BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, last_hash BLOB NOT NULL,
  stored_at INTEGER NOT NULL, rows INTEGER NOT NULL, messages INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (device, hash)) STRICT, WITHOUT ROWID;
`
