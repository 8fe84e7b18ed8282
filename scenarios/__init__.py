"""A question about a place and its answer: scenario in, plan out.

:func:`scenarios.load.load_scenario` reads the question, :func:`scenarios.run.run` answers it and
:func:`scenarios.output.write_plan` writes the answer down.
"""
