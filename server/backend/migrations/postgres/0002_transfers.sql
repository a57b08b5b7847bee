-- Points move between wallets too.

ALTER TABLE account ADD COLUMN merged_into UUID;
CREATE INDEX account_merged_into ON account (merged_into) WHERE merged_into IS NOT NULL;

ALTER TABLE entry DROP CONSTRAINT entry_kind_check;
ALTER TABLE entry ADD CONSTRAINT entry_kind_check
    CHECK (kind IN ('earn', 'return', 'undo', 'hold', 'post', 'void', 'expire', 'unexpire', 'transfer'));
ALTER TABLE entry DROP CONSTRAINT entry_cause_check;
ALTER TABLE entry ADD CONSTRAINT entry_cause_check
    CHECK (cause IN ('order', 'course', 'redemption', 'expiry', 'transfer', 'merge'));
ALTER TABLE entry ADD COLUMN earned_on INTEGER;
ALTER TABLE entry ADD CHECK ((kind = 'transfer') = (earned_on IS NOT NULL));
ALTER TABLE entry ADD CHECK (kind <> 'transfer' OR status_points = 0);

CREATE INDEX entry_transfer ON entry (cause, cause_ref) WHERE kind = 'transfer';

-- Why these too: TRUNCATE asks no trigger of a row.
CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER lot_no_truncate BEFORE TRUNCATE ON lot FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
