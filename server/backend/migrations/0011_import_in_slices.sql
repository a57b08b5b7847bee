-- Orders of a file on their way into the ledger. A run is staged by one process and marked in one commit; from then on it
-- is applied whole, by whoever has the turn, in slices that each take their rows away.
CREATE TABLE import_run (
    number {number},
    state TEXT NOT NULL CHECK (state IN ('staging', 'marked', 'done')),
    -- The order in which runs were marked, and in which they are applied.
    place BIGINT,
    -- The file says which order a return returns; otherwise that stays as it was.
    names_returns BOOLEAN NOT NULL,
    -- When it was last worked on.
    touched_at BIGINT NOT NULL
);
CREATE INDEX import_run_marked ON import_run (place) WHERE state = 'marked';
-- `place`: the order in which rows are applied. `refused`: why a row could not be applied, as JSON; such rows stay.
CREATE TABLE import_row (
    run BIGINT NOT NULL REFERENCES import_run (number),
    place BIGINT NOT NULL,
    line BIGINT NOT NULL,
    order_ref TEXT NOT NULL,
    company_ref TEXT NOT NULL,
    member_ref TEXT,
    ordered_on INTEGER NOT NULL,
    quantity BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    returns_ref TEXT,
    refused TEXT,
    PRIMARY KEY (run, place)
) {compact};
-- Companies whose status is to be worked out when all rows of the run are applied.
CREATE TABLE import_company (
    run BIGINT NOT NULL REFERENCES import_run (number),
    company_id {uuid} NOT NULL REFERENCES company (id),
    PRIMARY KEY (run, company_id)
) {compact};
-- Who applies runs, until when unless renewed, and how many imports have been marked or applied so far.
CREATE TABLE import_turn (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    marked BIGINT NOT NULL,
    holder {uuid},
    until BIGINT NOT NULL
);
INSERT INTO import_turn (id, marked, until) VALUES (1, 0, 0);
