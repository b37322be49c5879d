"""``python -m syncramp_operator.runner``: what a child of the operator and the container of a Job start."""

from syncramp.process import begin, leave

if __name__ == "__main__":
    begin()
    from syncramp_operator.runner.process import keep_quiet, main

    keep_quiet()
    leave(main())
