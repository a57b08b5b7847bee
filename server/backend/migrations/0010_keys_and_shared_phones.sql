-- A retired key verifies nothing. Without it, passes of the key verify until they end.
ALTER TABLE signing_key ADD COLUMN retired_at BIGINT;
-- The secret from which the keys follow that open what a phone keeps for a member who is not signed in on it.
CREATE TABLE phone_secret (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    secret {bytes} NOT NULL,
    made_at BIGINT NOT NULL
);
-- A phone number may belong to several members: a shop's phone. SQLite cannot take `UNIQUE` from a column, so that the old
-- one makes room; it is empty, and goes with a later release.
ALTER TABLE member RENAME COLUMN phone TO phone_of_one;
ALTER TABLE member ADD COLUMN phone TEXT;
UPDATE member SET phone = phone_of_one, phone_of_one = NULL;
CREATE INDEX member_phone ON member (phone);
-- When the code of such a number was right: then the member is asked for.
ALTER TABLE sign_in ADD COLUMN proven_at BIGINT;
