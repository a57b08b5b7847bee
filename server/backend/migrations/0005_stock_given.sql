-- The stock that the last file gave: a file that gives the same again leaves what is left of it alone.
ALTER TABLE reward ADD COLUMN stock_given BIGINT;
UPDATE reward SET stock_given = stock + (SELECT COUNT(*) FROM redemption
    WHERE reward_id = reward.id AND step NOT IN ('taken_back', 'declined'));
