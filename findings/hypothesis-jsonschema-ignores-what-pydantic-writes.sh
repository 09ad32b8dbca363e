#!/bin/sh
# Guess: from_schema() makes values that fit the JSON Schema which Pydantic writes: UUIDs for format uuid, a pair for
#   a tuple.
# What happens: it knows the drafts up to 7. The prefixItems of a tuple (draft 2020-12) and the formats uuid and
#   duration are passed over without a warning: of 50 values each none is valid. date-time is known.
# Seen with: hypothesis-jsonschema 0.23.1, hypothesis 6.170.17, pydantic 2.14.4
# Why it matters: a property test that posts such bodies sees 422 each time and never reaches the endpoint; as 422 is
#   a documented answer, it passes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq hypothesis-jsonschema==0.23.1 hypothesis==6.170.17 pydantic==2.14.4
cd "$folder"
cat > program.py <<'END'
import datetime
import uuid

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis_jsonschema import from_schema
from pydantic import TypeAdapter, ValidationError

for kind in (datetime.datetime, uuid.UUID, datetime.timedelta, tuple[int, str]):
    adapter = TypeAdapter(kind)
    schema = adapter.json_schema()
    valid = []

    @settings(
        max_examples=50, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(from_schema(schema))
    def check(value):
        try:
            adapter.validate_python(value)
        except ValidationError:
            valid.append(False)
        else:
            valid.append(True)

    check()
    print(schema.get("format", "prefixItems"), "all" if all(valid) else "some" if any(valid) else "none", "valid")
END
venv/bin/python program.py > seen
cat > expected <<'END'
date-time all valid
uuid none valid
duration none valid
prefixItems none valid
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
