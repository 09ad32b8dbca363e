"""What is sent to a database: which kind of statement, by whom, and how many."""
