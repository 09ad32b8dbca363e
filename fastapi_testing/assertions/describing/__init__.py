"""Responses and what lies behind them, as text for a reader; nothing is compared here."""
