-- A retired key verifies nothing. Without it, passes of the key verify until they end.
ALTER TABLE signing_key ADD COLUMN retired_at BIGINT;
-- The secret from which the keys follow that open what a phone keeps for a member who is not signed in on it.
CREATE TABLE phone_secret (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    secret {bytes} NOT NULL,
    made_at BIGINT NOT NULL
);
-- A phone number may belong to several members: a shop's phone. `phone`, which is unique, is read by servers of before
-- alone; it is emptied with a member's next change.
ALTER TABLE member ADD COLUMN mobile TEXT;
UPDATE member SET mobile = phone;
CREATE INDEX member_mobile ON member (mobile);
-- When the code of such a number was right: then the member is asked for.
ALTER TABLE sign_in ADD COLUMN proven_at BIGINT;
