"""Evaluation of resource policies as AWS describes it: statements, principals, conditions.

`document` reads a policy, `principal` and `condition` decide whether a statement applies,
`evaluate` gives the verdict. Nothing here knows about moto or HTTP.
"""
