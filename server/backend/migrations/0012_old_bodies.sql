-- Commands of long ago lose their body; this finds those that have one.
CREATE INDEX command_log_body ON command_log (at) WHERE body <> '';
