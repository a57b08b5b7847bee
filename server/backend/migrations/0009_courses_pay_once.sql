-- `edition`: the first version that asks the same; a pass of one of them is a pass of all. `pays_since`: the first of the
-- versions that pay a member once between them.
ALTER TABLE course_version ADD COLUMN edition BIGINT NOT NULL DEFAULT 0;
ALTER TABLE course_version ADD COLUMN pays_since BIGINT NOT NULL DEFAULT 0;
UPDATE course_version SET edition = version, pays_since = (SELECT MIN(other.version) FROM course_version AS other
    WHERE other.course_id = course_version.course_id);

CREATE TABLE course_payment (
    member_id {uuid} NOT NULL REFERENCES member (id),
    course_id {uuid} NOT NULL REFERENCES course (id),
    pays_since BIGINT NOT NULL,
    attempt_id {uuid} NOT NULL REFERENCES attempt (id),
    PRIMARY KEY (member_id, course_id, pays_since)
) {compact};
-- Until now each version paid once: of those, the first one counts.
INSERT INTO course_payment (member_id, course_id, pays_since, attempt_id)
    SELECT member_id, course_pass.course_id, pays_since, attempt_id FROM course_pass
    JOIN course_version ON course_version.course_id = course_pass.course_id AND course_version.version = course_pass.version
    JOIN entry ON entry.command_id = attempt_id AND entry.cause = 'course' AND entry.kind = 'earn'
    WHERE TRUE ORDER BY member_id, course_pass.course_id, course_pass.version
    ON CONFLICT DO NOTHING;

-- Failed tries since the last pass, and when the last of them was made. Its row is locked while a quiz is marked.
CREATE TABLE quiz_tries (
    member_id {uuid} NOT NULL REFERENCES member (id),
    course_id {uuid} NOT NULL REFERENCES course (id),
    failed BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (member_id, course_id)
) {compact};
