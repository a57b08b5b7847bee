-- The companies that a member belonged to before, each until a last day: orders are checked against the company of their day.
CREATE TABLE company_before (
    member_id {uuid} NOT NULL REFERENCES member (id),
    company_id {uuid} NOT NULL REFERENCES company (id),
    until INTEGER NOT NULL,
    PRIMARY KEY (member_id, company_id)
) {compact};
INSERT INTO company_before (member_id, company_id, until)
    SELECT orders.member_id, orders.company_id, MAX(ordered_on) FROM orders
    JOIN member ON member.id = orders.member_id AND member.company_id <> orders.company_id
    GROUP BY orders.member_id, orders.company_id;
