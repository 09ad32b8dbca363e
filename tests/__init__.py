"""The tests of fastapi_testing; their folders mirror the package."""
