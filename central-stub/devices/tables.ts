// What the register keeps of members, their devices and what those sent, apart from the events. Times are ms since 1970, UTC.
export const devicesTables = `
CREATE TABLE IF NOT EXISTS members (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS devices (
  id INTEGER PRIMARY KEY, device TEXT NOT NULL UNIQUE, member INTEGER NOT NULL, enrolled_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS certificates (
  fingerprint BLOB PRIMARY KEY, device INTEGER NOT NULL, public_key BLOB NOT NULL,
  issued_at INTEGER NOT NULL, not_after INTEGER NOT NULL, revoked_at INTEGER) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS certificates_of_device ON certificates (device);
CREATE TABLE IF NOT EXISTS codes (
  hash BLOB PRIMARY KEY, member INTEGER NOT NULL, expires_at INTEGER NOT NULL, spent_at INTEGER, device INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heads (
  device INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS health (
  device TEXT PRIMARY KEY, received_at INTEGER NOT NULL, report BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS health_changes (
  device TEXT NOT NULL, changed_at INTEGER NOT NULL, number INTEGER NOT NULL, level TEXT NOT NULL, value INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS health_changes_of_device ON health_changes (device, changed_at);
`
