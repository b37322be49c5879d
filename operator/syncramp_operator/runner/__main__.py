"""``python -m syncramp_operator.runner``: what a child of the operator and the container of a Job start."""

import sys

from syncramp_operator.runner.process import main

sys.exit(main())
