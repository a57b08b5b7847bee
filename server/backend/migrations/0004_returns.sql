-- A return may name its order, and an entry the earning that it takes points back from.
ALTER TABLE orders ADD COLUMN returns_ref TEXT;
CREATE INDEX orders_returns ON orders (returns_ref) WHERE returns_ref IS NOT NULL;
ALTER TABLE entry ADD COLUMN takes_from {uuid} REFERENCES entry (id);
CREATE INDEX entry_takes_from ON entry (takes_from) WHERE takes_from IS NOT NULL;
