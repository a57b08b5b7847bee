-- What a company earned is read from the index alone. Why: its entries lie where they were written, each on another page,
-- and with a million members most pages are on the disk.
DROP INDEX entry_company;
CREATE INDEX entry_company ON entry (company_id, on_day, status_points) WHERE company_id IS NOT NULL;
