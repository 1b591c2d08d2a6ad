// The audit log in the register. SQLite itself refuses to change or remove an entry, also by REPLACE, and to leave out a number.
export const auditTables = `
CREATE TABLE IF NOT EXISTS audit (
  number INTEGER PRIMARY KEY, action TEXT NOT NULL, entry TEXT NOT NULL, hash BLOB NOT NULL, signature BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS audit_by_action ON audit (action, number);
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
  BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_shortened BEFORE DELETE ON audit
  BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_has_no_gap BEFORE INSERT ON audit
  WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit)
  BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
`
