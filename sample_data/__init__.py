"""What the demo and the tests load: users, configurations, agents, grants, messages, in plain files.

`load()` reads the files beside this module, or those of a folder that is a changed copy of it.
"""

from __future__ import annotations

from sample_data.loader import load
from sample_data.values import SampleData, SampleDataError

__all__ = ["SampleData", "SampleDataError", "load"]
