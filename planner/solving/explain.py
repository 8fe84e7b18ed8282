from planner.solution import Reason


def explain(problem, settings, watch):
    return ()


def unserved_reasons(problem, size, served):
    return ()
