"""A job: it does its part, and ends."""

import os
import sys

from log import log

part = int(os.environ.get("CLOUD_RUN_TASK_INDEX", "0"))
total = sum(range(part * 1000, (part + 1) * 1000))
log.info("part %d: the sum is %d", part, total)
sys.exit(int(os.environ.get("TASK_EXIT", "0")))
