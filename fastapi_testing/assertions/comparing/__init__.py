"""What is the same and what is not: documents, status codes, texts and media types; nothing is rendered here."""
