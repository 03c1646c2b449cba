"""The embedded PostgreSQL server: a process of its own owns it, so that it ends after its last user, however that user ends.

Standard library only, and nothing of the rest of Kwartier: the owner of the server stays small. How users join and leave is in
`kwartier.store.postgres.server`. The folder HOME (DIR/pg) holds:

    users             locked shared by users, exclusively by a supervisor that stops
    gate              one process at a time looks for a supervisor, or starts one
    supervisor.lock   held as long as a supervisor lives
    server.lock       inherited by every process of the server: free if and only if none of them is left
    server.json       where the socket is, and whether the server is ready; written in place
    admin.password    of the cluster's superuser, 0600
    cluster/          the data; below /var/lib/kwartier where root may not make a user namespace (see `identity`)
    elsewhere         where, in that case
    server.log        what the server says: never a statement, never a value
"""
