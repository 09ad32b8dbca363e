"""How long what goes wrong takes, and that everything works again afterwards."""
