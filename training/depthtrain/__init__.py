"""depthtrain: from drive folders to a depth model bundle.

Holds data reading, networks, losses, training, evaluation and export. Knows nothing of the daemon; the bundle folder
(docs/bundle.md) is the only thing the two share.
"""

__version__ = "1.0.0"
