"""``python -m syncramp_operator.runner``: what a child of the operator and the container of a Job start."""

import sys

from syncramp_operator.runner.process import keep_quiet, main

keep_quiet()
sys.exit(main())
