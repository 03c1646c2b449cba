"""The manual of the meters: facts per model as data, a .toml each, with where they were read."""
