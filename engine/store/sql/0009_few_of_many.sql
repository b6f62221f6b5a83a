-- Lists of what few tickets are or have are found without the others: whose they are, for which post, overdue, closed.
-- Each of these indexes is written only when that changes; one over state or owner would be written at every step.

CREATE INDEX ticket_assignee ON ticket (site, assignee, opened DESC, ticket) WHERE assignee IS NOT NULL;
CREATE INDEX ticket_post ON ticket (site, post, opened DESC, ticket) WHERE post IS NOT NULL;
CREATE INDEX ticket_category ON ticket (site, category, opened DESC, ticket);
CREATE INDEX ticket_closed ON ticket (site, opened DESC, ticket) WHERE closed IS NOT NULL;
CREATE INDEX ticket_overdue ON ticket (site, ifnull(due, 9223372036854775807), ticket)
    WHERE closed IS NULL AND overdue > 0;
