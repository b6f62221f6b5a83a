-- Lists of open tickets stand by due, those without one last, so that a page begins where the one before it ended, and
-- tickets of which nobody is reminded any more are found without the others.

DROP INDEX ticket_due;
CREATE INDEX ticket_due ON ticket (site, ifnull(due, 9223372036854775807), ticket) WHERE closed IS NULL;
CREATE INDEX ticket_silent ON ticket (site, ifnull(due, 9223372036854775807), ticket) WHERE closed IS NULL AND silent;
