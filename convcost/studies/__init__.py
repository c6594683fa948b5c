"""Questions asked of the engine, one file a question. Results are numbers, never text."""
