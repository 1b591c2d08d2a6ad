// Tables of the register that hold findings. Times are ms since 1970.

export const findingsTables = `
CREATE TABLE IF NOT EXISTS findings (
  id INTEGER PRIMARY KEY,
  rule TEXT NOT NULL,
  -- 16 bytes; IPv4 as ::ffff:a.b.c.d
  source BLOB NOT NULL,
  -- 0 IPv4, 1 IPv6, 2 pseudonym
  source_kind INTEGER NOT NULL,
  -- the port of a horizontal scan (that of most addresses) and of got-in, the signature of a detection; else 0
  detail INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  found_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  technique TEXT NOT NULL,
  confidence INTEGER NOT NULL,
  grade TEXT NOT NULL,
  handshake INTEGER NOT NULL,
  consequence INTEGER NOT NULL,
  aim TEXT NOT NULL,
  -- the most that the rule counted at once
  amount INTEGER NOT NULL,
  proven INTEGER NOT NULL,
  allowed INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS findings_open ON findings (rule, source, detail, last_at);
CREATE TABLE IF NOT EXISTS finding_members (
  finding INTEGER NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
  member INTEGER NOT NULL,
  -- the address that was reached, where the rule is about one
  target BLOB,
  target_kind INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  letter TEXT NOT NULL,
  network TEXT
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS finding_members_once ON finding_members (finding, member, coalesce(target, x''));
CREATE TABLE IF NOT EXISTS finding_evidence (
  finding INTEGER NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
  member INTEGER NOT NULL,
  device INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (finding, member, device, sequence)
) STRICT, WITHOUT ROWID;
-- what retention keeps: every event of these sources at these members is suspicious
CREATE VIEW IF NOT EXISTS finding_keys AS
  SELECT DISTINCT f.source, m.member FROM findings f JOIN finding_members m ON m.finding = f.id;
`
