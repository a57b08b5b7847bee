-- Points move between wallets too.
--
-- Why the table is made anew: SQLite cannot change a CHECK. Its rows go back in under their own numbers, and the
-- references to them are looked at when all is done.
PRAGMA defer_foreign_keys = ON;

ALTER TABLE account ADD COLUMN merged_into BLOB;
CREATE INDEX account_merged_into ON account (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE entry_before AS SELECT * FROM entry;
DROP TABLE entry;

CREATE TABLE entry (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    on_day INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('earn', 'return', 'undo', 'hold', 'post', 'void', 'expire', 'unexpire', 'transfer')),
    from_account BLOB NOT NULL REFERENCES account (id),
    to_account BLOB NOT NULL REFERENCES account (id),
    points BIGINT NOT NULL CHECK (points > 0),
    company_id BLOB REFERENCES company (id),
    status_points BIGINT NOT NULL DEFAULT 0,
    cause TEXT NOT NULL CHECK (cause IN ('order', 'course', 'redemption', 'expiry', 'transfer', 'merge')),
    cause_ref TEXT NOT NULL,
    title TEXT,
    rule BIGINT,
    command_id BLOB,
    reverses BLOB REFERENCES entry (id),
    expires_on INTEGER,
    earned_on INTEGER,
    CHECK (from_account <> to_account),
    CHECK ((kind = 'transfer') = (earned_on IS NOT NULL)),
    CHECK (kind <> 'transfer' OR status_points = 0)
);

INSERT INTO entry (number, id, at, on_day, kind, from_account, to_account, points, company_id, status_points, cause,
    cause_ref, title, rule, command_id, reverses, expires_on)
SELECT number, id, at, on_day, kind, from_account, to_account, points, company_id, status_points, cause,
    cause_ref, title, rule, command_id, reverses, expires_on
FROM entry_before ORDER BY number;
DROP TABLE entry_before;

-- Why partial: wallets are looked up, the issuer and what is spent or expired never are.
CREATE INDEX entry_from ON entry (from_account, on_day) WHERE kind <> 'earn';
CREATE INDEX entry_to ON entry (to_account, on_day) WHERE kind <> 'expire';
CREATE INDEX entry_company ON entry (company_id, on_day) WHERE company_id IS NOT NULL;
CREATE UNIQUE INDEX entry_reverses ON entry (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX entry_transfer ON entry (cause, cause_ref) WHERE kind = 'transfer';

CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: book a reversal'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: book a reversal'); END;

-- Why these too: INSERT OR REPLACE removes the row that stands in its way without asking the triggers above.
CREATE TRIGGER entry_no_replace BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM entry WHERE number = NEW.number) OR EXISTS (SELECT 1 FROM entry WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM entry WHERE reverses = NEW.reverses)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: book a reversal'); END;
CREATE TRIGGER lot_no_replace BEFORE INSERT ON lot
WHEN EXISTS (SELECT 1 FROM lot WHERE entry_id = NEW.entry_id)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: book a reversal'); END;
