-- The tier that a company's members were last told of, and the warning of a fall that they were last given.
ALTER TABLE company ADD COLUMN told_tier TEXT NOT NULL DEFAULT '';
UPDATE company SET told_tier = tier;
ALTER TABLE company ADD COLUMN warned_of INTEGER;
ALTER TABLE company ADD COLUMN warned_days INTEGER;
