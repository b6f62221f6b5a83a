"""Who is let in, to do what, how fast: accounts, sessions, tokens, status links, and the log of all that."""
