#!/bin/sh
# Guess: an AsyncIOScheduler made at the top of a module, with jobs added there by its decorator, can be started and shut down
#   with each start of the app: shutdown() stops its timers.
# What happens: shutdown() also takes all jobs out of the store that it has by default, in memory. The next start() raises
#   nothing, and no job runs any more, on whichever event loop it is. Jobs that are added before each start do run.
# Seen with: APScheduler 3.11.3
# Why it matters: the app is started for the first test class with its jobs, and for all others without: a test of what a job
#   does passes alone and fails behind another class, or, if it looks that nothing happens, passes for no reason.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq apscheduler==3.11.3
cd "$folder"
cat > program.py <<'END'
import asyncio
import logging

from apscheduler.schedulers.asyncio import AsyncIOScheduler

logging.disable()  # a job that shutdown() interrupts is logged


class App:
    def __init__(self):
        self.scheduler = AsyncIOScheduler()
        self.runs = 0

    def add_job(self):
        self.scheduler.add_job(self.work, "interval", seconds=0.05)

    async def work(self):
        self.runs += 1

    async def serve(self, *, adds_job=False):
        self.runs = 0
        if adds_job:
            self.add_job()
        self.scheduler.start()
        jobs = len(self.scheduler.get_jobs())
        await asyncio.sleep(1)
        self.scheduler.shutdown()
        await asyncio.sleep(0.05)
        return f"{jobs} jobs, {'run' if self.runs > 1 else 'no runs'}"


async def twice(app, **options):
    return [await app.serve(**options) for _ in range(2)]


app = App()
app.add_job()
print("added once:", asyncio.run(twice(app)))
print("added at each start:", asyncio.run(twice(App(), adds_job=True)))
END
venv/bin/python program.py > seen
cat > expected <<'END'
added once: ['1 jobs, run', '0 jobs, no runs']
added at each start: ['1 jobs, run', '1 jobs, run']
END
diff expected seen
echo "APScheduler 3.11.3: as stated"
