-- Who is no member of a detection any more is found by the ticket: each that is closed without an outcome leaves, and
-- looked through all openings of the site.
CREATE INDEX membership_ticket ON membership (site, ticket);
