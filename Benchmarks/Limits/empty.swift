// Does nothing: what the start of a static Swift program takes.
