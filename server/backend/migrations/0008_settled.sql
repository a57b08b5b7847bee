-- What an open hold has drawn from which lot: it goes back there when the request is declined or taken back. Kept while
-- the hold is open; the entries alone say the same (`ledger prove` compares).
CREATE TABLE drawn (
    account_id {uuid} NOT NULL REFERENCES account (id),
    hold_id {uuid} NOT NULL REFERENCES entry (id),
    lot_id {uuid} NOT NULL REFERENCES entry (id),
    points BIGINT NOT NULL CHECK (points > 0),
    PRIMARY KEY (account_id, hold_id, lot_id)
) {compact};
-- The youngest day of a lot that was ever drawn from. Wallets that were settled before this column are settled once more
-- from all their entries.
ALTER TABLE account ADD COLUMN drawn_until INTEGER NOT NULL DEFAULT 2147483647;
UPDATE account SET drawn_until = -2147483648 WHERE moved_until = -2147483648;
-- Lots in the order in which they are spent.
CREATE INDEX lot_open ON lot (account_id, earned_on) WHERE remaining > 0;
CREATE INDEX lot_due ON lot (account_id, expires_on) WHERE remaining > 0;
-- A member's latest requests, and those under way.
DROP INDEX redemption_member;
CREATE INDEX redemption_member ON redemption (member_id, asked_at, id);
CREATE INDEX redemption_under_way ON redemption (member_id) WHERE step IN ('reserved', 'accepted', 'sent');
