-- A member leaves on a day (the first one without access), and has left once `ended_at` is set. `ended_by`: a column of
-- the members file, a complete file that lacks the member, or a person at the command line.
ALTER TABLE member ADD COLUMN left_on INTEGER;
ALTER TABLE member ADD COLUMN ended_at BIGINT;
ALTER TABLE member ADD COLUMN ended_by TEXT CHECK (ended_by IN ('file', 'missing', 'hand'));
-- True where the member chose the language in the app: files then leave it alone.
ALTER TABLE member ADD COLUMN language_chosen BOOLEAN NOT NULL DEFAULT FALSE;
-- True for a company known from orders alone. Until now that was told from its name, which a file may also give.
ALTER TABLE company ADD COLUMN bare BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE company SET bare = TRUE WHERE name = ref AND town = '' AND advisor_id IS NULL;
