"""`python -m tarn_emulator`: start the emulator and serve until told to stop."""

from __future__ import annotations

import os
import sys

from tarn_emulator.launcher import main

code = main()
sys.stdout.flush()
sys.stderr.flush()
# Everything that had to be ended has ended. Freeing a whole AWS account object by object, as a
# normal end of the interpreter does, would only keep the caller waiting for seconds.
os._exit(code)
