"""The way in: connections, meters, keys, people, contracts and permissions from files."""
