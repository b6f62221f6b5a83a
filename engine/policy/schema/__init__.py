"""The grammar as pydantic models: what a file may say, read from text and told to editors."""
