"""The tests of fastapi_testing; their folders mirror the package."""

import logging

# The standard library's asynchronous test case has asyncio warn of each test that collects garbage, as slow.
logging.getLogger("asyncio").addFilter(lambda record: not record.getMessage().startswith("Executing <"))
