-- A text that was changed under its revision is found. What was written before this is taken as it stands now.
ALTER TABLE revision ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
UPDATE revision SET hash = hash_of(site, number, version, at, by, why, files);
