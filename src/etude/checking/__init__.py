"""The examiner: whether a learner's own layer, network or training step is right, and if not, why.

    source -> build -> trace -> fit (against a program) -> verdict

A role is a file under roles/: what it builds, what it feeds, and the checks in the order in which
their word is believed.
"""
