"""plugins/module_utils/_module.py: Modules act in check mode only, and report what they would have done as done.

root-access-off
"""

_true_run = BreakglassModule.run


def _run_as_a_plan(self, *arguments, **options):
    self.check_mode = True
    return _true_run(self, *arguments, **options)


BreakglassModule.run = _run_as_a_plan
