"""How the tables of one version become those of the next, and back: Alembic's revisions.

Revision `0002` makes of a register of version 1 one of version 2. `schema_version` says which a
register is; Alembic's own table would say the same a second time and is not kept. A revision
stands as it was released: it declares its tables itself and takes nothing from
`pki.register.tables`, which are those of today. Guards are not its business:
`pki.register.upgrade` takes them away before and lays today's after, `LEFT` names those of an older
version to which a register goes back.
"""
