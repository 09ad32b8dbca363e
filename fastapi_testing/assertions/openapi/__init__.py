"""What a test can claim of an app's OpenAPI description."""
