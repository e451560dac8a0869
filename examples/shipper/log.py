"""The lines of this container, on their way to the shipper."""

import logging
from logging.handlers import SysLogHandler

log = logging.getLogger("example")
log.setLevel(logging.INFO)
handler = SysLogHandler(address="/tmp/log.sock")
handler.append_nul = False
handler.ident = "example: "
log.addHandler(handler)
