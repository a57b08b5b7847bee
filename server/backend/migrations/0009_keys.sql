-- A retired key verifies nothing. Without it, passes of the key verify until they end.
ALTER TABLE signing_key ADD COLUMN retired_at BIGINT;
-- The secret from which the keys follow that open what a phone keeps for a member who is not signed in on it.
CREATE TABLE phone_secret (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    secret {bytes} NOT NULL,
    made_at BIGINT NOT NULL
);
