"""What a test leaves behind, what its app raises unseen, and where it hangs: noted while it runs, told at its end."""
