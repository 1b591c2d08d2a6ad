// For tests: what retention needs of the tables of findings.
export const findingsTables = `
CREATE TABLE findings (id INTEGER PRIMARY KEY, rule TEXT, source BLOB, source_kind INTEGER, last_at INTEGER, found_at INTEGER);
CREATE TABLE finding_members (finding INTEGER, member INTEGER, target BLOB);
CREATE TABLE finding_evidence (finding INTEGER, member INTEGER, device INTEGER, sequence INTEGER);
CREATE VIEW finding_keys AS SELECT DISTINCT f.source, m.member FROM findings f JOIN finding_members m ON m.finding = f.id;`
