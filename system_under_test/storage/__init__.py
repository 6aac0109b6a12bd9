"""The database: schema, connections, transactions, and what its errors mean."""
